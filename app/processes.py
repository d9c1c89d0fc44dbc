"""Processes one command starts and ends together: nothing outlives it, even when it is killed.

Each child leads a group of its own, so Ctrl-C reaches only us and we say the order of the end. On Linux the kernel
ends a child whose parent died without a word.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_GRACE_S = 20.0


@dataclass(frozen=True)
class Child:
    name: str
    process: subprocess.Popen[bytes]
    batch: int = 0


class ChildEnded(RuntimeError):
    """A process that should have stayed ended by itself; its log says why."""


def _die_with_parent(parent: int) -> None:
    """In the child, before its program starts."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


class Group:
    """Start with `start`; the end of the `with` block stops all: the highest batch first, last started first."""

    def __init__(self, logs: Path | None = None) -> None:
        self._logs = logs
        self._children: list[Child] = []

    def __enter__(self) -> "Group":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        batch: int = 0,
    ) -> Child:
        """Output goes to `<logs>/<name>.log`, or to ours where there are no logs.

        All of a batch are asked to stop at the same time, before any of a lower one.
        """
        parent = os.getpid()
        with self._output(name) as output:
            process = subprocess.Popen(
                command,
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=(lambda: _die_with_parent(parent)) if sys.platform == "linux" else None,
            )
        child = Child(name, process, batch)
        self._children.append(child)
        return child

    @contextlib.contextmanager
    def _output(self, name: str):  # type: ignore[no-untyped-def]
        if self._logs is None:
            yield None
            return
        self._logs.mkdir(parents=True, exist_ok=True)
        with (self._logs / f"{name}.log").open("ab") as file:
            yield file

    def check(self) -> None:
        """Raises ChildEnded if one is gone."""
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise ChildEnded(f"{child.name} ended by itself (code {code})")

    def watch(self) -> None:
        """Until a child ends by itself (raises ChildEnded) or a signal's exception comes."""
        while True:
            self.check()
            time.sleep(0.5)

    def stop(self) -> None:
        while self._children:
            batch = max(child.batch for child in self._children)
            leaving = [child for child in self._children if child.batch == batch]
            self._children = [child for child in self._children if child.batch != batch]
            if batch:
                for child in leaving:
                    child.process.terminate()
            for child in reversed(leaving):
                end(child, asked=batch > 0)


def end(child: Child, *, asked: bool = False) -> None:
    """Asks once, waits, then ends what is left of its group."""
    process = child.process
    if process.poll() is None:
        if not asked:
            process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_GRACE_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


class Stopped(Exception):
    """Someone asked this command to end: Ctrl-C, or a service manager's SIGTERM."""


def stop_on_signals() -> None:
    """From now on SIGINT and SIGTERM raise Stopped in the main thread; a second one is ignored while we tidy up."""

    def raise_once(number: int, _frame: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped(signal.Signals(number).name)

    signal.signal(signal.SIGINT, raise_once)
    signal.signal(signal.SIGTERM, raise_once)
