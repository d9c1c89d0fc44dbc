"""Short reads over many rows at once: a few columns, so that a long run costs a page or a round no more than a short
one does."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, case, func, select
from sqlalchemy.orm import Session, load_only

from app.runs.models import Measurement, ModuleState, Round, Run, Update
from app.runs.states import RoundState, UpdateState
from app.sites.models import Job, Site
from app.sites.states import JobState, SiteState
from worker.protocol.codes import Change, Chosen, JobKind, UploadRefusal

_UPDATE = (Update.site_id, Update.job_id, Update.state, Update.refusal, Update.received)
_JOB = (
    Job.site_id,
    Job.state,
    Job.phase,
    Job.progress,
    Job.progress_at,
    Job.refusal,
    Job.refusal_detail,
    Job.failure,
    Job.created,
    Job.ended,
)


@dataclass(frozen=True)
class Tally:
    """`count` updates of a round that stand alike."""

    state: UpdateState
    refusal: UploadRefusal | None
    count: int = 1


_UPDATES_BY_ROUND = (
    select(Update.round_id, Update.state, Update.refusal, func.count())
    .join(Round, Round.id == Update.round_id)
    .where(Round.run_id == bindparam("run"))
    .group_by(Update.round_id, Update.state, Update.refusal)
)
"""This and its like below are built once: building costs more than asking, and every look at a run asks them."""


def updates_by_round(session: Session, run_id: str) -> dict[str, list[Tally]]:
    """Round id to its updates, counted; a round without any is absent."""
    found: defaultdict[str, list[Tally]] = defaultdict(list)
    for round_id, state, refusal, count in session.execute(_UPDATES_BY_ROUND, {"run": run_id}):
        found[round_id].append(Tally(state, refusal, count))
    return dict(found)


def runs_by_ids(session: Session, run_ids: Collection[str]) -> dict[str, Run]:
    """Without asking who asks: for naming them."""
    if not run_ids:
        return {}
    return {r.id: r for r in session.scalars(select(Run).where(Run.id.in_(set(run_ids))))}


class RoundLine(NamedTuple):
    """A round as a list shows it; fields as in `Round`."""

    id: str
    number: int
    state: RoundState
    reason: str
    cohort: list[str]
    quorum: int
    opened: datetime
    deadline: datetime
    complete: datetime | None
    closed: datetime | None


_ROUNDS_OF = (
    select(*(getattr(Round, name) for name in RoundLine._fields))
    .where(Round.run_id == bindparam("run"))
    .order_by(Round.number)
)


def rounds_shown(session: Session, run_id: str) -> list[RoundLine]:
    """All of a run's, from the first."""
    return [RoundLine(*row) for row in session.execute(_ROUNDS_OF, {"run": run_id})]


def rounds_by_ids(session: Session, round_ids: Collection[str]) -> Sequence[Round]:
    """Their runs and numbers."""
    wanted = select(Round).where(Round.id.in_(round_ids))
    return session.scalars(wanted.options(load_only(Round.run_id, Round.number))).all()


_UPDATES_IN = (
    select(Update).where(Update.round_id == bindparam("round")).options(load_only(*_UPDATE))
)


def updates_in(session: Session, round_id: str) -> dict[str, Update]:
    """Site to its update in this round; without headers."""
    rows = session.scalars(_UPDATES_IN, {"round": round_id})
    return {update.site_id: update for update in rows}


def updates_of_site(
    session: Session, site_id: str, since: datetime, limit: int
) -> Sequence[Update]:
    """Newest first, refused ones too."""
    query = select(Update).where(Update.site_id == site_id, Update.received >= since)
    return session.scalars(query.order_by(Update.received.desc()).limit(limit)).all()


def updates_of_rounds(session: Session, round_ids: Collection[str]) -> dict[str, list[Update]]:
    """Round to its updates in the order of sites; a round without any is absent."""
    found: defaultdict[str, list[Update]] = defaultdict(list)
    wanted = select(Update).where(Update.round_id.in_(round_ids)).order_by(Update.site_id)
    for row in session.scalars(wanted):
        found[row.round_id].append(row)
    return dict(found)


def states_of_rounds(
    session: Session, run_id: str, numbers: Collection[int]
) -> dict[int, dict[str, ModuleState]]:
    """Number of a round to what it made of the model's parts, by name; absent if it made nothing."""
    found: defaultdict[int, dict[str, ModuleState]] = defaultdict(dict)
    wanted = select(ModuleState).where(ModuleState.run_id == run_id, ModuleState.round.in_(numbers))
    for row in session.scalars(wanted.order_by(ModuleState.module)):
        found[row.round][row.module] = row
    return dict(found)


_TRAINING_IN = (
    select(Job)
    .where(Job.round_id == bindparam("round"), Job.kind == JobKind.TRAIN)
    .options(load_only(*_JOB))
    .order_by(Job.site_id)
)


def training_in(session: Session, round_id: str) -> Sequence[Job]:
    """The round's training jobs by site; without manifests."""
    return session.scalars(_TRAINING_IN, {"round": round_id}).all()


