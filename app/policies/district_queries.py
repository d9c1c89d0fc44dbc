"""Reading floors: by both sides, and as a school's approval asks for them."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, allows
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.institutions.models import Institution, Tie
from app.institutions.states import TieState
from app.policies import queries
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.states import FloorState
from app.text import _
from worker.protocol.policy import PolicyDocument

_OPEN = (FloorState.PROPOSED, FloorState.ACCEPTED)


def of(session: Session, actor: Actor, institution: str) -> list[tuple[PolicyFloor, PolicyVersion]]:
    """An institution's, on either side, newest first, each with the district's version it is the text of."""
    require(actor, Permission.POLICY_READ, institution)
    rows = session.execute(
        select(PolicyFloor, PolicyVersion)
        .join(PolicyVersion, PolicyVersion.id == PolicyFloor.policy_version_id)
        .where(or_(PolicyFloor.district_id == institution, PolicyFloor.school_id == institution))
        .order_by(PolicyFloor.proposed.desc(), PolicyFloor.id)
    )
    return [(floor, version) for floor, version in rows]


def get(session: Session, actor: Actor, floor_id: str) -> PolicyFloor:
    """Of either side. Raises NotFound for a stranger, NotAllowed for who may not read policies there."""
    row = session.get(PolicyFloor, floor_id)
    if row is None:
        raise NotFound(_("There is no such floor."))
    if not allows(actor, Permission.POLICY_READ, row.district_id):
        require(actor, Permission.POLICY_READ, row.school_id)
    return row


def open_of(session: Session, district: str) -> list[PolicyFloor]:
    """Proposed or accepted, by all its schools."""
    wanted = select(PolicyFloor).where(
        PolicyFloor.district_id == district, PolicyFloor.state.in_(_OPEN)
    )
    return list(session.scalars(wanted))


def accepted(session: Session, school: str, district: str) -> PolicyFloor | None:
    return session.scalars(
        select(PolicyFloor).where(
            PolicyFloor.school_id == school,
            PolicyFloor.district_id == district,
            PolicyFloor.state == FloorState.ACCEPTED,
        )
    ).first()


def in_force(session: Session, school: str) -> list[tuple[PolicyFloor, PolicyDocument]]:
    """What the school accepted from a district it is still tied to."""
    rows = session.execute(
        select(PolicyFloor, PolicyVersion)
        .join(PolicyVersion, PolicyVersion.id == PolicyFloor.policy_version_id)
        .join(
            Tie,
            (Tie.school_id == PolicyFloor.school_id)
            & (Tie.district_id == PolicyFloor.district_id)
            & (Tie.state == TieState.ACCEPTED),
        )
        .where(PolicyFloor.school_id == school, PolicyFloor.state == FloorState.ACCEPTED)
    )
    return [(floor, queries.document(version)) for floor, version in rows]


def proposing(session: Session, school: str) -> list[str]:
    """Names of districts whose floor this school has not answered."""
    wanted = (
        select(Institution.name)
        .join(PolicyFloor, PolicyFloor.district_id == Institution.id)
        .where(PolicyFloor.school_id == school, PolicyFloor.state == FloorState.PROPOSED)
    )
    return list(session.scalars(wanted.order_by(Institution.name)))


def keeping(session: Session, school: str) -> list[str]:
    """Names of districts whose floor holds at this school."""
    wanted = (
        select(Institution.name)
        .join(PolicyFloor, PolicyFloor.district_id == Institution.id)
        .join(
            Tie,
            (Tie.school_id == PolicyFloor.school_id) & (Tie.district_id == PolicyFloor.district_id),
        )
        .where(
            PolicyFloor.school_id == school,
            PolicyFloor.state == FloorState.ACCEPTED,
            Tie.state == TieState.ACCEPTED,
        )
    )
    return list(session.scalars(wanted.order_by(Institution.name)))
