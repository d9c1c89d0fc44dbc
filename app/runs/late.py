"""A site that was still at work when its round ended goes on: its update counts in the next round, discounted.

Its job goes over to that round (`Job.round_id`), so all that asks whom a round waits for stays right. Its manifest
still names the round and the base it started from. Only bases of the last two rounds are taken, so a job goes over
once; work that is older is withdrawn. How much a late update counts: `worker.learning.aggregation`.
A job whose update is in has only its answer left to give. It stays where it is, and its site is asked anew.
"""

from collections.abc import Collection

from sqlalchemy.orm import Session

from app.audit import kinds
from app.runs import queries
from app.runs.jobs import withdraw
from app.runs.models import Round
from app.sites import leases
from app.sites.models import Job
from app.sites.states import HELD, JobState
from worker.protocol.manifest import Manifest


def end_unbegun(session: Session, round_: Round) -> None:
    """With its round ends what no site has begun: it is asked anew in the next one, from the newer base."""
    for job in queries.unsent_training(session, round_.id):
        if job.state is JobState.WAITING:
            withdraw(session, job)


def end_all(session: Session, run_id: str, number: int) -> None:
    """After the last round nothing can go over."""
    last = queries.round_numbered(session, run_id, number)
    for job in () if last is None else queries.unsent_training(session, last.id):
        withdraw(session, job)


def carry_over(session: Session, round_: Round, eligible: Collection[str]) -> frozenset[str]:
    """Sites whose job from the round before is now this round's. What else is open of that round is withdrawn."""
    before = queries.round_numbered(session, round_.run_id, round_.number - 1)
    if before is None:
        return frozenset()
    carried = set()
    for job in queries.unsent_training(session, before.id):
        if job.site_id in eligible and may_go_on(job, before):
            job.round_id = round_.id
            body = {"run": round_.run_id, "round_id": round_.id, "number": round_.number}
            leases.note(session, "hub", kinds.JOB_CARRIED_OVER, job, **body)
            carried.add(job.site_id)
        else:
            withdraw(session, job)
    session.flush()
    return frozenset(carried)


def may_go_on(job: Job, ended: Round) -> bool:
    """Begun in this very round and held by its site, which nobody has told to stop."""
    own = Manifest.model_validate_json(job.manifest["payload"]).round == ended.number
    return own and job.state in HELD and not job.cancel_asked


def bases(session: Session, round_: Round) -> dict[str, frozenset[str]]:
    """Module to the digests an update of this round may start from: its own base, and that of the round before."""
    found = {module: {digest} for module, digest in round_.base.items()}
    before = queries.round_numbered(session, round_.run_id, round_.number - 1)
    if before is not None:
        for module, digest in before.base.items():
            found.setdefault(module, set()).add(digest)
    return {module: frozenset(digests) for module, digests in found.items()}
