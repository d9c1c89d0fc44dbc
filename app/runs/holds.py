"""Row leases: one hub worker at a time combines a round or prepares a run. The broker's redelivery is no guard."""

from datetime import datetime

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from app.runs.models import Round, Run

Held = type[Round] | type[Run]


def take(
    session: Session, kind: Held, row_id: str, owner: str, at: datetime, until: datetime
) -> bool:
    """False while another holds it."""
    return _write(
        session, kind, row_id, owner, until, or_(kind.held_until.is_(None), kind.held_until < at)
    )


def renew(session: Session, kind: Held, row_id: str, owner: str, until: datetime) -> bool:
    """False when it was lost: another worker may hold it now."""
    return _write(session, kind, row_id, owner, until, kind.owner == owner)


def release(session: Session, kind: Held, row_id: str, owner: str) -> None:
    _write(session, kind, row_id, None, None, kind.owner == owner)


def _write(
    session: Session,
    kind: Held,
    row_id: str,
    owner: str | None,
    until: datetime | None,
    condition: object,
) -> bool:
    session.flush()
    done = session.execute(
        update(kind)
        .where(kind.id == row_id, condition)  # type: ignore[arg-type]
        .values(owner=owner, held_until=until)
        .execution_options(synchronize_session=False)
    )
    moved: bool = done.rowcount == 1  # type: ignore[attr-defined]
    return moved
