"""Frozen text layers run once per record: their outputs stay in the site's cache.

States are stored as float16 and used from there always, so a cached run and a fresh one give the same bytes.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from worker.learning.data.records import SiteData, TaskData
from worker.learning.model.text import BESIDE, TextEncoder
from worker.learning.training.state_cache import StateCache
from worker.protocol.codec import Array
from worker.protocol.codes import Phase

ProgressHook = Callable[[Phase, int, int], None]
COMMIT_EVERY = 16


@dataclass(frozen=True)
class Stored:
    """One text, audio or image input of one task: per record the key of its states ("" = none) and their length."""

    keys: tuple[str, ...]
    lengths: Array
    cache: StateCache | None


def record_key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def text_keys(task: TaskData, cache: StateCache | None) -> tuple[Stored, ...]:
    """In sheet order. Without a cache every record counts as having no text."""
    found = []
    for texts in _read(task):
        keys = tuple(record_key(t) if t.strip() and cache is not None else "" for t in texts)
        known = cache.lengths(keys) if cache is not None else {}
        lengths = np.array([known.get(key, 0) for key in keys], np.int64)
        found.append(Stored(keys, lengths, cache))
    return tuple(found)


def has_text(data: SiteData) -> bool:
    return any(text.strip() for _, text in _texts(data))


def encode(
    encoder: TextEncoder, cache: StateCache, data: SiteData, on_progress: ProgressHook
) -> None:
    """Runs the frozen layers for every text not yet in the cache. May be stopped; what is done stays."""
    told = [(student, text, record_key(text)) for student, text in _texts(data) if text.strip()]
    cache.own((student, key) for student, _, key in told)
    texts = {key: text for _, text, key in told}
    known = cache.lengths(texts)
    missing = {key: text for key, text in texts.items() if key not in known}
    try:
        for done, (key, text) in enumerate(missing.items(), start=1):
            cache.put(key, encoder.below(text))
            if done % COMMIT_EVERY == 0:
                cache.commit()
            on_progress(Phase.ENCODING, done, len(missing))
    finally:
        cache.commit()


def _texts(data: SiteData) -> Iterable[tuple[str, str]]:
    """(student, text), in order of task, input and record."""
    for name in sorted(data.tasks):
        task = data.tasks[name]
        for texts in _read(task):
            for student, text in zip(task.student, texts, strict=True):
                yield str(student), text


def _read(task: TaskData) -> Iterable[list[str]]:
    """Per text that the model reads: n strings. One beside another stands behind it, if the record has both."""
    none = [""] * len(task.label)
    for one in task.sheet.texts:
        texts = task.text.get(one.name) or none
        if one.beside is None:
            yield [text.replace(BESIDE, " ") for text in texts]
            continue
        first = task.text.get(one.beside) or none
        both = zip(first, texts, strict=True)
        yield [_beside(before, text) if text.strip() else "" for before, text in both]


def _beside(before: str, text: str) -> str:
    parts = [part.replace(BESIDE, " ") for part in (before, text) if part.strip()]
    return BESIDE.join(parts)
