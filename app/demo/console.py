"""What the terminal shows while the demo walks: one line with a bar, or a line per step where there is no terminal."""

import sys
import time
from typing import TextIO

_WIDTH = 24


class Console:
    """`step` begins a step, `within` shows progress inside it."""

    def __init__(self, total: int, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._total = total
        self._number = 0
        self._title = ""
        self._began = time.monotonic()
        self._shown = ""
        self._live = self._out.isatty()

    def say(self, text: str) -> None:
        """A line of its own, that stays."""
        if self._shown and self._live:
            self._out.write("\r\x1b[K")
            self._shown = ""
        self._out.write(text + "\n")
        self._out.flush()

    def step(self, number: int, title: str) -> None:
        self._number, self._title = number, title
        self._show("")

    def within(self, detail: str) -> None:
        self._show(detail)

    def end(self) -> None:
        if self._shown and self._live:
            self._out.write("\n")
            self._out.flush()
        self._shown = ""

    def _show(self, detail: str) -> None:
        share = self._number / max(self._total, 1)
        full = round(share * _WIDTH)
        bar = "#" * full + "." * (_WIDTH - full)
        seconds = int(time.monotonic() - self._began)
        words = f"{self._title}: {detail}" if detail else self._title
        if self._live:
            line = (
                f"[{bar}] {self._number}/{self._total}  {seconds // 60}:{seconds % 60:02d}  {words}"
            )
            self._out.write("\r\x1b[K" + line[:150])
        elif words != self._shown:
            self._out.write(f"{self._number}/{self._total} {words}\n")
        self._shown = words
        self._out.flush()
