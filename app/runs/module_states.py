"""The shared model's states as rows: written once per round and module, whoever writes twice writes the same."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.clock import now
from app.ids import new_id
from app.runs import queries
from app.runs.models import ModuleState
from worker.protocol.kept import NO_ROWS, Kept, KeptRows


def keep(
    session: Session,
    run_id: str,
    number: int,
    module: str,
    *,
    digest: str,
    size: int,
    sites: int,
    held: bool,
    kept: KeptRows = NO_ROWS,
) -> None:
    """Does nothing when the row is there."""
    if any(s.module == module for s in queries.states_of_round(session, run_id, number)):
        return
    session.add(
        ModuleState(
            id=new_id("state"),
            run_id=run_id,
            round=number,
            module=module,
            digest=digest,
            bytes=size,
            sites=sites,
            held=held,
            kept=kept.model_dump(mode="json") if kept else {},
            created=now(),
        )
    )
    session.flush()


def kept_now(session: Session, run_id: str) -> Kept:
    """What stays at the sites after the run's newest round."""
    return kept_after(session, run_id, queries.next_number(session, run_id) - 1)


def kept_after(session: Session, run_id: str, number: int) -> Kept:
    """What stays at the sites after round `number`."""
    return kept(queries.states_after(session, run_id, number))


def kept(states: Mapping[str, ModuleState]) -> Kept:
    """What of these states stays at the sites."""
    return {
        name: KeptRows.model_validate(state.kept)
        for name, state in sorted(states.items())
        if state.kept
    }