class Sums(NamedTuple):
    """Figures of one task and model after one round, added up over sites, as means are made of. Adding two is adding
    each: `weighted` is sum w x; `squares` is sum (w (high - low))^2, None where a site sent no interval."""

    task: str
    model: str
    round: int
    weight: float
    weighted: float
    squares: float | None
    sites: int
    at: datetime


_WHOLE = func.count() == func.count(Measurement.low + Measurement.high)
_SPREAD = Measurement.weight * (Measurement.high - Measurement.low)
_SUMS = (
    select(
        Measurement.task,
        Measurement.model,
        Measurement.round,
        func.sum(Measurement.weight),
        func.sum(Measurement.weight * Measurement.value),
        case((_WHOLE, func.sum(_SPREAD * _SPREAD))),
        func.count(),
        func.max(Measurement.at),
    )
    .where(Measurement.run_id == bindparam("run"))
    .group_by(Measurement.task, Measurement.model, Measurement.round)
    .order_by(Measurement.task, Measurement.model, Measurement.round)
)


def sums(session: Session, run_id: str, own: Collection[str] | None = None) -> list[Sums]:
    """By task, model and round; with `own`, of the ready sites of these institutions only."""
    wanted = _SUMS
    if own is not None:
        mine = select(Site.id).where(Site.institution_id.in_(own), Site.state == SiteState.READY)
        wanted = wanted.where(Measurement.site_id.in_(mine))
    return [Sums(*row) for row in session.execute(wanted, {"run": run_id})]


class ChoiceLine(NamedTuple):
    """Which model one site uses for a task, its figure on test records, and what that did there."""

    task: str
    institution: str
    site_name: str
    chosen: Chosen
    value: float
    against_shared: Change
    against_alone: Change
    classes: dict[str, int] | None = None
    students: Change | None = None


_CHOICES = (
    select(
        Measurement.task,
        Site.institution_id,
        Site.name,
        Measurement.chosen,
        Measurement.value,
        Measurement.against_shared,
        Measurement.against_alone,
        Measurement.classes,
        Measurement.students,
    )
    .join(Site, Site.id == Measurement.site_id)
    .where(Measurement.run_id == bindparam("run"), Measurement.chosen.is_not(None))
    .order_by(Measurement.task, Site.name, Site.id)
)


def choices(session: Session, run_id: str) -> list[ChoiceLine]:
    """Of every site that let its figures out. What the reader may see of them is `personal.of_task`'s to say."""
    return [ChoiceLine._make(row) for row in session.execute(_CHOICES, {"run": run_id})]


def measured(session: Session, run_id: str, site_id: str) -> set[tuple[int, str, str]]:
    """(round, model, task) that this site has answered for."""
    rows = session.execute(
        select(Measurement.round, Measurement.model, Measurement.task).where(
            Measurement.run_id == run_id, Measurement.site_id == site_id
        )
    )
    return {(number, model, task) for number, model, task in rows}


def asked(session: Session, run_id: str, kind: JobKind, round_id: str | None = None) -> set[str]:
    """Sites that were posted such a job, in this round if one is named."""
    wanted = select(Job.site_id).where(Job.run_id == run_id, Job.kind == kind)
    if round_id is not None:
        wanted = wanted.where(Job.round_id == round_id)
    return set(session.scalars(wanted))


def last_training(session: Session, run_id: str) -> dict[str, Job]:
    """Site to its latest training job of the run; without manifests."""
    place = func.row_number().over(
        partition_by=Job.site_id, order_by=(Job.created.desc(), Job.id.desc())
    )
    mine = select(Job.id, place.label("place")).where(
        Job.run_id == run_id, Job.kind == JobKind.TRAIN
    )
    ranked = mine.subquery()
    newest = select(ranked.c.id).where(ranked.c.place == 1)
    rows = session.scalars(
        select(Job)
        .where(Job.id.in_(newest))
        .options(load_only(*_JOB))
        .order_by(Job.created, Job.id)
    )
    return {job.site_id: job for job in rows}


def updates_of(session: Session, job_ids: Collection[str]) -> dict[str, Update]:
    """Job to the update it brought, in whichever round that counted; without headers."""
    rows = session.scalars(
        select(Update).where(Update.job_id.in_(job_ids)).options(load_only(*_UPDATE))
    )
    return {update.job_id: update for update in rows}


_REFUSED_TRAINING = (
    select(Job)
    .where(
        Job.run_id == bindparam("run"),
        Job.kind == JobKind.TRAIN,
        Job.state == JobState.REFUSED,
    )
    .options(load_only(Job.id, Job.site_id, Job.refusal, Job.refusal_detail, Job.ended))
    .order_by(Job.created, Job.id)
)


def refused_training(session: Session, run_id: str) -> Sequence[Job]:
    """Training jobs their sites refused, oldest first; without manifests."""
    return session.scalars(_REFUSED_TRAINING, {"run": run_id}).all()
