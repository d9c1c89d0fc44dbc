"""Progress for a person at a terminal: what is done, how far, how long the rest takes. And a stream that tells how far
it was read."""

import io
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, TextIO

from worker.protocol.pace import Pace, in_words

Told = Callable[[str, int, int], None]
"""(what is done, as a sentence for people; how much of it; of how much)."""


def silent(what: str, done: int, whole: int) -> None:
    """Nobody waits."""


_TERMINAL_S, _LOG_S = 0.2, 15.0
_BLOCK = 1 << 20


class Meter:
    """One line that is written over; where no terminal reads, a line every 15 seconds. `with Meter() as meter:`"""

    def __init__(
        self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._out = sys.stderr if out is None else out
        self._live = self._out.isatty()
        self._pace = Pace()
        self._clock = clock
        self._said_at = clock()
        self._width = 0

    def __enter__(self) -> "Meter":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """What follows begins on an empty line."""
        if self._width:
            self._out.write("\r" + " " * self._width + "\r")
            self._out.flush()

    def told(self, what: str, done: int, whole: int) -> None:
        now = self._clock()
        left = self._pace.left(what, done, whole, now)
        if now - self._said_at < (_TERMINAL_S if self._live else _LOG_S) or not whole:
            return
        self._said_at = now
        self._say(f"{what}: {min(100 * done // whole, 100)} %, {in_words(left)}")

    def _say(self, line: str) -> None:
        if self._live:
            self._out.write("\r" + line.ljust(self._width))
            self._width = len(line)
        else:
            self._out.write(line + "\n")
        self._out.flush()


class _Counting(io.RawIOBase):
    def __init__(self, given: IO[bytes], told: Callable[[int], None]) -> None:
        self._given, self._told = given, told

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._given.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._given.seek(offset, whence)

    def tell(self) -> int:
        return self._given.tell()

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        block = self._given.read(len(buffer))
        buffer[: len(block)] = block
        self._told(self._given.tell())
        return len(block)


def watched(given: IO[bytes], told: Callable[[int], None]) -> io.BufferedReader:
    """`given`, which tells at each block how far it was read. Closing it leaves `given` open."""
    return io.BufferedReader(_Counting(given, told), _BLOCK)
