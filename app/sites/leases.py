"""The end of leases and the will of the hub: expiry, cancelling, pausing. Whoever holds a job learns at its renewal."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.sites.models import Job, Site
from app.sites.states import ENDED, HELD, JOB_TRANSITIONS, JobState
from app.states import move
from worker.protocol import limits
from worker.protocol.codes import Failure

OFFERS = 20 * limits.JOB_ATTEMPTS
"""A job offered this often and never begun is given up, so that it cannot circle for ever."""


_UNHEARD = timedelta(seconds=2)
_THERE = timedelta(seconds=60)


def ring_again(session: Session, at: datetime) -> int:
    """Rings for jobs that wait although their site is there: a bell lost with Redis costs a sweep, not a poll."""
    unheard = session.execute(
        select(Job.site_id, Job.lane)
        .join(Site, Site.id == Job.site_id)
        .where(
            Job.state == JobState.WAITING,
            Job.created < at - _UNHEARD,
            or_(Job.not_before.is_(None), Job.not_before < at - _UNHEARD),
            Job.pause_asked.is_(False),
            Site.last_seen > at - _THERE,
        )
        .distinct()
    ).all()
    for site_id, lane in unheard:
        after_commit(session, Ring(f"inbox:{site_id}:{lane.value}"))
    return len(unheard)


def expire(session: Session, at: datetime) -> Sequence[Job]:
    """Takes jobs back from sites that went silent: waiting again, or failed. Returns those it changed.

    Part of every sweep, so it rings again for what was not heard, too.
    """
    ring_again(session, at)
    dead = session.scalars(
        select(Job)
        .where(Job.state.in_(HELD), Job.lease_until < at)
        .order_by(Job.id)
        .with_for_update(skip_locked=True)
    ).all()
    for job in dead:
        note(session, "hub", kinds.JOB_EXPIRED, job, claim=job.claim, attempts=job.attempts)
        give_back(session, job, Failure.STALLED)
    return dead


def give_back(
    session: Session, job: Job, failure: Failure, *, not_before: datetime | None = None
) -> None:
    """A held job is held no more: cancelled if that was asked, failed at its limit, else waiting again."""
    if job.cancel_asked:
        end(session, job, JobState.CANCELLED)
    elif job.attempts >= limits.JOB_ATTEMPTS or job.claim >= OFFERS:
        end(session, job, JobState.FAILED, failure=failure)
    else:
        move(
            session,
            JOB_TRANSITIONS,
            job,
            Job.state,
            JobState.WAITING,
            lease_until=None,
            not_before=not_before,
            phase=None,
        )
        ring_inbox(session, job)
    ring_run(session, job)


_KIND_OF_END = {
    JobState.CANCELLED: kinds.JOB_CANCELLED,
    JobState.FAILED: kinds.JOB_FAILED,
    JobState.REFUSED: kinds.JOB_REFUSED,
    JobState.DONE: kinds.JOB_ANSWERED,
}


def end(
    session: Session, job: Job, state: JobState, by: Site | None = None, **values: object
) -> None:
    """The one way a job ends; writes the event that belongs to it. `by` is the job's site, or None for the hub."""
    move(
        session,
        JOB_TRANSITIONS,
        job,
        Job.state,
        state,
        lease_until=None,
        ended=now(),
        **values,
    )
    body: dict[str, object] = {"run": job.run_id}
    if state is JobState.FAILED:
        body |= {"failure": job.failure, "attempts": job.attempts}
    if state is JobState.REFUSED:
        body |= {"refusal": job.refusal}
    actor, chain = (by.id, by.institution_id) if by else ("hub", None)
    note(session, actor, _KIND_OF_END[state], job, chain, **body)
    ring_run(session, job)


def cancel_jobs(
    session: Session,
    *,
    run: str | None = None,
    round: str | None = None,  # noqa: A002
    site: str | None = None,
) -> int:
    """Waiting ones end now; a held one ends when its site renews, gives it back, or goes silent."""
    jobs = _open(session, _where(run, round, site))
    for job in jobs:
        if job.state is JobState.WAITING:
            end(session, job, JobState.CANCELLED)
        else:
            job.cancel_asked = True
    session.flush()
    return len(jobs)


def pause_jobs(session: Session, *, run: str) -> int:
    """Nothing of the run is handed out, and holders checkpoint and give back at their next renewal."""
    jobs = _open(session, Job.run_id == run)
    for job in jobs:
        job.pause_asked = True
    session.flush()
    return len(jobs)


def resume_jobs(session: Session, *, run: str) -> int:
    jobs = _open(session, Job.run_id == run)
    for job in jobs:
        job.pause_asked = False
        ring_inbox(session, job)
    session.flush()
    return len(jobs)


def _where(run: str | None, round_id: str | None, site: str | None) -> ColumnElement[bool]:
    given = ((Job.run_id, run), (Job.round_id, round_id), (Job.site_id, site))
    column, value = next((pair for pair in given if pair[1] is not None), (None, None))
    if column is None:
        raise ValueError("name a run, a round or a site: cancelling every job is never meant")
    return column == value


def _open(session: Session, where: ColumnElement[bool]) -> Sequence[Job]:
    wanted = select(Job).where(where, Job.state.not_in(ENDED))
    return session.scalars(
        wanted.order_by(Job.id).with_for_update().execution_options(populate_existing=True)
    ).all()


def ring_inbox(session: Session, job: Job) -> None:
    after_commit(session, Ring(f"inbox:{job.site_id}:{job.lane.value}"))


def ring_run(session: Session, job: Job) -> None:
    after_commit(session, Ring(f"run:{job.run_id}"))


def note(
    session: Session, actor: str, kind: Kind, job: Job, chain: str | None = None, /, **body: object
) -> None:
    """One event in the chain of the site's institution, which is looked up unless given."""
    if chain is None:
        chain = session.scalars(select(Site.institution_id).where(Site.id == job.site_id)).one()
    full = {"kind": job.kind, "site": job.site_id, **body}
    record(session, actor, kind, chain=chain, subject=job.id, body=full)
