"""A federation through its pages: founded in steps, joined, left; a run proposed; who sees what of whom."""

import re
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from app.clock import now
from app.federations import queries
from app.federations.states import FederationState, MembershipState
from app.ids import new_id
from app.institutions.models import Institution
from app.releases.models import Release
from app.runs import queries as runs
from tests.runs.world import POLICY, SHEET, set_policy
from tests.web.browsing import send
from tests.web.populated import Populated

TERMS: dict[str, str | list[str]] = {
    "quorum": "3",
    "minimum_sites": "2",
    "minimum_cohort": "4",
    "minimum_cell": "12",
    "leaves": ["updates", "class_reports"],
}
ROUNDS = {
    "rounds": "7",
    "deadline_s": "1200",
    "evaluate_every": "2",
    "approval_days": "5",
    "epochs": "2",
    "batch": "16",
    "lr": "0,01",
}
MODEL = {
    "text_model": "",
    "width": "16",
    "layers": "2",
    "heads": "4",
    "dropout": "0.2",
    "rank": "4",
    "adapter_layers": "1",
}
QUESTIONS = {
    "name": "final-mark",
    "target": "How many points will the final mark have?",
    "purpose": "early-support",
    "kind": "regression",
    "label": "mark",
    "labels": "",
    "unit": "points",
    "cutoff_day": "42",
    "inputs": "hours; number; hours a week; 4,5; 2\nprogramme; list; arts, technical\nessay; text",
    "metric": "rmse",
    "simple_rule": "hours",
    "minimum_records": "30",
}


def keep(client: TestClient, path: str, **fields: Any) -> Response:
    """A step of a draft, with the revision its page carries."""
    found = re.search(r'name="revision" value="(\d+)"', client.get(path).text)
    assert found, path
    return send(client, path, revision=found.group(1), **fields)


def founded(client: TestClient) -> str:
    answer = send(client, "/federations/new", name="North", purpose="To see who needs support.")
    assert answer.status_code == 303
    return answer.headers["location"].removesuffix("/task")


def test_founded_in_seven_steps(hub: Populated) -> None:
    client = hub.client("administrator")
    edit = founded(client)
    identity = edit.split("/")[2]
    assert send(client, f"{edit}/task", document=SHEET.model_dump_json()).status_code == 303
    assert send(client, f"{edit}/sheet", **QUESTIONS).status_code == 303
    assert keep(client, f"{edit}/model", **MODEL).headers["location"].startswith(f"{edit}/rounds")
    assert keep(client, f"{edit}/rounds", **ROUNDS).headers["location"].startswith(f"{edit}/terms")
    assert keep(client, f"{edit}/terms", **TERMS).status_code == 303
    agreement = "We train one model together and nobody asks for a record."
    last = keep(client, f"{edit}/agreement", agreement=agreement)
    page = client.get(last.headers["location"]).text
    for said in ("12 students behind it", "20 minutes", "Whether the student passes", agreement):
        assert said in page
    opened = send(client, f"/federations/{identity}/open")
    assert opened.headers["location"] == f"/federations/{identity}?done=opened"

    with hub.world.hub.db.reading() as session:
        row = queries.by_id(session, identity)
        assert row is not None and row.state is FederationState.OPEN
        terms, model = queries.terms(row), queries.model(row)
        sheets = {s.name: s for s in queries.documents(session, identity)}
        (member,) = queries.members(session, row)
    assert (terms.rounds, terms.deadline_s, terms.quorum, terms.minimum_cohort) == (7, 1200, 3, 4)
    assert terms.leaves == ("updates", "class_reports")
    assert (terms.training.epochs, terms.training.lr) == (2, 0.01)
    assert (model.width, model.dropout, model.rank, model.text) == (16, 0.2, 4, None)
    assert sheets["pass"] == SHEET
    asked = sheets["final-mark"]
    assert [i.kind for i in asked.inputs] == ["numeric", "categorical", "text"]
    assert (asked.inputs[0].mean, asked.inputs[0].sd, asked.inputs[0].unit) == (
        4.5,
        2.0,
        "hours a week",
    )
    assert asked.inputs[1].values == ("arts", "technical")
    assert member.institution.id == hub.world.lead.institution
    assert member.membership.state is MembershipState.ACTIVE


