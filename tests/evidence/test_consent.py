"""What documents say of consent at each site and of the receipts of its updates follows the rows."""

from app.evidence.states import DocumentKind
from app.policies import queries as policies
from app.policies.states import PolicyState
from app.runs.models import Round, Update
from app.runs.states import UpdateState
from app.sites.models import Site
from tests.evidence.test_evidence import gaps, made, text, trained
from tests.runs import world as making
from tests.runs.world import World
from worker.protocol.bounds import Bounds
from worker.protocol.codes import UploadRefusal


def test_the_rule_of_consent_at_each_site_is_that_of_the_version_accepted_there(
    world: World,
) -> None:
    lead = world.lead
    with world.hub.db.session() as session:
        none = made(session, world, DocumentKind.PROCESSING)
        assert "names no age of consent at: Main" in gaps(none)
        bound = making.POLICY.model_copy(update={"bounds": Bounds(consent_age=13)})
        making.set_policy(session, lead, bound)
        accepted = policies.current(session, lead.institution)
        assert accepted is not None
        accepted.state = PolicyState.REPLACED
        later = bound.model_copy(update={"bounds": Bounds(consent_age=16)})
        making.add_policy(session, lead.institution, lead.administrator, later, 9)
        for kind in (DocumentKind.PROCESSING, DocumentKind.IMPACT, DocumentKind.ANSWERS):
            said = text(made(session, world, kind))
            assert "below 13 years" in said and "below 16 years" not in said, kind
            assert "How many take no part, and why, is counted there and stays there." in said
        glance = text(made(session, world, DocumentKind.GLANCE))
        assert "Below 13 a parent must have agreed. The site decides it" in glance
        session.get_one(Site, lead.site).policy_version_id = None
        session.flush()
        assert "no record trains" in text(made(session, world, DocumentKind.PROCESSING))


def test_receipts_are_counted_from_the_rows(world: World) -> None:
    with world.hub.db.session() as session:
        assert "no receipt was checked" in text(made(session, world, DocumentKind.PROCESSING))
    trained(world)
    with world.hub.db.session() as session:
        said = text(made(session, world, DocumentKind.PROCESSING))
        assert "1 receipt of this institution’s updates was checked and fits" in said
        assert "0 did not fit" in said
        came = session.query(Update).filter_by(site_id=world.lead.site).one()
        refused = Update(
            id="update_" + "0" * 22,
            round_id=next(r.id for r in session.query(Round) if r.id != came.round_id),
            site_id=world.lead.site,
            job_id=came.job_id,
            state=UpdateState.REFUSED,
            refusal=UploadRefusal.WRONG_RECEIPT,
            digest="",
            bytes=0,
            header={},
            weights={},
            received=came.received,
        )
        session.add(refused)
        session.flush()
        for kind in (DocumentKind.PROCESSING, DocumentKind.IMPACT, DocumentKind.ANSWERS):
            found = made(session, world, kind)
            assert "was checked and fits" in text(found) and "1 did not fit" in text(found), kind
            assert "A receipt attests." in gaps(found)
        assert "1 was checked and fits." in text(made(session, world, DocumentKind.GLANCE))
