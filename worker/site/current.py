"""What this site works on now, for the people at it: a small file per lane, gone when the job ends."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from worker.protocol.codes import JobKind, Lane, Phase
from worker.site import files
from worker.site.faults import DiskFull
from worker.site.home import Home


@dataclass(frozen=True)
class Current:
    """One job as last heard of. `pid` is the process that carries it out."""

    job: str
    kind: JobKind
    run: str
    round: int | None
    since: datetime
    at: datetime
    pid: int
    phase: Phase = Phase.CLAIMED
    step: int = 0
    steps: int = 0
    seconds_left: int | None = None
    """Of its phase."""


class Record:
    """Written by the job's process. A full disk costs the record, never the job."""

    def __init__(self, home: Home, kind: JobKind, job: str, run: str, round_: int | None) -> None:
        now = datetime.now(UTC)
        self._path = home.current / f"{kind.lane.value}.json"
        self._said = Current(job, kind, run, round_, now, now, os.getpid())
        self._write()

    def note(self, phase: Phase, step: int, steps: int, seconds_left: int | None) -> None:
        now = datetime.now(UTC)
        self._said = replace(
            self._said, phase=phase, step=step, steps=steps, seconds_left=seconds_left, at=now
        )
        self._write()

    def close(self) -> None:
        """The job has ended."""
        self._path.unlink(missing_ok=True)

    def _write(self) -> None:
        """Whole, yet not flushed: after a loss of power the job is gone too."""
        plain = asdict(self._said) | {
            "since": self._said.since.isoformat(),
            "at": self._said.at.isoformat(),
        }
        unfinished = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError, DiskFull):
            files.folder(self._path.parent)
            unfinished.write_text(json.dumps(plain), encoding="utf-8")
            unfinished.replace(self._path)


def read(home: Home) -> dict[Lane, Current]:
    """The jobs whose process still runs."""
    found = {lane: _read(home.current / f"{lane.value}.json") for lane in Lane}
    return {lane: one for lane, one in found.items() if one is not None and _runs(one.pid)}


def _read(path: Path) -> Current | None:
    try:
        plain = json.loads(path.read_bytes())
        return Current(
            **plain
            | {
                "kind": JobKind(plain["kind"]),
                "phase": Phase(plain["phase"]),
                "since": datetime.fromisoformat(plain["since"]),
                "at": datetime.fromisoformat(plain["at"]),
            }
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another account's: the number was given away since
    return True
