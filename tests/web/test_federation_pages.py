"""A federation through its pages: joined, left; a run proposed; a release rolled back; who sees what of whom."""

import re
from datetime import timedelta

from app.clock import now
from app.federations import fits, queries
from app.federations.states import MembershipState
from app.ids import new_id
from app.institutions.models import Institution
from app.releases.models import Release
from app.runs import queries as runs
from app.runs.models import Round
from app.sites.models import Site
from tests.runs.world import POLICY, SHEET, set_policy
from tests.web.browsing import send
from tests.web.populated import Populated
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness
from worker.protocol.kept import WHOLE, KeptRows
from worker.protocol.messages import FitReport, SheetFit


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


def test_our_records_against_the_sheets(hub: Populated) -> None:
    """Before a site has told: the command. After: what is there, what lacks, what to do; to its own people only."""
    federation, lead = hub.ids["federation_id"], hub.world.members[0]
    client, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}"
    for page in ("join", "task"):
        text = client.get(f"{path}/{page}").text
        assert f"collegium-site data fit {federation}" in text
        assert "not told yet" in text
    absent = SheetFit(sheet=digest_of(SHEET), fitness=Fitness.FITS, absent=("clicks",))
    with hub.world.hub.db.session() as session:
        site = session.get_one(Site, lead.site)
        fits.receive(session, site, FitReport(federation=federation, fits=(absent,)))
    text = client.get(f"{path}/join").text
    assert "The records fit." in text
    assert "inputs are there. Not there: clicks." in text
    assert "Not there: clicks." not in hub.client("member").get(f"{path}/join").text


def test_asked_and_declined(hub: Populated) -> None:
    lead, guest = hub.client("administrator"), hub.client("stranger")
    (outside,) = hub.world.stranger.institutions
    path = f"/federations/{hub.ids['federation_id']}"
    assert send(guest, f"{path}/request", institution=outside).status_code == 303
    page = lead.get(path).text
    assert "Let it in" in page
    assert '<span class="visually-hidden">: Elsewhere</span>' in page
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


def test_closed(hub: Populated) -> None:
    """The lead cannot leave what it leads: it closes it, for good."""
    lead, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}"
    assert "Leave or close this federation" in lead.get(path).text
    page = lead.get(f"{path}/leave").text
    assert "Hand the lead over to another member, then leave" in page
    assert f'action="{path}/leave"' not in page
    assert send(lead, f"{path}/close").status_code == 303
    assert "Propose a run" not in lead.get(path).text


def test_the_lead_is_handed_over(hub: Populated) -> None:
    """Offered to a member, found there on its home page, accepted; a third member sees nothing of the offer."""
    path = f"/federations/{hub.ids['federation_id']}"
    lead, member = hub.client("administrator"), hub.client("member")
    to = hub.world.members[1].institution
    assert "only the institution that leads it" in member.get(f"{path}/lead").text.casefold()
    assert send(lead, f"{path}/lead/offer", institution=to).status_code == 303
    assert "Take the offer back" in lead.get(f"{path}/lead").text
    assert f'href="{path}/lead"' in member.get("/home").text
    assert "Take over the lead" in member.get(f"{path}/lead").text
    assert send(member, f"{path}/lead/accept").status_code == 303
    assert "School 1 leads it." in lead.get(f"{path}/lead").text
    assert "Propose a run" in member.get(path).text
    assert "Propose a run" not in lead.get(path).text
    own = hub.world.lead.institution
    assert send(lead, f"{path}/leave", institution=own).status_code == 303


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
        "deadline_min": "1",
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


