"""A look at the site by a child process, so that nothing heavy is ever loaded here: the last answer, and its age."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from worker.site.home import VARIABLE, Home

_LONGEST_S = 600.0


@dataclass(frozen=True)
class Found:
    """`said` is what the child printed; None when it broke off."""

    at: datetime
    said: dict[str, Any] | None


class Look:
    """One kind of look in one language. At most one child at a time."""

    def __init__(self, name: str, home: Home, locale: str) -> None:
        self._command = [sys.executable, "-m", "worker.site.page.looking", name, locale]
        self._environment = {**os.environ, VARIABLE: str(home.root)}
        self._found: Found | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._done = threading.Event()

    @property
    def is_running(self) -> bool:
        with self._lock:
            return self._child is not None

    def found(self, within_s: float = 0.0, older_s: float = float("inf")) -> Found | None:
        """The last answer. Looks anew if there is none, or one older than `older_s`; waits at most `within_s`."""
        last = self._found
        if last is None or (datetime.now(UTC) - last.at).total_seconds() > older_s:
            self.start()
        if within_s and self._found is None:
            self._done.wait(within_s)
        return self._found

    def start(self, *more: str) -> None:
        """In the background; nothing if a child looks already."""
        with self._lock:
            if self._child is not None:
                return
            self._done.clear()
            # What the child prints may quote records: its errors are no lines for a log.
            self._child = subprocess.Popen(
                [*self._command, *more],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
            threading.Thread(target=self._read, args=(self._child,), daemon=True).start()

    def _read(self, child: "subprocess.Popen[bytes]") -> None:
        said = None
        try:
            content, _nothing = child.communicate(timeout=_LONGEST_S)
            said = json.loads(content) if child.returncode == 0 else None
        except (subprocess.TimeoutExpired, ValueError):
            child.kill()
            child.wait()
        with self._lock:
            self._found, self._child = Found(datetime.now(UTC), said), None
            self._done.set()

    def close(self) -> None:
        with self._lock:
            if self._child is not None:
                self._child.kill()


def wait_until_done(look: Look, seconds: float) -> None:
    """For a form whose page shows the new answer."""
    end = time.monotonic() + seconds
    while look.is_running and time.monotonic() < end:
        time.sleep(0.05)
