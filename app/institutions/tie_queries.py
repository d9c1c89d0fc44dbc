"""Reading ties between districts and schools. Each side sees its own."""

from collections.abc import Collection
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, allows
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.institutions.models import Institution, Tie
from app.institutions.states import TieState
from app.text import _

OPEN = (TieState.OFFERED, TieState.ACCEPTED)


def of(session: Session, actor: Actor, institution: str) -> list[Tie]:
    """An institution's, on either side, newest first."""
    require(actor, Permission.INSTITUTION_READ, institution)
    wanted = select(Tie).where(or_(Tie.district_id == institution, Tie.school_id == institution))
    return list(session.scalars(wanted.order_by(Tie.offered.desc(), Tie.id)))


def get(
    session: Session,
    actor: Actor,
    permission: Permission,
    tie_id: str,
    *,
    at: Literal["school", "either"],
) -> Tie:
    """Raises NotFound for whoever is on neither side, NotAllowed for a member without the right."""
    row = session.get(Tie, tie_id)
    if row is None:
        raise NotFound(_("There is no such offer."))
    if at == "either" and allows(actor, permission, row.district_id):
        return row
    inside = row.school_id in actor.institutions
    require(actor, permission, row.school_id if inside or at == "school" else row.district_id)
    return row


def by_id(session: Session, tie_id: str) -> Tie | None:
    return session.get(Tie, tie_id)


def open_between(session: Session, district: str, school: str) -> Tie | None:
    return session.scalars(
        select(Tie).where(Tie.district_id == district, Tie.school_id == school, Tie.state.in_(OPEN))
    ).first()


def district_of(session: Session, school: str) -> str | None:
    """The one the school accepted and neither side ended."""
    return session.scalars(
        select(Tie.district_id).where(Tie.school_id == school, Tie.state == TieState.ACCEPTED)
    ).first()


def schools_of(session: Session, districts: Collection[str]) -> dict[str, str]:
    """School to the district among these that it accepted."""
    rows = session.execute(
        select(Tie.school_id, Tie.district_id).where(
            Tie.district_id.in_(districts), Tie.state == TieState.ACCEPTED
        )
    )
    return {school: district for school, district in rows}  # noqa: C416


def above(session: Session, institution: str) -> set[str]:
    """Every institution above this one, itself included."""
    seen: set[str] = set()
    found: str | None = institution
    while found is not None and found not in seen:
        seen.add(found)
        row = session.get(Institution, found)
        found = row.parent_id if row else None
    return seen


def offering(session: Session, school: str) -> list[str]:
    """Names of districts whose offer this school has not answered."""
    wanted = (
        select(Institution.name)
        .join(Tie, Tie.district_id == Institution.id)
        .where(Tie.school_id == school, Tie.state == TieState.OFFERED)
    )
    return list(session.scalars(wanted.order_by(Institution.name)))
