"""Reads of runs, rounds, updates, module states and measurements. Strangers get NotFound."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import offered
from app.federations import queries as federation_queries
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.runs.models import (
    ModuleState,
    Round,
    Run,
    RunApproval,
    Update,
)
from app.runs.schemas import Plan
from app.runs.states import RUN_ENDED, RoundState, UpdateState
from app.sites.models import Job
from app.sites.states import ENDED, JobState
from app.text import _
from worker.protocol.codes import JobKind

OPEN_ROUND = (RoundState.TRAINING, RoundState.AGGREGATING)


def seen_by(institutions: Sequence[str] | BindParameter[Any]) -> ColumnElement[bool]:
    """Runs of federations the institutions lead or are members of. The invited see none before they accept."""
    members = select(Membership.federation_id).where(
        Membership.institution_id.in_(institutions),
        Membership.state.in_((MembershipState.ACTIVE, MembershipState.PAUSED)),
    )
    leads = select(Federation.id).where(Federation.lead_id.in_(institutions))
    return or_(Run.federation_id.in_(members), Run.federation_id.in_(leads))


def visible_to(session: Session, actor: Actor, federation_id: str | None = None) -> Sequence[Run]:
    """Newest first."""
    ids = sorted(institutions_where(actor, Permission.RUN_READ))
    wanted = select(Run).where(seen_by(ids))
    if federation_id is not None:
        wanted = wanted.where(Run.federation_id == federation_id)
    return session.scalars(wanted.order_by(Run.created.desc(), Run.id)).all()


def get(session: Session, actor: Actor, permission: Permission, run_id: str) -> Run:
    """RUN_LEAD is asked of the lead institution; others of any of the actor's institutions that take part."""
    return seen(session, actor, permission, run_id).run


@dataclass(frozen=True)
class Seen:
    """A run as an actor found it. `inside`: the actor's institutions that lead its federation or are in it."""

    run: Run
    federation: Federation
    inside: frozenset[str]
    leads: bool


_SEEN = (
    select(Run, Federation)
    .join(Federation, Federation.id == Run.federation_id)
    .where(Run.id == bindparam("run"), seen_by(bindparam("institutions", expanding=True)))
)
"""This and its like below are built once: building costs more than asking, and every look at a run asks them."""


def seen(session: Session, actor: Actor, permission: Permission, run_id: str) -> Seen:
    """As `get`, with what was read to answer."""
    ids = sorted(institutions_where(actor, Permission.RUN_READ))
    found = session.execute(_SEEN, {"run": run_id, "institutions": ids}).first()
    if found is None:
        raise NotFound(_("There is no such run for you."))
    run, federation = found
    inside = federation_queries.inside(session, federation, ids)
    if permission is Permission.RUN_LEAD:
        require(actor, permission, federation.lead_id)
    elif not inside & institutions_where(actor, permission):
        require(actor, permission, min(inside))
    return Seen(run, federation, inside, federation.lead_id in inside)


def waiting_for_answer(session: Session, actor: Actor) -> Sequence[tuple[Run, RunApproval]]:
    """Runs that ask the actor's institutions for approval, where the actor may give it."""
    ids = institutions_where(actor, Permission.RUN_APPROVE)
    if not ids:
        return []
    rows = session.execute(
        select(Run, RunApproval)
        .join(RunApproval, RunApproval.run_id == Run.id)
        .where(
            RunApproval.institution_id.in_(ids),
            RunApproval.choice.is_(None),
            Run.state.not_in(RUN_ENDED),
        )
        .order_by(RunApproval.asked)
    ).all()
    return [(run, approval) for run, approval in rows]


def by_id(session: Session, run_id: str) -> Run | None:
    """For the hub's own work."""
    return session.get(Run, run_id)


