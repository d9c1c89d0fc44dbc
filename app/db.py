"""Engine, session, base class. Only edges commit; services flush.

SQLite runs in WAL mode and every transaction begins IMMEDIATE, so two writers wait instead of failing late.
"""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Enum,
    MetaData,
    String,
    create_engine,
    event,
)
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from app.effects import Effect, take

log = logging.getLogger(__name__)

THREADS = 12
"""On which a web process answers pages and programs; more requests wait their turn. One may hold two connections (it
reads, and writes down that it did), and the site door has threads of its own: with fewer connections than all of them
may want, those that hold one would wait for each other."""
_IDLE_S = 1.0


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python on every database. Refuses naive values."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def by_value(kind: type[StrEnum], name: str = "") -> Enum:
    """An enum column stored by value, as text with a check, so a rename in code is no migration. `name`: of the
    check, where a table has two columns of one kind."""
    return Enum(
        kind,
        values_callable=lambda members: [m.value for m in members],
        native_enum=False,
        create_constraint=True,
        length=40,
        name=name or kind.__name__.lower(),
    )


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime(),
        str: String(200),
        dict[str, Any]: JSON(),
        list[Any]: JSON(),
    }


def make_engine(url: str, **options: Any) -> Engine:
    sizes = {"pool_size": THREADS, "max_overflow": 2 * THREADS} | options
    engine = create_engine(url, **sizes)
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine)
    else:
        _ask_the_idle(engine)
    return engine


def _ask_the_idle(engine: Engine) -> None:
    """A connection that lay idle is asked whether it still lives. `pool_pre_ping` would ask the busy ones each time."""
    dialect = engine.dialect

    @event.listens_for(engine, "checkin")
    def _on_checkin(_connection: Any, record: Any) -> None:
        record.info["idle since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        since = record.info.get("idle since")
        if since is None or time.monotonic() - since < _IDLE_S:
            return
        try:
            dialect.do_ping(connection)
        except dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we begin ourselves, below
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=15000")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        options = connection.get_execution_options()
        if not options.get("one_statement", False):
            reading = options.get("read_only", False)
            connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


COUNTRY = "country"


def hub_country(session: Session) -> str:
    """Two letters, as the operator set them; empty where nobody did."""
    return str(session.info.get(COUNTRY, ""))


class Database:
    """An engine and its sessions: writing ones, and reading ones that never block a writer.

    `dispatch` receives the effects of a transaction after it committed. Its errors are logged and swallowed:
    the data are safe, and the sweep finds what was not sent. `before_commit` may turn effects into rows.
    """

    def __init__(self, url: str, country: str = "", **options: Any) -> None:
        """`country`: where this hub stands, which laws ask (`hub_country`)."""
        self.engine = make_engine(url, **options)
        self.dispatch: Callable[[Effect], None] | None = None
        self.before_commit: Callable[[Session], None] | None = None
        told = {COUNTRY: country}
        self._write = sessionmaker(self.engine, expire_on_commit=False, info=told)
        alone: dict[str, Any] = {}
        if self.engine.dialect.name == "postgresql":
            # READ COMMITTED shows each statement the newest rows anyway: BEGIN and ROLLBACK would only cost two trips
            alone = {"isolation_level": "AUTOCOMMIT"}
        reading = self.engine.execution_options(read_only=True, **alone)
        self._read = sessionmaker(reading, expire_on_commit=False, info=told)
        self._alone = self.engine.execution_options(one_statement=True, **alone)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """Commits when the block ends well, rolls back when it raises; then sends the effects."""
        with self._write() as session:
            with session.begin():
                yield session
                if self.before_commit is not None:
                    self.before_commit(session)
            effects = take(session)
        self.send(effects)

    def send(self, effects: list[Effect]) -> None:
        if self.dispatch is None:
            return
        for effect in effects:
            try:
                self.dispatch(effect)
            except Exception:
                log.warning("an effect was not sent: %s", type(effect).__name__, exc_info=True)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """For pages and polls. Writing through it is a bug: nothing is committed."""
        with self._read() as session:
            yield session

    @contextmanager
    def one_statement(self) -> Iterator[Connection]:
        """For a single statement, a writing one too, that is its own transaction: one trip instead of three."""
        with self._alone.connect() as connection:
            yield connection
            connection.commit()
