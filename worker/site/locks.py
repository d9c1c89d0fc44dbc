"""One program of a kind in a site's folder: a lock that ends with its process, and a line that says who holds it."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from worker.site import files


@contextmanager
def hold(path: Path, said: str, busy: Exception) -> Iterator[None]:
    """`said` can be read by others meanwhile. Raises `busy` when another process holds it."""
    with files.locked(path, busy) as lock:
        os.ftruncate(lock, 0)
        os.write(lock, f"{said}\n".encode())
        yield
        os.ftruncate(lock, 0)


def holder(path: Path) -> str | None:
    """What the holder said; None where nobody holds it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.read(handle, 200).decode("ascii", "replace").strip()
    finally:
        os.close(handle)
    return None
