"""A file read twice on its way into a store, for its digest and for its bytes, telling how far both are."""

import hashlib
import os
from collections.abc import Callable
from typing import IO, BinaryIO

from worker.protocol.meter import watched

Told = Callable[[int, int], None]
"""(bytes read so far, of how many): twice the file's size."""


def silent(done: int, whole: int) -> None:
    """Nobody waits."""


def digest_of(file: BinaryIO, told: Told) -> str:
    """SHA-256. The first reading."""
    size = os.fstat(file.fileno()).st_size
    first = watched(file, lambda at: told(at, 2 * size))
    return hashlib.file_digest(first, "sha256").hexdigest()


def read_again(file: BinaryIO, told: Told) -> IO[bytes]:
    """From its start, for the second reading."""
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    return watched(file, lambda at: told(size + at, 2 * size))
