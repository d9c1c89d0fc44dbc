"""A cap on what a site sends and fetches per second, so that lessons keep their line."""

import threading
import time


class Bandwidth:
    """Spreads bytes over time. `kib_s` None means no cap."""

    def __init__(self, kib_s: int | None) -> None:
        self._rate = kib_s * 1024 if kib_s else None
        self._lock = threading.Lock()
        self._free_at = 0.0

    def spend(self, count: int) -> None:
        """Returns when these bytes may go."""
        if self._rate is None:
            return
        with self._lock:
            start = max(self._free_at, time.monotonic())
            self._free_at = start + count / self._rate
        wait = start - time.monotonic()
        if wait > 0:
            time.sleep(wait)
