"""What pages tell of a withdrawn consent: the institution its requests, the lead that a member has one, no one else."""

from app.clock import now
from app.erasure import queries, service
from app.erasure.models import ErasureRequest
from app.notices.finding import everything
from app.notices.states import NoticeKind
from app.runs import queries as runs
from app.runs.queries import Permission
from app.sites.models import Site
from tests.runs.making import POLICY, set_policy
from tests.web.populated import Populated
from worker.protocol.messages import ConsentWithdrawn

OWN, MEMBER = (
    "Your institution has an open erasure request.",
    "A member has an open erasure request.",
)


def withdraw(hub: Populated, number: int) -> str:
    member = hub.world.members[number]
    with hub.world.hub.db.session() as session:
        telling = POLICY.model_copy(update={"tell_withdrawals": "that_one_happened"})
        set_policy(session, member, telling)
        site = session.get_one(Site, member.site)
        service.open_request(session, site, ConsentWithdrawn(day=now().date()))
        return session.query(ErasureRequest).one().id


def test_each_reader_reads_what_is_theirs(hub: Populated) -> None:
    run, federation = hub.ids["finished"], hub.ids["federation_id"]
    pages = (f"/runs/{run}", f"/federations/{federation}/releases/{hub.ids['release_id']}")
    for page in pages:
        assert "erasure request" not in hub.client("administrator").get(page).text
    withdraw(hub, 1)
    for page in pages:
        lead, own = hub.client("administrator").get(page).text, hub.client("member").get(page).text
        assert MEMBER in lead and OWN not in lead
        assert own.count(OWN) == 1 and MEMBER not in own
        assert "Run 1 up to round 2 may have learnt" in lead and "not built yet" in own
    with hub.world.hub.db.reading() as session:
        other = hub.world.members[2].administrator
        seen = runs.seen(session, other, Permission.RUN_READ, run)
        assert queries.touched(session, seen) is None, "another member, who does not lead"


def test_the_sites_page_says_who_sees_to_it(hub: Populated) -> None:
    lead, member = hub.world.members[0], hub.world.members[1]
    request = withdraw(hub, 1)
    for page in ("", f"/{member.site}"):
        shown = hub.client("member").get(f"/i/{member.institution}/sites{page}").text
        assert "Erasure requests" in shown and "collegium-site data requests" in shown
    page = f"/i/{lead.institution}/sites"
    assert "Erasure requests" not in hub.client("administrator").get(page).text
    with hub.world.hub.db.reading() as session:
        found = [f for f in everything(session, now()) if f.kind is NoticeKind.ERASURE_OPEN]
    assert [(f.institution, f.subject) for f in found] == [(member.institution, request)]
    assert set(found[0].people) == {member.administrator.person, member.officer.person}


def test_a_run_that_goes_on_from_one_tells_it_too(hub: Populated) -> None:
    """And an update that came after the word is not meant."""
    withdraw(hub, 1)
    with hub.world.hub.db.session() as session:
        first = runs.by_id(session, hub.ids["finished"])
        second = runs.by_id(session, hub.ids["run_id"])
        assert first is not None and second is not None
        request = session.query(ErasureRequest).one()
        assert first.ended is not None
        request.opened = first.ended
        session.flush()
        lead = hub.world.lead.administrator
        seen = runs.seen(session, lead, Permission.RUN_READ, second.id)
        assert queries.touched(session, seen) is None
        begin = {"run": first.id, "number": 1, "modules": {"fusion": "a" * 64}}
        second.plan = {**second.plan, "begin": begin}
        session.flush()
        found = queries.touched(session, seen)
    assert found is not None and (found.run.id, found.round) == (hub.ids["finished"], 2)
