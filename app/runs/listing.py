"""Runs and rounds as lists in parts, for programs that read them all."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.paging import Cut, Order, Part
from app.runs.models import Round, Run
from app.runs.queries import seen_by
from app.runs.states import RUN_ENDED, RoundState, RunState


@dataclass(frozen=True)
class Filter:
    """Everything given must fit."""

    state: RunState | None = None
    federation: str | None = None


def runs(session: Session, actor: Actor, wanted: Filter, cut: Cut) -> Part[Run]:
    """Newest first. Raises Invalid for a cursor of another list."""
    query = select(Run).where(seen_by(sorted(institutions_where(actor, Permission.RUN_READ))))
    if wanted.state is not None:
        query = query.where(Run.state == wanted.state)
    if wanted.federation is not None:
        query = query.where(Run.federation_id == wanted.federation)
    order = (Order(Run.created, falling=True), Order(Run.id, falling=True))
    return cut.cut(session.scalars(cut.select(query, *order)).all(), *order)


def going_on(session: Session, actor: Actor) -> Sequence[Run]:
    """Those the actor sees that have not ended, newest first."""
    ids = sorted(institutions_where(actor, Permission.RUN_READ))
    wanted = select(Run).where(seen_by(ids), Run.state.not_in(RUN_ENDED))
    return session.scalars(wanted.order_by(Run.created.desc(), Run.id)).all()


def rounds(session: Session, run_id: str, state: RoundState | None, cut: Cut) -> Part[Round]:
    """From the first."""
    query = select(Round).where(Round.run_id == run_id)
    if state is not None:
        query = query.where(Round.state == state)
    order = (Order(Round.number),)
    return cut.cut(session.scalars(cut.select(query, *order)).all(), *order)
