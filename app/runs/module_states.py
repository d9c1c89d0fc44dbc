"""The shared model's states as rows: written once per round and module, whoever writes twice writes the same."""

from sqlalchemy.orm import Session

from app.clock import now
from app.ids import new_id
from app.runs import queries
from app.runs.models import ModuleState


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
            created=now(),
        )
    )
    session.flush()
