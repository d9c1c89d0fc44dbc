"""Model parts and base models from the hub: fetched by digest, resumed, verified, kept."""

import fcntl
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from worker.protocol import limits
from worker.protocol.codec import Tensors, Unacceptable, decode
from worker.protocol.codes import TransferKind
from worker.protocol.manifest import Manifest, ModuleRef, PinnedModel
from worker.site import files
from worker.site.client import About, SignedLine
from worker.site.faults import ObjectMismatch, Refused

CACHE_BYTES = 2 << 30
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,60}\.(json|txt|safetensors)")
_BLOCK = 1 << 18
Hook = Callable[[int, int], None]
"""(bytes done, bytes in all), called for every block; may raise to stop."""


class Objects:
    """`root/ab/<digest>`; a download under way is `root/<digest>.part`."""

    def __init__(self, root: Path, line: SignedLine) -> None:
        self._root = files.folder(root)
        self._line = line

    def module(self, ref: ModuleRef, job: str, hook: Hook) -> Tensors:
        """A model part's tensors. Raises ObjectMismatch, HubFault, DiskFull."""
        content = self.path(ref.digest, ref.bytes, job, hook).read_bytes()
        try:
            return decode(content)
        except Unacceptable as error:
            raise ObjectMismatch(f"object {ref.digest[:12]}: {error}") from error

    def here(self, wanted: str) -> Path:
        """The verified file of an object that was fetched before. Raises ObjectMismatch."""
        target = self._root / wanted[:2] / wanted
        if not _kept(target, wanted):
            raise ObjectMismatch(f"object {wanted[:12]} is not on this computer")
        return target

    def path(self, wanted: str, size: int | None, job: str, hook: Hook) -> Path:
        """The verified file of an object. `size` None: known only by its digest."""
        target = self._root / wanted[:2] / wanted
        if not _kept(target, wanted):
            with self._one_lane(hook):
                if not _kept(target, wanted):
                    self._fetch(target, wanted, size, job, hook)
        return target

    @contextmanager
    def _one_lane(self, hook: Hook) -> Iterator[None]:
        """Both lanes may want the same object at once, and would write into the same unfinished file.

        The one that waits is asked to stop like the one that fetches.
        """
        with (self._root / "fetching.lock").open("w") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    hook(0, 1)
                    time.sleep(0.1)
            yield

    def _fetch(self, target: Path, wanted: str, size: int | None, job: str, hook: Hook) -> None:
        limit = limits.OBJECT_BYTES if size is None else size
        if size is not None:
            files.require_room(self._root, size)
        part = self._root / f"{wanted}.part"
        try:
            self._download(part, wanted, limit, job, hook)
        except Refused as error:
            # 416: the part is whole already, or longer than the object.
            if error.status != 416:
                raise
        if _digest_of(part) != wanted:
            part.unlink(missing_ok=True)
            raise ObjectMismatch(f"object {wanted[:12]} came with another digest")
        files.folder(target.parent)
        part.replace(target)

    def _download(self, part: Path, wanted: str, limit: int, job: str, hook: Hook) -> None:
        done = part.stat().st_size if part.is_file() else 0
        if done and done >= limit:
            part.unlink()
            done = 0
        about = About(TransferKind.HELLO, "object", job)
        with self._line.stream(f"/objects/{wanted}?job={job}", about, start=done) as response:
            if done and response.status_code != 206:
                done = 0
            with part.open("ab" if done else "wb") as out:
                for block in response.iter_raw(_BLOCK):
                    self._line.line.bandwidth.spend(len(block))
                    done += len(block)
                    if done > limit:
                        break
                    out.write(block)
                    hook(done, limit)
                out.flush()
                os.fsync(out.fileno())

    def base_model(self, folder: Path, model: PinnedModel, manifest: Manifest, hook: Hook) -> Path:
        """A folder with exactly the pinned files. Raises ObjectMismatch for a name that is no plain file name."""
        place = folder / model.digest
        for name, wanted in sorted(model.files.items()):
            if not _FILE.fullmatch(name):
                raise ObjectMismatch("a base model's file has a name that is not allowed")
            path = place / name
            if path.is_file() and _digest_of(path) == wanted:
                continue
            found = self.path(wanted, None, manifest.job, hook)
            files.folder(place)
            _link(found, path)
        return place

    def prune(self) -> None:
        """The least recently used go when the cache is over its size."""
        kept = [(p.stat().st_mtime, p.stat().st_size, p) for p in self._root.glob("??/*")]
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept):
            if total <= CACHE_BYTES:
                return
            path.unlink(missing_ok=True)
            total -= size


def _link(source: Path, target: Path) -> None:
    """One file on the disk under two names, where the file system can; else a copy."""
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        files.write(target, source.read_bytes())


def _kept(path: Path, wanted: str) -> bool:
    """Whether the whole object is there; if so, marks it as used now."""
    if not path.is_file() or _digest_of(path) != wanted:
        return False
    with suppress(OSError):
        os.utime(path)
    return True


def _digest_of(path: Path) -> str:
    state = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()
