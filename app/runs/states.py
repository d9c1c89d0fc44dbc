"""States of a run, a round, and a site's part in a round."""

from enum import StrEnum


class RunState(StrEnum):
    DRAFT = "draft"
    PROPOSED = "proposed"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


RUN_TRANSITIONS: dict[RunState, frozenset[RunState]] = {
    RunState.DRAFT: frozenset({RunState.PROPOSED, RunState.CANCELLED}),
    RunState.PROPOSED: frozenset({RunState.APPROVED, RunState.CANCELLED}),
    RunState.APPROVED: frozenset({RunState.RUNNING, RunState.CANCELLED, RunState.FAILED}),
    RunState.RUNNING: frozenset(
        {RunState.PAUSED, RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}
    ),
    RunState.PAUSED: frozenset({RunState.RUNNING, RunState.CANCELLED}),
    RunState.COMPLETED: frozenset(),
    RunState.FAILED: frozenset(),
    RunState.CANCELLED: frozenset(),
}
RUN_ENDED: frozenset[RunState] = frozenset(
    {RunState.COMPLETED, RunState.FAILED, RunState.CANCELLED}
)


class RoundState(StrEnum):
    """A clear round skips the secure stages; they arrive with secure aggregation."""

    TRAINING = "training"
    AGGREGATING = "aggregating"
    CLOSED = "closed"
    VOID = "void"


ROUND_TRANSITIONS: dict[RoundState, frozenset[RoundState]] = {
    RoundState.TRAINING: frozenset({RoundState.AGGREGATING, RoundState.VOID}),
    RoundState.AGGREGATING: frozenset({RoundState.CLOSED, RoundState.VOID}),
    RoundState.CLOSED: frozenset(),
    RoundState.VOID: frozenset(),
}


class UpdateState(StrEnum):
    RECEIVED = "received"
    TAKEN = "taken"
    REFUSED = "refused"
    DELETED = "deleted"


UPDATE_TRANSITIONS: dict[UpdateState, frozenset[UpdateState]] = {
    UpdateState.RECEIVED: frozenset({UpdateState.TAKEN, UpdateState.REFUSED}),
    UpdateState.TAKEN: frozenset({UpdateState.DELETED}),
    UpdateState.REFUSED: frozenset({UpdateState.DELETED}),
    UpdateState.DELETED: frozenset(),
}


class Choice(StrEnum):
    APPROVE = "approve"
    DECLINE = "decline"


class VoidReason(StrEnum):
    """Why a round was void. The page's sentence is made from it."""

    NO_QUORUM_BY_DEADLINE = "no-quorum-by-deadline"
    NO_QUORUM_LEFT = "no-quorum-left"
    TOO_FEW_USABLE = "too-few-usable"
    RUN_ENDED = "run-ended"


class FailReason(StrEnum):
    """Why a run failed."""

    VOID_ROUNDS = "void-rounds"
    NO_CLOSED_ROUND = "no-closed-round"
    CANNOT_PREPARE = "cannot-prepare"
