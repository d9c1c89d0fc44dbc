"""A federation founded in seven steps: each saved, each with its mistakes, each against another person's save."""

import re
from typing import Any

import pytest
from httpx import Response
from starlette.testclient import TestClient

from app.federations import queries
from app.federations.states import FederationState, MembershipState
from tests.runs.world import SHEET
from tests.web.browsing import send
from tests.web.populated import Populated
from worker.protocol.manifest import Ranks
from worker.protocol.sound import heard
from worker.protocol.tasks import Input

TERMS: dict[str, str | list[str]] = {
    "quorum": "3",
    "minimum_sites": "2",
    "minimum_cohort": "4",
    "minimum_cell": "12",
    "leaves": ["updates", "class_reports"],
}
ROUNDS = {
    "rounds": "7",
    "deadline_min": "20",
    "evaluate_every": "2",
    "approval_days": "5",
    "epochs": "2",
    "batch": "16",
    "lr": "0,01",
    "half_life": "3,5",
    "step": "2",
    "average": "4",
    "mixup": "0,4",
    "tasks_weighed": "pcgrad",
    "personal": "chosen",
}
MODEL = {
    "text_model": "",
    "image_model": "",
    "audio_model": "",
    "width": "16",
    "layers": "2",
    "heads": "4",
    "dropout": "0.2",
    "rank": "4",
    "rank_small": "1",
    "rank_medium": "2",
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
    "inputs": "hours; number; hours a week; 4,5; 2\nprogramme; list; arts, technical\n"
    "essay; text\nanswer; text; essay\n"
    "reading; recording; -48; 17,5\nsketch; image\nsteps; events; page = start, exercise; seconds = number",
    "topic": "unit; fractions, angles",
    "groups": "first_in_family; yes, no",
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
    assert (terms.training.personal, terms.training.mixup) == ("chosen", 0.4)
    assert terms.training.tasks_weighed == "pcgrad"
    assert (terms.training.half_life, terms.training.step, terms.training.average) == (3.5, 2, 4)
    assert (model.width, model.dropout, model.rank, model.text) == (16, 0.2, 4, None)
    assert model.tiers == Ranks(small=1, medium=2, large=4)
    assert sheets["pass"] == SHEET
    asked = sheets["final-mark"]
    kinds = ["numeric", "categorical", "text", "text", "audio", "image", "events"]
    assert [i.kind for i in asked.inputs] == kinds
    assert (asked.inputs[2].beside, asked.inputs[3].beside) == (None, "essay")
    assert (asked.inputs[4].mean, asked.inputs[4].sd) == (-48.0, 17.5)
    assert [(c.name, c.kind) for c in asked.inputs[6].columns] == [
        ("page", "categorical"),
        ("seconds", "numeric"),
    ]
    assert asked.topic is not None and asked.topic.values == ("fractions", "angles")
    assert [group.name for group in asked.groups] == ["first_in_family"]
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
        ("rounds", ROUNDS | {"personal": "near"}, "personal"),
        ("rounds", ROUNDS | {"personal": "-1"}, "personal"),
        ("rounds", ROUNDS | {"tasks_weighed": "both"}, "tasks_weighed"),
        ("rounds", ROUNDS | {"deadline_min": "soon"}, "deadline_min"),
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
        if name in ("text_model", "image_model", "audio_model", "leaves", "personal"):
            continue
        if name == "tasks_weighed":
            assert ('value="pcgrad" checked' in answer.text) is (value == "pcgrad")
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
        ({"inputs": "hours; number\nsteps; events; page"}, "inputs"),
        ({"topic": "unit"}, "topic"),
        ({"groups": "hours; long, short"}, "groups"),
        ({"kind": "rubric", "metric": "mcrmse", "topic": "", "groups": ""}, "traits"),
        ({"kind": "next_answer", "metric": "auc", "topic": "", "groups": ""}, "inputs"),
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
    said = {
        "not json": "This is no JSON.",
        '{"name": "pass"}': "This is not a task sheet",
        SHEET.model_dump_json()[:-2]: "This is no JSON.",
    }
    for text, sentence in said.items():
        answer = send(client, path, document=text)
        assert answer.status_code == 422
        assert sentence in answer.text


def test_answering_the_questions_again_keeps_the_scale_of_recordings(hub: Populated) -> None:
    """The form has no question for these numbers; another level in the line is another input, which has none."""
    client = hub.client("administrator")
    edit = f"/federations/{hub.ids['draft_federation']}/edit"
    size = heard(40)
    sound = Input(
        name="recording",
        kind="audio",
        modality="audio",
        unit="dB",
        mean=-48,
        sd=17.5,
        means=(0.25,) * size,
        sds=(1.5,) * size,
    )
    sheet = SHEET.model_copy(update={"inputs": (sound,), "simple_rule": None})
    send(client, f"{edit}/task", document=sheet.model_dump_json())
    for levels, kept in (("-48; 17.5", sound.means), ("-40; 17.5", ())):
        lines = {"inputs": f"recording; recording; {levels}", "simple_rule": ""}
        typed = QUESTIONS | lines | {"name": sheet.name}
        assert send(client, f"{edit}/sheet", **typed).status_code == 303
        with hub.world.hub.db.reading() as session:
            found = queries.documents(session, hub.ids["draft_federation"])
        (again,) = (one for one in found if one.name == sheet.name)
        assert again.target == QUESTIONS["target"] and again.inputs[0].means == kept


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
