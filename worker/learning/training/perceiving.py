"""Recordings and images made ready once: numbers of a sound, pixels, or what a base model makes of them; kept beside
the frozen states of texts.

They are keyed by what the file holds, so a recording changed under the same name is read anew.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch

from worker.learning.data import acoustics, perceived
from worker.learning.data.records import Media, SiteData, TaskData
from worker.learning.model import layout
from worker.learning.training.frozen import COMMIT_EVERY, ProgressHook, Stored
from worker.learning.training.state_cache import StateCache
from worker.protocol.canonical import digest_of
from worker.protocol.codec import Array
from worker.protocol.codes import Phase
from worker.protocol.manifest import ModelSpec
from worker.protocol.tasks import Input

CPU = torch.device("cpu")
Read = Callable[[Input, Path], Array]


def has(data: SiteData, kind: str) -> bool:
    """Whether some record has a recording, or an image."""
    return any(
        one.kind == kind and any(media.digests)
        for task in data.tasks.values()
        for one, media in _inputs(task)
    )


class Perceived:
    """One state cache for each form in which recordings or images are read: the small encoders' own, or what a base
    model makes of them."""

    def __init__(
        self,
        folder: Path,
        data: SiteData,
        spec: ModelSpec,
        bases: layout.Bases = MappingProxyType({}),
        device: torch.device = CPU,
    ) -> None:
        self._spec, self._bases, self._device = spec, bases, device
        forms = {self._form(one) for task in data.tasks.values() for one, _media in _inputs(task)}
        self._caches = {form: StateCache(folder, form, 0) for form in sorted(forms)}

    def prepare(self, data: SiteData, on_progress: ProgressHook) -> None:
        """Reads every file that was not read before. May be stopped; what is done stays. A base model is loaded only
        if it is needed, and leaves the memory with the last of its files."""
        missing = sorted(dict(self._missing(data)).items())
        read: Read = _plain
        for done, ((form, digest), (one, path)) in enumerate(missing, start=1):
            if done == 1 or missing[done - 2][0][0] != form:
                read = self._reader(one)
            cache = self._caches[form]
            try:
                cache.put(digest, read(one, Path(path)))
                if done % COMMIT_EVERY == 0 or done == len(missing) or missing[done][0][0] != form:
                    cache.commit()  # the next form has a connection of its own
                on_progress(Phase.ENCODING, done, len(missing))
            except BaseException:
                cache.commit()
                raise

    def _reader(self, one: Input) -> Read:
        if one.modality not in self._spec.bases:
            return _plain
        from worker.learning.model import pretrained

        model = pretrained.loaded(one.modality, self._bases[one.modality], self._device)
        return lambda _one, path: model.outputs(path)

    def _missing(self, data: SiteData) -> Iterable[tuple[tuple[str, str], tuple[Input, str]]]:
        for task in data.tasks.values():
            for one, media in _inputs(task):
                form = self._form(one)
                cache = self._caches[form]
                owned = zip(task.student, media.digests, strict=True)
                cache.own((str(student), digest) for student, digest in owned if digest)
                known = cache.lengths(media.digests)
                for path, digest in zip(media.paths, media.digests, strict=True):
                    if digest and digest not in known:
                        yield (form, digest), (one, path)

    def stored(self, task: TaskData, kind: str) -> tuple[Stored, ...]:
        """The inputs of this kind, in sheet order."""
        found = []
        for one, media in _inputs(task):
            if one.kind == kind:
                cache = self._caches[self._form(one)]
                known = cache.lengths(media.digests)
                lengths = np.array([known.get(key, 0) for key in media.digests], np.int64)
                found.append(Stored(media.digests, lengths, cache))
        return tuple(found)

    def _form(self, one: Input) -> str:
        base = self._spec.bases.get(one.modality)
        if base is not None:
            return f"{one.modality}-{digest_of(base.files)}"
        if one.kind == "audio":
            scale = f"-{digest_of([one.means, one.sds])[:16]}" if one.means else ""
            return f"sound-{acoustics.VERSION}-{one.bands}-{one.mean:g}-{one.sd:g}{scale}"
        return f"pixels-{one.size}"

    def close(self) -> None:
        for cache in self._caches.values():
            cache.close()


def _inputs(task: TaskData) -> Iterable[tuple[Input, Media]]:
    for one in task.sheet.inputs:
        if one.name in task.media:
            yield one, task.media[one.name]


def _plain(one: Input, path: Path) -> Array:
    """What a small encoder reads."""
    if one.kind == "audio":
        frames = perceived.log_mel(path, one.bands)
        return acoustics.statistics(frames, one.mean, one.sd, one.means, one.sds)
    return perceived.pixels(path, one.size)
