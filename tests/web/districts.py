"""A district that offered itself to the lead's institution, with a floor it proposed."""

from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.clock import now
from app.ids import new_id
from app.institutions import ties
from app.institutions.states import InstitutionKind
from app.policies.models import PolicyFloor
from app.policies.states import FloorState
from tests import cast
from tests.runs import world as making
from tests.runs.world import World


def make(session: Session, world: World) -> dict[str, str]:
    district = cast.make_institution(
        session, "North District", "north.example", InstitutionKind.DISTRICT
    )
    administrator = cast.member(
        session, district.id, "district", Role.ADMINISTRATOR, domain="north.example"
    )
    tie = ties.offer(session, administrator, district.id, world.lead.institution)
    version = making.add_policy(session, district.id, administrator)
    floor = PolicyFloor(
        id=new_id("floor"),
        district_id=district.id,
        school_id=world.lead.institution,
        policy_version_id=version.id,
        state=FloorState.PROPOSED,
        proposed_by=administrator.person,
        proposed=now(),
    )
    session.add(floor)
    session.flush()
    return {"tie": tie.id, "floor": floor.id, "district": district.id}
