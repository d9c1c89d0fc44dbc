"""Short reads over many rows at once: a few columns, so that a long run costs a page or a round no more than a short
one does."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, defer, load_only

from app.runs.models import Round, Update
from app.runs.states import UpdateState
from app.sites.models import Job
from app.sites.states import JobState
from worker.protocol.codes import JobKind, UploadRefusal


@dataclass(frozen=True)
class Tally:
    """One update, as far as counting needs it."""

    state: UpdateState
    refusal: UploadRefusal | None


def updates_by_round(session: Session, run_id: str) -> dict[str, list[Tally]]:
    """Round id to its updates; a round without any is absent."""
    found: defaultdict[str, list[Tally]] = defaultdict(list)
    rows = session.execute(
        select(Update.round_id, Update.state, Update.refusal)
        .join(Round, Round.id == Update.round_id)
        .where(Round.run_id == run_id)
    )
    for round_id, state, refusal in rows:
        found[round_id].append(Tally(state, refusal))
    return dict(found)


def asked(session: Session, run_id: str, kind: JobKind, round_id: str | None = None) -> set[str]:
    """Sites that were posted such a job, in this round if one is named."""
    wanted = select(Job.site_id).where(Job.run_id == run_id, Job.kind == kind)
    if round_id is not None:
        wanted = wanted.where(Job.round_id == round_id)
    return set(session.scalars(wanted))


def last_training(session: Session, run_id: str) -> dict[str, Job]:
    """Site to its latest training job of the run; without manifests."""
    wanted = select(Job).where(Job.run_id == run_id, Job.kind == JobKind.TRAIN)
    rows = session.scalars(wanted.options(defer(Job.manifest)).order_by(Job.created, Job.id))
    return {job.site_id: job for job in rows}


def updates_of(session: Session, job_ids: Collection[str]) -> dict[str, Update]:
    """Job to the update it brought, in whichever round that counted."""
    rows = session.scalars(select(Update).where(Update.job_id.in_(job_ids)))
    return {update.job_id: update for update in rows}


def refused_training(session: Session, run_id: str) -> Sequence[Job]:
    """Training jobs their sites refused, oldest first; without manifests."""
    columns = (Job.id, Job.site_id, Job.refusal, Job.refusal_detail, Job.ended)
    return session.scalars(
        select(Job)
        .where(
            Job.run_id == run_id,
            Job.kind == JobKind.TRAIN,
            Job.state == JobState.REFUSED,
        )
        .options(load_only(*columns))
        .order_by(Job.created, Job.id)
    ).all()
