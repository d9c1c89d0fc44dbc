"""The job inbox of a site's lane: post, claim, confirm, renew, progress, give back, answer.

A claim goes up by one each time a job is handed out. Every later call presents it, so a site that lost its job
cannot speak for it any more.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit import kinds
from app.clock import now
from app.errors import Invalid
from app.sites import queries, sent
from app.sites.errors import OtherAnswer, StaleClaim, UpdateMissing
from app.sites.hours import is_open
from app.sites.leases import (
    cancel_jobs,
    end,
    expire,
    give_back,
    note,
    pause_jobs,
    resume_jobs,
    ring_inbox,
    ring_run,
)
from app.sites.models import Job, Site, Upload
from app.sites.standing import is_suspended, require_wanted
from app.sites.states import ENDED, HELD, JOB_TRANSITIONS, JobState, SiteState
from app.states import move
from app.text import _
from worker.protocol import limits
from worker.protocol.canonical import canonical, digest_of
from worker.protocol.codes import Failure, JobKind, Lane, TransferKind, Verdict
from worker.protocol.manifest import Manifest, Signed
from worker.protocol.messages import Answer, Claimed, Lease, Nack, Progress
from worker.protocol.signatures import PrivateKey

__all__ = [
    "answer",
    "cancel_jobs",
    "claim",
    "confirm",
    "expire",
    "held",
    "nack",
    "pause_jobs",
    "post",
    "progress",
    "renew",
    "resume_jobs",
]

_GRACEFUL = frozenset({Failure.STOPPED, Failure.PAUSED, Failure.OUTSIDE_HOURS})
"""The site put the job down on purpose: no attempt is counted."""
_LONGEST_REST = timedelta(seconds=60)


def post(
    session: Session,
    hub_key: PrivateKey,
    manifest: Manifest,
    *,
    objects: tuple[str, ...] = (),
    round_id: str | None = None,
    not_before: datetime | None = None,
) -> Job:
    """Puts a signed job into its site's inbox. `manifest.job` is the row's id; `objects` it may download."""
    signed = hub_key.seal(manifest)
    job = Job(
        id=manifest.job,
        site_id=manifest.site,
        lane=manifest.kind.lane,
        kind=manifest.kind,
        state=JobState.WAITING,
        run_id=manifest.run,
        round_id=round_id,
        manifest=signed.model_dump(mode="json"),
        objects=list(dict.fromkeys(objects)),
        claim=0,
        attempts=0,
        progress={},
        not_before=not_before,
        created=now(),
    )
    session.add(job)
    session.flush()
    body = {"run": job.run_id, "round_id": round_id, "digest": digest_of(manifest)}
    note(session, "hub", kinds.JOB_POSTED, job, manifest.institution, **body)
    ring_inbox(session, job)
    ring_run(session, job)
    return job


def claim(session: Session, site: Site, lane: Lane, first_lease_s: int) -> Claimed | None:
    """The oldest job this lane may do now, under a short lease until it is confirmed; None when there is none."""
    at = now()
    if site.state is not SiteState.READY or not is_open(site.readiness, at):
        return None
    oldest = queries.due(site.id, lane, at).limit(1).with_for_update(skip_locked=True)
    job = session.execute(
        update(Job)
        .where(Job.id == oldest.scalar_subquery(), Job.state == JobState.WAITING)
        .values(
            state=JobState.OFFERED,
            claim=Job.claim + 1,
            lease_until=at + timedelta(seconds=first_lease_s),
            not_before=None,
        )
        .returning(Job)
        .execution_options(synchronize_session=False, populate_existing=True)
    ).scalar()
    if job is None:
        return None
    note(session, site.id, kinds.JOB_CLAIMED, job, site.institution_id, claim=job.claim)
    ring_run(session, job)
    return Claimed(
        job=job.id,
        kind=job.kind,
        claim=job.claim,
        lease_s=first_lease_s,
        manifest=Signed.model_validate(job.manifest),
    )


def held(session: Session, site: Site, job_id: str, claim_number: int) -> Job:
    """The job, locked until the transaction ends, if `claim_number` still holds it. Raises StaleClaim."""
    return _if_held(_locked(session, site, job_id), claim_number)


def _if_held(job: Job | None, claim_number: int) -> Job:
    if job is None or job.claim != claim_number or job.state not in HELD:
        raise StaleClaim(_("This job is not held under this claim any more."))
    return job


def _locked(session: Session, site: Site, job_id: str) -> Job | None:
    """None for another site's job too: a site learns nothing of others."""
    return session.scalars(
        select(Job)
        .where(Job.id == job_id, Job.site_id == site.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def confirm(session: Session, site: Site, job_id: str, claim_number: int, lease_s: int) -> Lease:
    """The site has begun: the lease becomes a full one, and the attempt counts. The same twice counts once."""
    job = held(session, site, job_id, claim_number)
    if job.state is not JobState.OFFERED:
        return _lengthen(session, job, lease_s)
    move(
        session,
        JOB_TRANSITIONS,
        job,
        Job.state,
        JobState.CLAIMED,
        attempts=Job.attempts + 1,
        lease_until=_until(lease_s),
    )
    note(session, site.id, kinds.JOB_CONFIRMED, job, site.institution_id, claim=job.claim)
    ring_run(session, job)
    return _lease(job, lease_s)


def renew(session: Session, site: Site, job_id: str, claim_number: int, lease_s: int) -> Lease:
    """A longer lease, and whether to go on. Late but not yet taken by another is still in time."""
    job = held(session, site, job_id, claim_number)
    suspended = is_suspended(session, site)
    job.cancel_asked = job.cancel_asked or suspended
    return _lengthen(session, job, lease_s).model_copy(update={"suspended": suspended})


def _lengthen(session: Session, job: Job, lease_s: int) -> Lease:
    job.lease_until = _until(lease_s)
    session.flush()
    return _lease(job, lease_s)


def _until(lease_s: int) -> datetime:
    return now() + timedelta(seconds=lease_s)


def _lease(job: Job, lease_s: int) -> Lease:
    verdict = Verdict.GO_ON
    if job.pause_asked:
        verdict = Verdict.PAUSE
    if job.cancel_asked:
        verdict = Verdict.CANCEL
    return Lease(verdict=verdict, lease_s=lease_s)


def progress(session: Session, site: Site, job_id: str, said: Progress) -> None:
    """Phase and numbers for the run page. Keeps no lease: a stuck job must not live by talking."""
    job = held(session, site, job_id, said.claim)
    job.phase = said.phase
    job.progress = said.model_dump(mode="json", exclude={"claim", "phase"}, exclude_none=True)
    job.progress_at = now()
    sent.note_progress(session, site, job, canonical(said))
    session.flush()
    ring_run(session, job)


def nack(session: Session, site: Site, job_id: str, said: Nack) -> None:
    """Given back. Faults rest a little before the next claim; the same nack twice does nothing more."""
    job = _locked(session, site, job_id)
    if job is not None and job.claim == said.claim and job.state not in HELD:
        return
    job = _if_held(job, said.claim)
    rest: datetime | None = None
    if said.code in _GRACEFUL:
        job.attempts = max(job.attempts - 1, 0)
    else:
        rest = now() + min(_LONGEST_REST, timedelta(seconds=2 ** min(job.attempts, 6) / 2))
    body = {"claim": job.claim, "failure": said.code, "attempts": job.attempts}
    note(session, site.id, kinds.JOB_RETURNED, job, site.institution_id, **body)
    give_back(session, job, said.code, not_before=rest)


def answer(session: Session, site: Site, job_id: str, said: Answer) -> Job | None:
    """Ends the job. Returns it when this answer ended it, None when the same answer came before.

    Raises StaleClaim, OtherAnswer, UpdateMissing, or Invalid when the answer does not fit the kind of job.
    """
    job = _locked(session, site, job_id)
    content = said.model_dump(mode="json", exclude_none=True)
    if job is not None and job.state in ENDED and job.claim == said.claim:
        if job.answer == content:
            return None
        if job.answer is not None:
            raise OtherAnswer(_("This job was answered already, with something else."))
    job = _if_held(job, said.claim)
    _check_fits(session, job, said)
    if not (said.refused or said.failed or said.update):
        require_wanted(session, site)
    transfer = _TRANSFER.get(job.kind, TransferKind.ANSWER)
    if said.refused or said.failed or said.update:
        transfer = TransferKind.ANSWER
    sent.note(session, site, transfer, canonical(said), job.kind.value, job)
    if said.refused:
        values = {"refusal": said.refused, "refusal_detail": said.refused_detail}
        end(session, job, JobState.REFUSED, site, answer=content, **values)
    elif said.failed:
        state = JobState.CANCELLED if job.cancel_asked else JobState.FAILED
        end(session, job, state, site, answer=content, failure=said.failed)
    else:
        end(session, job, JobState.DONE, site, answer=content)
    return job


_TRANSFER = {
    JobKind.EVALUATE: TransferKind.METRICS,
    JobKind.BASELINE: TransferKind.METRICS,
    JobKind.PERSONAL: TransferKind.METRICS,
    JobKind.REPORT: TransferKind.CLASS_REPORT,
}
_FIELD = {
    JobKind.TRAIN: "update",
    JobKind.EVALUATE: "metrics",
    JobKind.BASELINE: "metrics",
    JobKind.PERSONAL: "metrics",
    JobKind.REPORT: "report",
    JobKind.SWITCH_RELEASE: "switched",
}


def _check_fits(session: Session, job: Job, said: Answer) -> None:
    fields = ("refused", "failed", "update", "metrics", "report", "switched")
    given = [name for name in fields if getattr(said, name) is not None]
    if len(given) != 1 or given[0] not in ("refused", "failed", _FIELD[job.kind]):
        raise Invalid(
            _("An answer to this job sets exactly one of: refused, failed, {field}.").format(
                field=_FIELD[job.kind]
            )
        )
    if said.refused_detail is not None and said.refused is None:
        raise Invalid(_("A detail goes with a refusal only."))
    if said.update is not None and not _has_arrived(session, job, said.update):
        raise UpdateMissing(_("The hub does not have this update yet. Upload it first."))


def _has_arrived(session: Session, job: Job, digest: str) -> bool:
    whole = select(Upload.id).where(
        Upload.job_id == job.id, Upload.digest == digest, Upload.completed.is_not(None)
    )
    return session.execute(whole).first() is not None


assert set(_FIELD) == set(JobKind)
assert limits.FIRST_LEASE_S < limits.LEASE_S
