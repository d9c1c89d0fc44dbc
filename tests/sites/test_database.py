"""What the inbox asks of SQLite: a claim takes the write lock at once, and waits for it instead of failing."""

import threading
import time

from sqlalchemy import text

from app.db import Database


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
