"""`collegium-site run`: keeps the two lanes running, passes signals on, starts a dead lane again with back-off.

This process starts programs and waits. It imports neither Celery nor the learning core.
"""

import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from gettext import gettext as _
from pathlib import Path
from types import FrameType

from worker.protocol.codes import Lane
from worker.site import files
from worker.site.faults import SiteFault
from worker.site.home import VARIABLE, Home

logger = logging.getLogger(__name__)

STOP_S = 60.0
"""How long lanes get to checkpoint and give their job back."""
_HEALTHY_S = 60.0
_LONGEST_WAIT_S = 60.0
_LOG_BYTES = 5 << 20
_KEPT_LOGS = 3


@dataclass
class _Lane:
    """One lane's process, and when it may be started again."""

    lane: Lane
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    wait: float = 1.0


class Supervisor:
    """Runs until it is told to stop. `say` gets sentences for the terminal."""

    def __init__(self, home: Home, say: Callable[[str], None]) -> None:
        self._home = home
        self._say = say
        self._lanes = [_Lane(lane) for lane in Lane]
        self._stop = False

    def run(self) -> None:
        """Raises SiteFault if another one runs in this folder."""
        busy = SiteFault(
            _("This site is running already (folder {folder}).").format(folder=self._home.root)
        )
        with files.locked(self._home.root / "run.lock", busy) as lock:
            os.ftruncate(lock, 0)
            os.write(lock, f"{os.getpid()}\n".encode())
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
                signal.signal(number, self._on_signal)
            files.folder(self._home.logs)
            try:
                while not self._stop:
                    self._look()
                    time.sleep(0.2)
            finally:
                self._end()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stop = True

    def _look(self) -> None:
        for lane in self._lanes:
            if lane.process is not None and lane.process.poll() is not None:
                self._note_death(lane, lane.process.returncode)
            if lane.process is None and time.monotonic() >= lane.start_at:
                self._start(lane)

    def _start(self, lane: _Lane) -> None:
        path = self._home.logs / f"{lane.lane}.log"
        _rotate(path)
        command = [sys.executable, "-m", "worker.site.lane", lane.lane.value]
        environment = {**os.environ, VARIABLE: str(self._home.root)}
        with path.open("ab") as log:
            # A session of its own: Ctrl-C reaches the lanes through this process only, as SIGTERM.
            lane.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        lane.started = time.monotonic()

    def _note_death(self, lane: _Lane, code: int) -> None:
        healthy = time.monotonic() - lane.started > _HEALTHY_S
        lane.wait = 1.0 if healthy else min(lane.wait * 2, _LONGEST_WAIT_S)
        lane.process, lane.start_at = None, time.monotonic() + lane.wait
        self._say(
            _(
                "Lane {lane} ended with code {code}; it starts again in {wait:.0f} s. Its log: {log}"
            ).format(lane=lane.lane, code=code, wait=lane.wait, log=self._home.logs)
        )

    def _end(self) -> None:
        running = [lane.process for lane in self._lanes if lane.process is not None]
        for process in running:
            process.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(end - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                # Its session holds the lane and the child it forked.
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def is_running(home: Home) -> bool:
    """Does a supervisor hold the folder's lock?"""
    try:
        handle = os.open(home.root / "run.lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _rotate(path: Path) -> None:
    if not path.is_file() or path.stat().st_size < _LOG_BYTES:
        return
    for number in range(_KEPT_LOGS - 1, 0, -1):
        older = path.with_suffix(f".log.{number}")
        if older.is_file():
            older.replace(path.with_suffix(f".log.{number + 1}"))
    path.replace(path.with_suffix(".log.1"))
