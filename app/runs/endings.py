"""How a run comes to rest: paused between rounds, completed, failed. Cancelling is a person's act: `service`."""

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.jobs import HubTask
from app.runs import queries, words
from app.runs.models import Run
from app.runs.states import RUN_TRANSITIONS, FailReason, RoundState, RunState
from app.sites import inbox
from app.states import try_move


def pause_if_asked(session: Session, run: Run) -> bool:
    """Between rounds only."""
    if not run.pause_asked or queries.open_round(session, run.id) is not None:
        return False
    return try_move(
        session,
        RUN_TRANSITIONS,
        run,
        Run.state,
        RunState.PAUSED,
        pause_asked=False,
        changed=now(),
        reason=words.PAUSED_BY_LEAD,
    )


def finish(session: Session, run: Run) -> None:
    """After the last round: completed, and the release follows. Without one closed round: failed."""
    closed = sum(r.state is RoundState.CLOSED for r in queries.rounds(session, run.id))
    if not closed:
        fail(session, run, FailReason.NO_CLOSED_ROUND)
        return
    at = now()
    values = {"ended": at, "changed": at, "reason": "", "pause_asked": False}
    if try_move(session, RUN_TRANSITIONS, run, Run.state, RunState.COMPLETED, **values):
        federation = queries.federation_of(session, run)
        body = {"federation": federation.id, "number": run.number, "count": closed}
        record(
            session,
            "hub",
            kinds.RUN_COMPLETED,
            chain=federation.lead_id,
            subject=run.id,
            body=body,
        )
        after_commit(session, Send(HubTask.RUN_FINISH.value, (run.id,)))
        after_commit(session, Ring(f"run:{run.id}"))


def fail(session: Session, run: Run, reason: FailReason, number: int = 0) -> None:
    """Ends a run that cannot go on, and its open jobs."""
    at = now()
    values = {"ended": at, "changed": at, "reason": words.coded(reason.value, number)}
    if not try_move(session, RUN_TRANSITIONS, run, Run.state, RunState.FAILED, **values):
        return
    inbox.cancel_jobs(session, run=run.id)
    federation = queries.federation_of(session, run)
    body = {"federation": federation.id, "number": run.number, "reason": reason}
    record(session, "hub", kinds.RUN_FAILED, chain=federation.lead_id, subject=run.id, body=body)
    after_commit(session, Ring(f"run:{run.id}"))
