"""Recordings and images made ready once: log-mel frames and pixels, kept beside the frozen states of texts.

They are keyed by what the file holds, so a recording changed under the same name is read anew.
"""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from worker.learning.data import perceived
from worker.learning.data.records import Media, SiteData, TaskData
from worker.learning.training.frozen import COMMIT_EVERY, ProgressHook, Stored
from worker.learning.training.state_cache import StateCache
from worker.protocol.codec import Array
from worker.protocol.codes import Phase
from worker.protocol.tasks import Input


class Perceived:
    """One state cache for each form in which recordings or images are read."""

    def __init__(self, folder: Path, data: SiteData) -> None:
        forms = {_form(one) for task in data.tasks.values() for one, _media in _inputs(task)}
        self._caches = {form: StateCache(folder, form, 0) for form in sorted(forms)}

    def prepare(self, data: SiteData, on_progress: ProgressHook) -> None:
        """Reads every file that was not read before. May be stopped; what is done stays."""
        missing = sorted(dict(self._missing(data)).items())
        for done, ((form, digest), (one, path)) in enumerate(missing, start=1):
            cache = self._caches[form]
            try:
                cache.put(digest, _read(one, Path(path)))
                if done % COMMIT_EVERY == 0 or done == len(missing) or missing[done][0][0] != form:
                    cache.commit()  # the next form has a connection of its own
                on_progress(Phase.ENCODING, done, len(missing))
            except BaseException:
                cache.commit()
                raise

    def _missing(self, data: SiteData) -> Iterable[tuple[tuple[str, str], tuple[Input, str]]]:
        for task in data.tasks.values():
            for one, media in _inputs(task):
                cache = self._caches[_form(one)]
                owned = zip(task.student, media.digests, strict=True)
                cache.own((str(student), digest) for student, digest in owned if digest)
                known = cache.lengths(media.digests)
                for path, digest in zip(media.paths, media.digests, strict=True):
                    if digest and digest not in known:
                        yield (_form(one), digest), (one, path)

    def stored(self, task: TaskData, kind: str) -> tuple[Stored, ...]:
        """The inputs of this kind, in sheet order."""
        found = []
        for one, media in _inputs(task):
            if one.kind == kind:
                cache = self._caches[_form(one)]
                known = cache.lengths(media.digests)
                lengths = np.array([known.get(key, 0) for key in media.digests], np.int64)
                scale = (one.mean, one.sd) if kind == "audio" else (0.0, 1.0)
                found.append(Stored(media.digests, lengths, cache, *scale))
        return tuple(found)

    def close(self) -> None:
        for cache in self._caches.values():
            cache.close()


def _inputs(task: TaskData) -> Iterable[tuple[Input, Media]]:
    for one in task.sheet.inputs:
        if one.name in task.media:
            yield one, task.media[one.name]


def _form(one: Input) -> str:
    return f"log-mel-{one.bands}" if one.kind == "audio" else f"pixels-{one.size}"


def _read(one: Input, path: Path) -> Array:
    if one.kind == "audio":
        return perceived.log_mel(path, one.bands)
    return perceived.pixels(path, one.size)
