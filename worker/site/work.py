"""One job from claim to answer: guard, fetch, learn, store, send. Every end is an answer, a nack, or silence.

Runs in the forked child only. Whatever goes wrong becomes a code; sentences and tracebacks stay in this log.
"""

import logging
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any

from worker.protocol import limits
from worker.protocol.codes import Failure, Refusal
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Answer, Claimed
from worker.protocol.rules import Objection
from worker.site import accepted, current, files, guard, met, sheets, telling
from worker.site.answering import Job, answer
from worker.site.faults import (
    ClaimLost,
    DiskFull,
    HubFault,
    JobStopped,
    ObjectMismatch,
    Revoked,
    StaleClaim,
    Withdrawn,
)
from worker.site.holding import Holding, Terms
from worker.site.sending import UpdateRefused, deliver, persist
from worker.site.site import Site, wants

logger = logging.getLogger(__name__)

_ANSWERED = frozenset(
    {
        Failure.HARD_LIMIT,
        Failure.DATA_FAULT,
        Failure.MODEL_MISSING,
        Failure.NEEDS_WAVEFORMS,
        Failure.NO_CARD,
        Failure.OBJECT_MISMATCH,
        Failure.NOT_FINITE,
        Failure.CANCELLED,
    }
)
"""Trying again would end the same way: an answer. All others are given back, and the hub counts attempts."""


def perform(site: Site, claimed: Claimed) -> None:
    """Never raises for what a job can do."""
    policy = site.policy()
    judged = guard.judge(claimed, site.known(policy), datetime.now(UTC))
    record = _record(site, claimed, judged)
    terms = _terms(site, claimed, judged, record)
    with closing(record), Holding(site.door, claimed.job, claimed.claim, terms) as held:
        try:
            if isinstance(judged, Objection) or policy is None:
                assert isinstance(judged, Objection)
                _refuse(site, claimed, judged, held)
            else:
                _carry_out(Job(site, judged, policy, held))
        except (ClaimLost, StaleClaim):
            logger.warning("job %s: another claim holds it; nothing more is said", claimed.job)
        except Revoked as error:
            logger.error("job %s: %s", claimed.job, error)
        except Withdrawn as error:
            logger.warning("job %s: %s", claimed.job, error)
            _put_down(site, held, Failure.CANCELLED)
        except JobStopped as stop:
            _put_down(site, held, stop.code)
        except BaseException as error:
            _fail(site, held, error)


def _record(site: Site, claimed: Claimed, judged: Manifest | Objection) -> current.Record:
    """What the manifest says of the job, once the guard has found it genuine."""
    run, round_ = (judged.run, judged.round) if isinstance(judged, Manifest) else ("", None)
    return current.Record(site.home, claimed.kind, claimed.job, run, round_)


def _terms(
    site: Site, claimed: Claimed, judged: Manifest | Objection, record: current.Record
) -> Terms:
    stall_s, hard_limit_s = limits.STALL_S, limits.HARD_LIMIT_S
    if isinstance(judged, Manifest):
        stall_s, hard_limit_s = judged.stall_s, judged.hard_limit_s
    window = site.config.window
    return Terms(claimed.lease_s, stall_s, hard_limit_s, wants=wants(window), note=record.note)


def _refuse(site: Site, claimed: Claimed, objection: Objection, held: Holding) -> None:
    _note_refusal(claimed.job, objection)
    if objection == Objection(Refusal.APPROVAL_MISSING, "site"):
        with suppress(ValueError, DiskFull):
            manifest = Manifest.model_validate_json(claimed.manifest.payload)
            accepted.ask_for(site.home, manifest)
    deliver(site, claimed.job, _refusal(claimed.claim, objection), held)


def _note_refusal(job: str, objection: Objection) -> None:
    """In the site's own words, for `logs/`: the rule, and what it is about."""
    logger.warning("job %s refused: %s %s", job, objection.code, objection.detail)


def _refusal(claim: int, objection: Objection) -> Answer:
    return Answer(claim=claim, refused=objection.code, refused_detail=guard.detail(objection))


def _carry_out(job: Job) -> None:
    met.remember(job.site.home, job.manifest)
    sheets.remember(job.site.home, job.manifest)
    said = answer(job)
    if isinstance(said, Objection):
        _note_refusal(job.held.job, said)
        said = _refusal(job.held.claim, said)
    telling.tell(job.site.home, job.site.door)
    deliver(job.site, job.manifest.job, said, job.held, job.manifest.run)
    job.site.outbox.drop_answer(job.manifest.job)
    logger.info("job %s is answered", job.manifest.job)


def _put_down(site: Site, held: Holding, code: Failure) -> None:
    """On purpose: the work so far lies in a checkpoint or in the outbox."""
    logger.info("job %s is put down: %s", held.job, code)
    if code in _ANSWERED:
        _say_once(lambda: site.door.answer(held.job, Answer(claim=held.claim, failed=code)))
    else:
        _say_once(lambda: site.door.nack(held.job, held.claim, code))


def _fail(site: Site, held: Holding, error: BaseException) -> None:
    logger.error("job %s failed", held.job, exc_info=error)
    code = code_of(error)
    try:
        if isinstance(code, Refusal):
            said = Answer(claim=held.claim, refused=code)
            persist(lambda: site.door.answer(held.job, said), held)
        elif code in _ANSWERED:
            said = Answer(claim=held.claim, failed=code)
            persist(lambda: site.door.answer(held.job, said), held)
        else:
            _say_once(lambda: site.door.nack(held.job, held.claim, code))
    except (JobStopped, HubFault, DiskFull) as fault:
        logger.warning("job %s: its end could not be told: %s", held.job, fault)


def _say_once(say: Any) -> None:
    """Silence is safe too: the lease runs out and the hub hands the job out again."""
    try:
        say()
    except (HubFault, DiskFull) as error:
        logger.warning("not told: %s", error)


def code_of(error: BaseException) -> Failure | Refusal:
    """The one word the hub learns."""
    from worker.learning.faults import LearningFault

    if isinstance(error, LearningFault):
        return error.code
    if isinstance(error, UpdateRefused):
        return error.failure
    if isinstance(error, ObjectMismatch):
        return Failure.OBJECT_MISMATCH
    if files.is_full(error):
        return Failure.DISK_FULL
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return Failure.OUT_OF_MEMORY
    if isinstance(error, RuntimeError) and "allocate memory" in str(error):
        return Failure.OUT_OF_MEMORY
    return Failure.UNEXPECTED
