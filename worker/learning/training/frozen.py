"""Frozen text layers run once: their outputs stay on the site's disk, keyed by model, record and layer.

States are stored as float16 and used from there always, so a cached run and a fresh one give the same bytes.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from worker.learning.data.records import SiteData, TaskData
from worker.learning.model.text import MAX_TOKENS, TextEncoder
from worker.protocol.codec import Array
from worker.protocol.codes import Phase

ProgressHook = Callable[[Phase, int, int], None]
COMMIT_EVERY = 64


class StateCache:
    """One SQLite file in the site's cache folder. A lost or broken cache costs time, nothing else."""

    def __init__(self, folder: Path, model: str, layer: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(folder / "frozen-text.sqlite", timeout=60)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS states (key TEXT PRIMARY KEY, tokens INTEGER, body BLOB)"
        )
        self._prefix = f"{model}|{layer}|{MAX_TOKENS}|"

    def get(self, record: str) -> Array | None:
        """(tokens, hidden) float16."""
        row = self._db.execute(
            "SELECT tokens, body FROM states WHERE key = ?", (self._prefix + record,)
        ).fetchone()
        if row is None:
            return None
        found: Array = np.frombuffer(row[1], np.float16).reshape(row[0], -1)
        return found

    def length(self, record: str) -> int | None:
        row = self._db.execute(
            "SELECT tokens FROM states WHERE key = ?", (self._prefix + record,)
        ).fetchone()
        return None if row is None else int(row[0])

    def put(self, record: str, states: Array) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO states VALUES (?, ?, ?)",
            (self._prefix + record, states.shape[0], states.astype(np.float16).tobytes()),
        )

    def commit(self) -> None:
        self._db.commit()

    def close(self) -> None:
        self._db.close()


@dataclass(frozen=True)
class TextKeys:
    """One text input of one task: per record the key of its states ("" = no text) and their length."""

    keys: tuple[str, ...]
    lengths: Array


def record_key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_keys(task: TaskData, cache: StateCache | None) -> tuple[TextKeys, ...]:
    """In sheet order. Without a cache every record counts as having no text."""
    found = []
    for column in task.sheet.inputs:
        if column.kind != "text":
            continue
        texts = task.text.get(column.name) or [""] * len(task.label)
        keys = tuple(record_key(t) if t.strip() and cache is not None else "" for t in texts)
        lengths = [cache.length(key) or 0 if key and cache is not None else 0 for key in keys]
        found.append(TextKeys(keys, np.array(lengths, np.int64)))
    return tuple(found)


def has_text(data: SiteData) -> bool:
    return any(
        t.strip() for task in data.tasks.values() for texts in task.text.values() for t in texts
    )


def encode(
    encoder: TextEncoder, cache: StateCache, data: SiteData, on_progress: ProgressHook
) -> None:
    """Runs the frozen layers for every text not yet in the cache. May be stopped; what is done stays."""
    missing = [text for text in _texts(data) if cache.length(record_key(text)) is None]
    try:
        for done, text in enumerate(missing, start=1):
            cache.put(record_key(text), encoder.below(text))
            if done % COMMIT_EVERY == 0:
                cache.commit()
            on_progress(Phase.ENCODING, done, len(missing))
    finally:
        cache.commit()


def _texts(data: SiteData) -> Iterable[str]:
    return {
        text: None
        for name in sorted(data.tasks)
        for column in sorted(data.tasks[name].text)
        for text in data.tasks[name].text[column]
        if text.strip()
    }