@pytest.mark.parametrize(
    ("step", "fields", "wrong"),
    [
        ("model", MODEL | {"width": "18"}, "width"),
        ("model", MODEL | {"text_model": "f" * 64}, "text_model"),
        ("rounds", ROUNDS | {"rounds": "501"}, "rounds"),
        ("rounds", ROUNDS | {"lr": "0"}, "lr"),
        ("rounds", ROUNDS | {"deadline_s": "soon"}, "deadline_s"),
        ("terms", TERMS | {"minimum_cell": "4"}, "minimum_cell"),
        ("terms", TERMS | {"minimum_sites": "9"}, "minimum_sites"),
        ("terms", TERMS | {"leaves": ["metrics"]}, "leaves"),
        ("agreement", {"agreement": "Too short."}, "agreement"),
        ("purpose", {"name": "North", "purpose": "Short."}, "purpose"),
        ("purpose", {"name": "Early support", "purpose": "To see who needs support."}, "name"),
    ],
)
def test_a_mistake_in_a_step_keeps_what_was_typed(
    hub: Populated, step: str, fields: dict[str, Any], wrong: str
) -> None:
    client = hub.client("administrator")
    edit = f"/federations/{hub.ids['draft_federation']}/edit"
    answer = keep(client, f"{edit}/{step}", **fields)
    assert answer.status_code == 422
    assert f'href="#f-{wrong}"' in answer.text
    assert f'id="e-{wrong}"' in answer.text
    for name, value in fields.items():
        if name in ("text_model", "leaves"):
            continue
        kept = value if name in ("agreement", "purpose") else f'name="{name}" value="{value}"'
        assert kept in answer.text, name


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"name": "Final Mark"}, "name"),
        ({"target": "Mark?"}, "target"),
        ({"inputs": "hours; number; h; many"}, "inputs"),
        ({"inputs": "hours; photo"}, "inputs"),
        ({"label": "hours"}, "label"),
        ({"kind": "binary"}, "labels"),
        ({"metric": "auc"}, "metric"),
        ({"simple_rule": "shoe_size"}, "simple_rule"),
        ({"minimum_records": "few"}, "minimum_records"),
    ],
)
def test_a_mistake_in_a_task_sheet(hub: Populated, change: dict[str, str], wrong: str) -> None:
    client = hub.client("administrator")
    path = f"/federations/{hub.ids['draft_federation']}/edit/sheet"
    answer = send(client, path, **(QUESTIONS | change))
    assert answer.status_code == 422
    assert f'id="e-{wrong}"' in answer.text
    assert 'name="unit" value="points"' in answer.text


def test_a_pasted_sheet_that_is_none(hub: Populated) -> None:
    client = hub.client("administrator")
    path = f"/federations/{hub.ids['draft_federation']}/edit/task"
    for text in ("not json", '{"name": "pass"}', SHEET.model_dump_json()[:-2]):
        answer = send(client, path, document=text)
        assert answer.status_code == 422
        assert "This is not a task sheet" in answer.text


def test_a_sheet_can_be_taken_out_again(hub: Populated) -> None:
    client = hub.client("administrator")
    edit = f"/federations/{hub.ids['draft_federation']}/edit"
    send(client, f"{edit}/task", document=SHEET.model_dump_json())
    assert SHEET.target in client.get(f"{edit}/task").text
    assert send(client, f"{edit}/remove", name="pass").status_code == 303
    assert SHEET.target not in client.get(f"{edit}/task").text


def test_two_people_save_the_same_step(hub: Populated) -> None:
    """The second one is shown what the first one saved, keeps the typed answers, and may save again."""
    client = hub.client("administrator")
    path = f"/federations/{hub.ids['draft_federation']}/edit/rounds"
    found = re.search(r'name="revision" value="(\d+)"', client.get(path).text)
    assert found
    assert send(client, path, revision=found.group(1), **ROUNDS).status_code == 303
    mine = ROUNDS | {"rounds": "9"}
    late = send(client, path, revision=found.group(1), **mine)
    assert late.status_code == 409
    assert "Their version" in late.text and "at most 7 a run" in late.text
    assert 'name="rounds" value="9"' in late.text
    again = re.search(r'name="revision" value="(\d+)"', late.text)
    assert again and send(client, path, revision=again.group(1), **mine).status_code == 303


def test_an_open_federation_is_no_draft(hub: Populated) -> None:
    path = f"/federations/{hub.ids['federation_id']}/edit/terms"
    assert hub.client("administrator").get(path).status_code == 409


def test_invited_read_accept(hub: Populated) -> None:
    lead, guest = hub.client("administrator"), hub.client("stranger")
    (outside,) = hub.world.stranger.institutions
    path = f"/federations/{hub.ids['federation_id']}"
    assert guest.get(path).status_code == 404
    assert send(lead, f"{path}/members/invite", institution=outside).status_code == 303
    listed = guest.get("/federations").text
    assert "Invitations" in listed and "School 0 invites you." in listed
    page = guest.get(f"{path}/join").text
    assert "You are invited." in page and "has no policy in force" in page
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', page)
    assert digest
    old = send(guest, f"{path}/accept", institution=outside, digest="0" * 64)
    assert old.status_code == 409
    done = send(guest, f"{path}/accept", institution=outside, digest=digest.group(1))
    assert done.headers["location"].startswith(path)
    assert "Elsewhere" in lead.get(path).text
    assert "invites you" not in guest.get("/federations").text


def test_asked_and_declined(hub: Populated) -> None:
    lead, guest = hub.client("administrator"), hub.client("stranger")
    (outside,) = hub.world.stranger.institutions
    path = f"/federations/{hub.ids['federation_id']}"
    assert send(guest, f"{path}/request", institution=outside).status_code == 303
    assert "Let Elsewhere in" in lead.get(path).text
    answer = send(lead, f"{path}/members/invite", institution=outside, decline="1")
    assert answer.status_code == 303
    assert state_of(hub, outside) is MembershipState.DECLINED


