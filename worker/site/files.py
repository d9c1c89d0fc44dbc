"""Writing to the site's folder: whole or not at all, flushed to the disk, private to its owner."""

import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.site.faults import DiskFull

_FULL = (errno.ENOSPC, errno.EDQUOT)
_MARGIN = 64 << 10
"""Room for the names and small records that go with a file."""


def folder(path: Path) -> Path:
    """Makes it, readable by its owner only."""
    with _full_is_named(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def require_room(path: Path, wanted: int) -> None:
    """Raises DiskFull before a byte is written. `path` is an existing folder."""
    if shutil.disk_usage(path).free < wanted + _MARGIN:
        raise DiskFull(path)


def write(path: Path, content: bytes) -> None:
    """Atomic and flushed: a reader sees the old file or the new one. Mode 0600. Raises DiskFull."""
    folder(path.parent)
    require_room(path.parent, len(content))
    with _full_is_named(path.parent):
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
        _flush_folder(path.parent)


def append(path: Path, line: bytes) -> None:
    """Adds one whole line, flushed. Several processes may. A line that does not fit is taken back."""
    with _full_is_named(path.parent):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            before = os.fstat(handle).st_size
            try:
                _write_all(handle, line)
                os.fsync(handle)
            except OSError:
                os.ftruncate(handle, before)
                raise
        finally:
            os.close(handle)


@contextmanager
def locked(path: Path, busy: Exception) -> Iterator[int]:
    """Holds the lock in this file, alone on the machine. Raises `busy` when another process does."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise busy from error
        yield handle
    finally:
        os.close(handle)


def _write_all(handle: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(handle, left) :]


def _flush_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _full_is_named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull(path) from error
        raise


def is_full(error: BaseException) -> bool:
    """Did the disk run full, whoever wrote?"""
    return isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in _FULL)
