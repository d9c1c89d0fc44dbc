"""No process outlives the one it works for: when that one is gone, it stops, and soon ends."""

import os
import signal
import threading
import time

from worker.site import stopping

_GRACE_S = 20.0


def watch(*, by_signal: bool = False) -> None:
    """Looks every second, on a thread. `by_signal`: stop as if SIGTERM had come, which a worker's parent heeds."""
    parent = stopping.Parent()
    threading.Thread(
        target=_until_gone, args=(parent, by_signal), name="orphan-watch", daemon=True
    ).start()


def _until_gone(parent: stopping.Parent, by_signal: bool) -> None:
    while not parent.is_gone():
        time.sleep(1)
    if by_signal:
        os.kill(os.getpid(), signal.SIGTERM)
    else:
        stopping.ask()
    time.sleep(_GRACE_S)
    os.kill(os.getpid(), signal.SIGKILL)
