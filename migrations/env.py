"""How Alembic meets our database: the same engine as the hub's, batch mode on SQLite, both directions."""

from typing import Any, Literal

from alembic import context
from sqlalchemy import Connection

from app.db import UtcDateTime, make_engine
from app.schema import metadata


def render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """A revision names plain column types, so it still runs when our classes have changed."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


_LOCK = 7_365_012
"""Any number nobody else asks PostgreSQL for."""


def run(connection: Connection) -> None:
    """One at a time: of two replicas that start together, the second waits and finds all done.

    On SQLite the transaction itself, which begins as a writer, is the lock.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=render,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


engine = make_engine(context.config.get_main_option("sqlalchemy.url") or "")
with engine.begin() as connection:
    run(connection)
engine.dispose()
