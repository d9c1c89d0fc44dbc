"""Open erasure requests, and which rounds of a run may have learnt from what was withdrawn since."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.erasure.models import ErasureRequest
from app.runs import queries as runs
from app.runs.models import Round, Run, Update
from app.runs.queries import Seen
from app.runs.states import UpdateState
from app.sites.models import Site

_CHAIN = 100
"""Runs that each go on from the one before: as far back as is looked."""


@dataclass(frozen=True)
class Open:
    """`site`: its name."""

    request: ErasureRequest
    site: str


@dataclass(frozen=True)
class Touched:
    """Rounds of `run` up to this one may have learnt from records withdrawn since, and what came after builds on them.

    `own`: by the reader's own sites; else by a member, unnamed, and only whoever leads reads it.
    """

    run: Run
    round: int
    own: bool


def visible_to(session: Session, actor: Actor, institution_id: str) -> Sequence[Open]:
    """Newest first. Raises as `require` does."""
    require(actor, Permission.SITE_READ, institution_id)
    rows = session.execute(
        select(ErasureRequest, Site.name)
        .join(Site, Site.id == ErasureRequest.site_id)
        .where(ErasureRequest.institution_id == institution_id)
        .order_by(ErasureRequest.day.desc(), Site.name)
    )
    return [Open(request, name) for request, name in rows]


def touched(session: Session, seen: Seen) -> Touched | None:
    """Of this run, or of the nearest one it goes on from."""
    if seen.leads or seen.inside:
        run: Run | None = seen.run
        for _step in range(_CHAIN):
            if run is None:
                return None
            found = _of_run(session, run, seen)
            if found is not None:
                return found
            begin = runs.plan_of(run).begin
            run = runs.by_id(session, begin.run) if begin is not None else None
    return None


def _of_run(session: Session, run: Run, seen: Seen) -> Touched | None:
    own, every = _latest(session, run, seen.inside)
    found = every if seen.leads else own
    return None if found is None else Touched(run, found, own == found)


def _latest(
    session: Session, run: Run, institutions: Collection[str]
) -> tuple[int | None, int | None]:
    """The last round with an update that came before its site told of a withdrawal: of sites of these institutions,
    and of all."""
    mine = case((ErasureRequest.institution_id.in_(institutions), Round.number))
    own, every = session.execute(
        select(func.max(mine), func.max(Round.number))
        .join(Update, Update.round_id == Round.id)
        .join(ErasureRequest, ErasureRequest.site_id == Update.site_id)
        .where(
            Round.run_id == run.id,
            Update.refusal.is_(None),
            Update.state.in_((UpdateState.RECEIVED, UpdateState.TAKEN, UpdateState.DELETED)),
            Update.received <= ErasureRequest.opened,
        )
    ).one()
    return own, every
