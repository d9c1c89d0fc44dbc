"""Outputs of frozen layers on the site's disk, by record, model, layer and limit; and whose record each is.

One private SQLite file. It is a cache: a lost or broken one costs time, nothing else.
"""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from worker.protocol.codec import Array

FILE = "frozen-states.sqlite"
_FORMAT = 2
_AT_ONCE = 2000
"""Keys in one statement: SQLite takes 32,766."""
_TABLES = (
    "CREATE TABLE states (record TEXT, model TEXT, layer INTEGER, most INTEGER, tokens INTEGER,"
    " body BLOB, PRIMARY KEY (record, model, layer, most))",
    "CREATE TABLE owners (student TEXT, record TEXT, PRIMARY KEY (student, record)) WITHOUT ROWID",
    "CREATE INDEX owners_by_record ON owners (record)",
    f"PRAGMA user_version = {_FORMAT}",
)


class StateCache:
    """States of one model (its digest) cut at `layer`, of records cut at `most` tokens (0: not cut)."""

    def __init__(self, folder: Path, model: str, layer: int, most: int = 0) -> None:
        self._db = _opened(folder)
        self._of = (model, layer, most)

    def get(self, records: Iterable[str]) -> dict[str, Array]:
        """Record to (tokens, hidden) float16; one that is not here is absent."""
        found: dict[str, Array] = {
            record: np.frombuffer(body, np.float16).reshape(tokens, -1)
            for record, tokens, body in self._read("record, tokens, body", records)
        }
        return found

    def lengths(self, records: Iterable[str]) -> dict[str, int]:
        """Record to tokens; one that is not here is absent."""
        return {record: int(tokens) for record, tokens in self._read("record, tokens", records)}

    def _read(self, columns: str, records: Iterable[str]) -> Iterable[tuple[Any, ...]]:
        wanted = sorted(set(records))
        for start in range(0, len(wanted), _AT_ONCE):
            some = wanted[start : start + _AT_ONCE]
            yield from self._db.execute(
                f"SELECT {columns} FROM states WHERE model = ? AND layer = ? AND most = ?"  # noqa: S608
                f" AND record IN ({','.join('?' * len(some))})",
                (*self._of, *some),
            )

    def own(self, pairs: Iterable[tuple[str, str]]) -> None:
        """(student pseudonym, record): said and committed before a record's states are put."""
        self._db.executemany("INSERT OR IGNORE INTO owners VALUES (?, ?)", sorted(set(pairs)))
        self._db.commit()

    def put(self, record: str, states: Array) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO states VALUES (?, ?, ?, ?, ?, ?)",
            (record, *self._of, states.shape[0], states.astype(np.float16).tobytes()),
        )

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.close()


def forget(folder: Path, students: Sequence[str]) -> int:
    """Deletes what is kept of these students, of every model, and overwrites it; a record that another student
    shares stays until the last one goes. Returns how many states went. Must follow after the last job that
    reads these students' records, else that job encodes them again."""
    if not (folder / FILE).is_file():
        return 0
    db = _opened(folder)
    try:
        db.executemany("DELETE FROM owners WHERE student = ?", [(one,) for one in set(students)])
        gone = db.execute(
            "DELETE FROM states WHERE record NOT IN (SELECT record FROM owners)"
        ).rowcount
        db.commit()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return int(gone)
    finally:
        db.close()


def _opened(folder: Path) -> sqlite3.Connection:
    """A file that is no database of this format is made anew."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return _connected(folder / FILE)
    except sqlite3.OperationalError:
        raise
    except sqlite3.DatabaseError:
        for end in ("", "-wal", "-shm"):
            (folder / f"{FILE}{end}").unlink(missing_ok=True)
        return _connected(folder / FILE)


def _connected(path: Path) -> sqlite3.Connection:
    """The file is private from its first byte; SQLite gives its log the same rights."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)
    db = sqlite3.connect(path, timeout=60)
    try:
        for setting in ("page_size = 16384", "journal_mode = WAL", "synchronous = NORMAL"):
            db.execute(f"PRAGMA {setting}")
        db.execute("PRAGMA secure_delete = ON")
        _make(db)
    except sqlite3.Error:
        db.close()
        raise
    return db


def _make(db: sqlite3.Connection) -> None:
    db.execute("BEGIN IMMEDIATE")
    (found,) = db.execute("PRAGMA user_version").fetchone()
    if found not in (0, _FORMAT):
        raise sqlite3.DatabaseError(f"format {found} of another version")
    if found == 0:
        for statement in _TABLES:
            db.execute(statement)
    db.commit()