def test_nobody_acts_for_another_institution(hub: Populated) -> None:
    """The hidden field says for whom; only one's own institutions count."""
    path = f"/federations/{hub.ids['federation_id']}"
    lead = hub.world.lead.institution
    answer = send(hub.client("member"), f"{path}/leave", institution=lead)
    assert answer.status_code == 403
    assert state_of(hub, lead) is MembershipState.ACTIVE


def test_left(hub: Populated) -> None:
    member, path = hub.client("member"), f"/federations/{hub.ids['federation_id']}"
    own = hub.world.members[1].institution
    page = member.get(f"{path}/leave").text
    assert "Past releases keep what they learnt from you." in page
    assert send(member, f"{path}/leave", institution=own).status_code == 303
    assert state_of(hub, own) is MembershipState.LEFT
    assert member.get(path).status_code == 404
    refused = hub.client("administrator").get(f"{path}/leave").text
    assert "The lead cannot leave its own federation." in refused


def state_of(hub: Populated, institution: str) -> MembershipState:
    with hub.world.hub.db.reading() as session:
        row = queries.membership(session, hub.ids["federation_id"], institution)
        assert row is not None
        return row.state


def test_rules_of_others_stay_hidden(hub: Populated) -> None:
    """A member's page says yes or no about others; the lead's names the rule; nobody else's detail is shown."""
    refusing = hub.world.members[2]
    with hub.world.hub.db.session() as session:
        set_policy(session, refusing, POLICY.model_copy(update={"protections": ("noise",)}))
    path = f"/federations/{hub.ids['federation_id']}/compatibility"
    lead, other = hub.client("administrator").get(path).text, hub.client("member").get(path).text
    assert "Three members could take part" in other
    assert "does not have yet" in lead
    assert "does not have yet" not in other and "noise" not in other


def test_the_lead_is_named_with_a_contact(made: Populated) -> None:
    page = made.client("member").get(f"/federations/{made.ids['federation_id']}").text
    assert "administrator@school0.example" in page


def test_the_task_in_words(made: Populated) -> None:
    page = made.client("member").get(f"/federations/{made.ids['federation_id']}/task").text
    for said in (SHEET.target, "hours", "clicks", "AUC"):
        assert said in page


def test_a_run_is_proposed(hub: Populated) -> None:
    client, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}/runs/new"
    page = client.get(path).text
    assert "Four members could take part." in page
    fields = {
        "sheets": "pass",
        "rounds": "2",
        "quorum": "3",
        "deadline_s": "60",
        "evaluate_every": "1",
        "seed": "5",
    }
    answer = send(client, path, **fields)
    run_id = answer.headers["location"].split("/")[2].split("?")[0]
    with hub.world.hub.db.reading() as session:
        run = runs.by_id(session, run_id)
        assert run is not None
        plan = runs.plan_of(run)
    assert (plan.rounds, plan.quorum, plan.deadline_s, plan.seed) == (2, 3, 60, 5)
    for change, wrong in (({"rounds": "4"}, "rounds"), ({"quorum": "1"}, "quorum")):
        more = send(client, path, **(fields | change))
        assert more.status_code == 422
        assert f'id="e-{wrong}"' in more.text
    none = send(client, path, **{k: v for k, v in fields.items() if k != "sheets"})
    assert none.status_code == 422 and 'id="e-sheets"' in none.text


def test_why_no_run_could_open(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        for member in hub.world.members[1:]:
            set_policy(session, member, POLICY.model_copy(update={"modalities": ("text",)}))
    path = f"/federations/{hub.ids['federation_id']}/runs/new"
    page = hub.client("administrator").get(path).text
    assert "A run needs 2 independent institutions, and 1 allow it now." in page


def test_an_unverified_institution_founds_nothing(hub: Populated) -> None:
    from app.institutions.states import InstitutionState

    with hub.world.hub.db.session() as session:
        (outside,) = hub.world.stranger.institutions
        session.get_one(Institution, outside).state = InstitutionState.SUSPENDED
    client = hub.client("stranger")
    assert "suspended you" in client.get("/federations/new").text
    answer = send(client, "/federations/new", name="North", purpose="To see who needs support.")
    assert answer.status_code == 409


def test_rolled_back_by_the_lead(hub: Populated) -> None:
    """An older release is in use again; the sites get the word."""
    with hub.world.hub.db.session() as session:
        current = session.get_one(Release, hub.ids["release_id"])
        current.current = False
        session.add(
            Release(
                id=new_id("release"),
                federation_id=current.federation_id,
                number=2,
                run_id=hub.ids["run_id"],
                modules=current.modules,
                current=True,
                created=now(),
            )
        )
    path = f"/federations/{hub.ids['federation_id']}/releases/{hub.ids['release_id']}"
    lead, member = hub.client("administrator"), hub.client("member")
    assert "Use this release again" in lead.get(path).text
    assert "Use this release again" not in member.get(path).text
    assert send(lead, f"{path}/roll-back").status_code == 303
    assert "Release 1 is in use" in member.get(path.rsplit("/", 1)[0]).text
