"""SQL statements, counted where the driver is called."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from app.db import Database


@contextmanager
def statements(database: Database) -> Iterator[list[str]]:
    """Fills the list with the text of every statement until the block ends; without what begins a transaction, and
    without 'last seen', which is written once a minute."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, text: str, *_rest: object) -> None:
        if not text.startswith(("BEGIN", "UPDATE browser_session")):
            seen.append(text)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
