"""What the inbox asks of SQLite: a claim takes the write lock at once, and waits for it instead of failing."""

import threading
import time

import pytest
from sqlalchemy import text, update

import app.db
from app.db import Database
from app.sites.models import Site


def test_two_writers_wait_for_each_other(sqlite_url: str) -> None:
    """`BEGIN IMMEDIATE`: a transaction that read first could not become a writer while another one writes."""
    db = Database(sqlite_url)
    held, order = threading.Event(), []

    def first() -> None:
        with db.session() as session:
            session.execute(text("select count(*) from job")).scalar()
            held.set()
            time.sleep(1)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    held.wait(5)
    began = time.monotonic()
    with db.session() as session:
        session.execute(text("select count(*) from job")).scalar()
        order.append("second")
    assert time.monotonic() - began > 0.5
    thread.join()
    assert order == ["first", "second"]
    with db.reading() as session:
        assert session.execute(text("PRAGMA busy_timeout")).scalar() == 15_000
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    db.engine.dispose()


def test_a_reader_is_not_kept_out_by_a_writer(sqlite_url: str) -> None:
    db = Database(sqlite_url)
    with db.session(), db.reading() as session:
        began = time.monotonic()
        session.execute(text("select count(*) from job")).scalar()
        assert time.monotonic() - began < 1
    db.engine.dispose()


@pytest.mark.postgres
def test_connections_that_died_while_idle_are_replaced(postgres_url, monkeypatch):
    """As after a restart of the database: the next transaction asks first, and none of them fails."""
    monkeypatch.setattr(app.db, "_IDLE_S", 0.0)
    database, other = Database(postgres_url), Database(postgres_url)
    with database.session() as one, database.session() as two:
        own = [session.scalar(text("SELECT pg_backend_pid()")) for session in (one, two)]
    with other.session() as session:
        ending = text("SELECT pg_terminate_backend(pid) FROM unnest(:own) AS pid")
        session.execute(ending, {"own": own})
    with database.session() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) not in own
    with database.reading() as session:
        assert session.scalar(text("SELECT pg_backend_pid()")) not in own


def test_one_statement_is_kept_without_a_transaction_around_it(db, enrolled):
    with db.one_statement() as connection:
        connection.execute(update(Site).where(Site.id == enrolled.site).values(name="Renamed"))
    with db.reading() as session:
        assert session.get_one(Site, enrolled.site).name == "Renamed"
    with pytest.raises(ZeroDivisionError), db.one_statement():
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), db.session() as session:  # again a transaction
        session.execute(update(Site).where(Site.id == enrolled.site).values(name="Lost"))
        raise ZeroDivisionError
    with db.reading() as session:
        assert session.get_one(Site, enrolled.site).name == "Renamed"