def locked(session: Session, run_id: str) -> Run | None:
    """The row, held until the transaction ends, so that two workers cannot both open a round.

    NO KEY UPDATE: rows that only refer to the run (a job moving at the door) need not wait, or deadlock.
    """
    return session.scalars(
        select(Run)
        .where(Run.id == run_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def plan_of(run: Run) -> Plan:
    return Plan.model_validate(run.plan)


def last_number(session: Session, federation_id: str) -> int:
    found = session.scalar(select(func.max(Run.number)).where(Run.federation_id == federation_id))
    return int(found or 0)


def federation_of(session: Session, run: Run) -> Federation:
    return session.get_one(Federation, run.federation_id)


_APPROVALS = (
    select(RunApproval)
    .where(RunApproval.run_id == bindparam("run"))
    .order_by(RunApproval.institution_id)
)


def approvals(session: Session, run_id: str) -> Sequence[RunApproval]:
    return session.scalars(_APPROVALS, {"run": run_id}).all()


def approval(session: Session, run_id: str, institution_id: str) -> RunApproval | None:
    return session.scalars(
        select(RunApproval).where(
            RunApproval.run_id == run_id, RunApproval.institution_id == institution_id
        )
    ).first()


def rounds(session: Session, run_id: str) -> Sequence[Round]:
    return session.scalars(select(Round).where(Round.run_id == run_id).order_by(Round.number)).all()


def round_by_id(session: Session, round_id: str) -> Round | None:
    return session.get(Round, round_id)


def round_numbered(session: Session, run_id: str, number: int) -> Round | None:
    return session.scalars(
        select(Round).where(Round.run_id == run_id, Round.number == number)
    ).first()


def round_by_number(session: Session, run: Run, number: int) -> Round:
    """Raises NotFound. Who may see the run may see its rounds."""
    found = round_numbered(session, run.id, number)
    if found is None:
        raise NotFound(_("This run has no such round."))
    return found


def locked_round(session: Session, round_id: str) -> Round | None:
    """The row, held until the transaction ends, so that the last two answers cannot both miss that all are in."""
    return session.scalars(
        select(Round)
        .where(Round.id == round_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).first()


def next_number(session: Session, run_id: str) -> int:
    found = session.scalar(select(func.max(Round.number)).where(Round.run_id == run_id))
    return int(found or 0) + 1


def void_in_a_row(session: Session, run_id: str) -> int:
    """Void rounds at the end of the run so far."""
    count = 0
    for state in session.scalars(
        select(Round.state).where(Round.run_id == run_id).order_by(Round.number.desc())
    ):
        if state is not RoundState.VOID:
            break
        count += 1
    return count


def open_round(session: Session, run_id: str) -> Round | None:
    return session.scalars(
        select(Round).where(Round.run_id == run_id, Round.state.in_(OPEN_ROUND))
    ).first()


def updates(session: Session, round_id: str) -> Sequence[Update]:
    """In the order of site ids, which is the order of summing."""
    return session.scalars(
        select(Update).where(Update.round_id == round_id).order_by(Update.site_id)
    ).all()


def update_of(session: Session, round_id: str, site_id: str) -> Update | None:
    return session.scalars(
        select(Update).where(Update.round_id == round_id, Update.site_id == site_id)
    ).first()


def update_by_id(session: Session, update_id: str) -> Update | None:
    return session.get(Update, update_id)


def needed(session: Session, digest: str) -> bool:
    """Whether an update not yet deleted, a model part of any run or a base model is these bytes."""
    updates = select(Update.id).where(
        Update.digest == digest, Update.state.in_((UpdateState.RECEIVED, UpdateState.TAKEN))
    )
    states = select(ModuleState.id).where(ModuleState.digest == digest)
    return any(session.scalar(q.limit(1)) is not None for q in (updates, states)) or any(
        digest in model.files.values() for model in offered.base_models(session)
    )


_NEWEST = (
    select(ModuleState.module, func.max(ModuleState.round).label("round"))
    .where(ModuleState.run_id == bindparam("run"), ModuleState.round <= bindparam("number"))
    .group_by(ModuleState.module)
    .subquery()
)
_STATES_AFTER = (
    select(ModuleState)
    .join(
        _NEWEST,
        and_(_NEWEST.c.module == ModuleState.module, _NEWEST.c.round == ModuleState.round),
    )
    .where(ModuleState.run_id == bindparam("run"))
    .order_by(ModuleState.module)
)


def states_after(session: Session, run_id: str, number: int) -> dict[str, ModuleState]:
    """The shared model after round `number`: every part's newest state up to it, by name."""
    rows = session.scalars(_STATES_AFTER, {"run": run_id, "number": number})
    return {row.module: row for row in rows}


def states_of_round(session: Session, run_id: str, number: int) -> Sequence[ModuleState]:
    return session.scalars(
        select(ModuleState)
        .where(ModuleState.run_id == run_id, ModuleState.round == number)
        .order_by(ModuleState.module)
    ).all()


def jobs_of_run(
    session: Session, run_id: str, kinds: Sequence[JobKind] | None = None
) -> Sequence[Job]:
    wanted = select(Job).where(Job.run_id == run_id)
    if kinds is not None:
        wanted = wanted.where(Job.kind.in_(kinds))
    return session.scalars(wanted.order_by(Job.created, Job.id)).all()


def train_jobs(session: Session, round_id: str) -> Sequence[Job]:
    return session.scalars(
        select(Job).where(Job.round_id == round_id, Job.kind == JobKind.TRAIN).order_by(Job.site_id)
    ).all()


def unsent_training(session: Session, round_id: str) -> Sequence[Job]:
    """Open training jobs of a round, but those in a site's hands whose update is in."""
    wanted = select(Job).where(
        Job.round_id == round_id, Job.kind == JobKind.TRAIN, Job.state.not_in(ENDED)
    )
    sent = {u.job_id for u in updates(session, round_id) if u.state is not UpdateState.REFUSED}
    found = session.scalars(wanted.order_by(Job.id))
    return [job for job in found if job.state is JobState.WAITING or job.id not in sent]
