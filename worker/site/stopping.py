"""The wish to stop, seen by a lane's parent and by every child it forked: one byte of shared memory."""

import mmap
import os

_shared = mmap.mmap(-1, 1)


def ask() -> None:
    """From the parent's signal handler: nothing is claimed from now on, and the running job checkpoints."""
    _shared[0] = 1


def is_asked() -> bool:
    return bool(_shared[0])


class Parent:
    """The process that started this one. A child without it has nobody to report to."""

    def __init__(self) -> None:
        self._pid = os.getppid()

    def is_gone(self) -> bool:
        return os.getppid() != self._pid