def test_hours_against_the_deadline_before_proposing(hub: Populated) -> None:
    """Sites that took 500 days cannot answer in minutes; another time can be looked at without proposing."""
    client, path = hub.client("administrator"), f"/federations/{hub.ids['federation_id']}/runs/new"
    assert "can never answer" not in client.get(path).text
    with hub.world.hub.db.session() as session:
        site = session.get_one(Site, hub.world.members[1].site)
        window = {"hours_from": "03:00", "hours_to": "03:01", "time_zone": "Asia/Tokyo"}
        site.readiness = {**site.readiness, **window}
        for round_ in session.query(Round):
            round_.opened = round_.opened - timedelta(days=500)
    page = client.get(path).text
    assert "Four sites can never answer in time" in page
    assert "03:00 to 03:01 (Asia/Tokyo)" in page
    assert "about " in page and "in all" in page
    looked = client.get(f"{path}?try_deadline_min=1440&try_rounds=1").text
    assert "A round of 24 hours" in looked
    assert 'name="deadline_min" value="1440"' in looked
    assert client.get(f"{path}?try_deadline_min=soon").status_code == 200


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
    assert answer.status_code == 403


def second_release(hub: Populated) -> str:
    """Of the run that is still going: enough for pages. Its fusion part is another one."""
    with hub.world.hub.db.session() as session:
        current = session.get_one(Release, hub.ids["release_id"])
        current.current = False
        session.add(
            Release(
                id=(made := new_id("release")),
                federation_id=current.federation_id,
                number=2,
                run_id=hub.ids["run_id"],
                modules=current.modules | {"fusion": "f" * 64},
                current=True,
                created=now(),
            )
        )
    return made


def test_rolled_back_by_the_lead(hub: Populated) -> None:
    """An older release is in use again; the sites get the word."""
    second_release(hub)
    path = f"/federations/{hub.ids['federation_id']}/releases/{hub.ids['release_id']}"
    lead, member = hub.client("administrator"), hub.client("member")
    assert "Use this release again" in lead.get(path).text
    assert "Use this release again" not in member.get(path).text
    assert send(lead, f"{path}/roll-back").status_code == 303
    assert "Release 1 is in use" in member.get(path.rsplit("/", 1)[0]).text


def test_two_releases_side_by_side(hub: Populated) -> None:
    base = f"/federations/{hub.ids['federation_id']}/releases"
    member = hub.client("member")
    assert "Compare two releases" not in member.get(base).text
    assert "there are not two to compare" in member.get(f"{base}/compare").text
    newer = second_release(hub)
    assert "Compare two releases" in member.get(base).text
    page = member.get(f"{base}/compare").text
    assert "Release 2 against release 1." in page
    for said in ("cannot be told apart", "changed", "the same"):
        assert said in page, said
    same = member.get(f"{base}/compare?old={newer}&new={newer}").text
    assert "Choose two different releases." in same
    assert member.get(f"{base}/compare?old=nothing&new=%00").status_code == 200


def test_a_release_can_be_taken_away(hub: Populated) -> None:
    path = f"/federations/{hub.ids['federation_id']}/releases/{hub.ids['release_id']}"
    assert "Take it with you" in hub.client("member").get(path).text
    assert "Take it with you" not in hub.client("reader").get(path).text
    answer = send(hub.client("member"), f"{path}/download")
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.content.startswith(b"PK")


def test_what_stays_with_sites_is_said_where_people_look(hub: Populated) -> None:
    """On the run's, the round's and the release's page."""
    rows = KeptRows(rows={"values.programme": ((2, 1), (4, 1))}).model_dump(mode="json")
    with hub.world.hub.db.session() as session:
        for state in runs.states_of_round(session, hub.ids["finished"], 2):
            state.kept = {"encoder/table": rows, "head/pass": WHOLE.model_dump()}.get(
                state.module, {}
            )
    client = hub.client("member")
    run, release = f"/runs/{hub.ids['finished']}", hub.ids["release_id"]
    for path in (
        run,
        f"{run}/rounds/2",
        f"/federations/{hub.ids['federation_id']}/releases/{release}",
    ):
        text = client.get(path).text
        assert "2 rows of encoder/table stay with the sites that train them." in text, path
        assert "head/pass stays with the sites that train it." in text, path
    assert "stay with" not in client.get(f"{run}/rounds/1").text
