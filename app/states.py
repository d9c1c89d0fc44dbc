"""State machines as tables, applied by conditional UPDATE: two workers cannot both move a row."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.db import Base
from app.errors import IllegalTransition

Table = Mapping[Any, frozenset[Any]]


def allowed_from(table: Table, target: StrEnum) -> frozenset[Any]:
    """Every state from which `target` may be reached in one step."""
    return frozenset(source for source, targets in table.items() if target in targets)


def try_move(
    session: Session,
    table: Table,
    row: Base,
    column: InstrumentedAttribute[Any],
    target: StrEnum,
    **values: Any,
) -> bool:
    """Move `row` to `target` if it still stands where the table allows it. False if another was first."""
    session.flush()
    model = type(row)
    key = model.id == row.id  # type: ignore[attr-defined]
    statement = (
        update(model)
        .where(key, column.in_(list(allowed_from(table, target))))
        .values({column.key: target, **values})
        .returning(model)
        .execution_options(synchronize_session=False, populate_existing=True)
    )
    moved = session.scalars(statement).first() is not None  # fills `row` too: it is the same one
    if not moved:
        session.refresh(row)
    return moved


def move(
    session: Session,
    table: Table,
    row: Base,
    column: InstrumentedAttribute[Any],
    target: StrEnum,
    **values: Any,
) -> None:
    """As `try_move`, but raises IllegalTransition."""
    before = getattr(row, column.key)
    if not try_move(session, table, row, column, target, **values):
        raise IllegalTransition(
            f"This is {getattr(row, column.key).value} and cannot become {target.value}.",
            state=getattr(row, column.key).value,
            before=before.value,
        )
