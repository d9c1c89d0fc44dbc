"""What a fixture made in an empty database, as rows: made by the services once in a while, and laid into other empty
databases meanwhile. What is older than `FRESH_S` is made anew, so no fixture ages.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from app.db import Base, Database

T = TypeVar("T")
FRESH_S = 30.0
Rows = tuple[tuple[str, Any], ...]
"""Table to its rows: tuples at SQLite, the bytes of COPY at PostgreSQL. Nothing is changed on the way."""


@dataclass(frozen=True)
class Kept:
    made: float
    rows: Rows
    answer: Any


_kept: dict[tuple[str, object], Kept] = {}


def laid(database: Database, name: object, make: Callable[[Session], T]) -> T:
    """The answer of `make(session)`, and its rows in the empty `database`. Answers are shared: change nothing."""
    key = (database.engine.dialect.name, name)
    found = _kept.get(key)
    if found is not None and time.monotonic() - found.made < FRESH_S:
        with database.engine.begin() as connection:
            _lay(connection, found.rows)
        return found.answer  # type: ignore[no-any-return]
    with database.session() as session:
        answer = make(session)
    with database.engine.begin() as connection:
        _kept[key] = Kept(time.monotonic(), _rows(connection), answer)
    return answer


def _rows(connection: Connection) -> Rows:
    read = _copied if connection.dialect.name == "postgresql" else _selected
    found = [(table.name, read(connection, table.name)) for table in Base.metadata.sorted_tables]
    return tuple((name, rows) for name, rows in found if rows)


def _lay(connection: Connection, rows: Rows) -> None:
    if connection.dialect.name != "postgresql":
        for name, some in rows:
            places = ", ".join("?" * len(some[0]))
            connection.exec_driver_sql(f'INSERT INTO "{name}" VALUES ({places})', some)
        return
    cursor = connection.connection.cursor()
    for name, content in rows:
        with cursor.copy(f'COPY "{name}" FROM STDIN') as copy:
            copy.write(content)


def _selected(connection: Connection, name: str) -> list[tuple[Any, ...]]:
    found = connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY rowid')
    return [tuple(row) for row in found]


def _copied(connection: Connection, name: str) -> bytes:
    with connection.connection.cursor().copy(f'COPY "{name}" TO STDOUT') as copy:
        return b"".join(bytes(part) for part in copy)
