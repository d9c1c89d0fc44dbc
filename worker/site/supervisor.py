"""`collegium-site run`: keeps the two lanes and, where wanted, the site's page running; passes signals on; starts
what died again with back-off.

This process starts programs and waits. It imports neither Celery nor the learning core.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from worker.protocol.codes import Lane
from worker.protocol.text import _
from worker.site import files, locks
from worker.site.faults import SiteFault
from worker.site.home import VARIABLE, Home, SiteConfig

logger = logging.getLogger(__name__)

STOP_S = 60.0
"""How long lanes get to checkpoint and give their job back."""
_FAREWELL_S = 3.0
"""So long the page lives at least once it was asked to stop the site, to say that it does."""
_HEALTHY_S = 60.0
_LONGEST_WAIT_S = 60.0
_LOG_BYTES = 5 << 20
_KEPT_LOGS = 3


@dataclass
class _Program:
    """A lane or the page: its process, and when it may be started again."""

    name: str
    arguments: tuple[str, ...]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    start_at: float = 0.0
    wait: float = 1.0


_PAGE = "page"


def _programs(page: bool) -> list[_Program]:
    lanes = [_Program(lane.value, ("worker.site.lane", lane.value)) for lane in Lane]
    return [*lanes, _Program(_PAGE, ("worker.site.page",))] if page else lanes


def environment(home: Home, config: SiteConfig) -> dict[str, str]:
    """What lanes and page find around them."""
    return {**os.environ, VARIABLE: str(home.root), **config.learning}


class Supervisor:
    """Runs until it is told to stop. `say` gets sentences for the terminal."""

    def __init__(self, home: Home, say: Callable[[str], None], config: SiteConfig) -> None:
        self._home = home
        self._say = say
        self._programs = _programs(config.page)
        self._environment = environment(home, config)
        self._stop = False

    def run(self) -> None:
        """Raises SiteFault if another one runs in this folder."""
        busy = SiteFault(
            _("This site is running already (folder {folder}).").format(folder=self._home.root)
        )
        with locks.hold(self._home.run_lock, str(os.getpid()), busy):
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
        for program in self._programs:
            if program.process is not None and program.process.poll() is not None:
                self._note_death(program, program.process.returncode)
            if program.process is None and time.monotonic() >= program.start_at:
                self._start(program)

    def _start(self, program: _Program) -> None:
        path = self._home.logs / f"{program.name}.log"
        _rotate(path)
        command = [sys.executable, "-m", *program.arguments]
        with path.open("ab") as log:
            # A session of its own: Ctrl-C reaches the lanes through this process only, as SIGTERM.
            program.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        program.started = time.monotonic()

    def _note_death(self, program: _Program, code: int) -> None:
        healthy = time.monotonic() - program.started > _HEALTHY_S
        program.wait = 1.0 if healthy else min(program.wait * 2, _LONGEST_WAIT_S)
        program.process, program.start_at = None, time.monotonic() + program.wait
        said = (
            _("The page ended with code {code}; it starts again in {wait:.0f} s. Its log: {log}")
            if program.name == _PAGE
            else _(
                "Lane {lane} ended with code {code}; it starts again in {wait:.0f} s. Its log: {log}"
            )
        )
        self._say(said.format(lane=program.name, code=code, wait=program.wait, log=self._home.logs))

    def _end(self) -> None:
        """The lanes first; the page says meanwhile that they stop."""
        lanes = [one.process for one in self._programs if one.process and one.name != _PAGE]
        pages = [one.process for one in self._programs if one.process and one.name == _PAGE]
        begun = time.monotonic()
        _finish(lanes, begun + STOP_S)
        if pages:
            time.sleep(max(begun + _FAREWELL_S - time.monotonic(), 0.0))
            _finish(pages, time.monotonic() + _FAREWELL_S)


def _finish(running: list[subprocess.Popen[bytes]], end: float) -> None:
    for process in running:
        process.send_signal(signal.SIGTERM)
    for process in running:
        try:
            process.wait(max(end - time.monotonic(), 0.1))
        except subprocess.TimeoutExpired:
            # Its session holds the lane and the child it forked.
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_running(home: Home) -> bool:
    """Does a supervisor hold the folder's lock?"""
    return locks.holder(home.run_lock) is not None


def stop(home: Home) -> bool:
    """Asks the supervisor of this folder to stop, as Ctrl-C does. False where none runs."""
    pid = locks.holder(home.run_lock)
    if pid is None or not pid.isdecimal():
        return False
    with suppress(ProcessLookupError):
        os.kill(int(pid), signal.SIGTERM)
    return True


def _rotate(path: Path) -> None:
    if not path.is_file() or path.stat().st_size < _LOG_BYTES:
        return
    for number in range(_KEPT_LOGS - 1, 0, -1):
        older = path.with_suffix(f".log.{number}")
        if older.is_file():
            older.replace(path.with_suffix(f".log.{number + 1}"))
    path.replace(path.with_suffix(".log.1"))
