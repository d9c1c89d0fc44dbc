"""The outbound log: a line for everything that leaves, written to the disk before its first byte does.

Only waiting for work is not listed: such a request carries the lane's name and a number of seconds.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from worker.protocol.codes import TransferKind
from worker.site import files
from worker.site.faults import DiskFull

_RESERVE = 64 << 10
"""Kept by the log, so that a full disk can still be told: about 300 lines."""


@dataclass(frozen=True)
class Line:
    """`reason` is the name of the request or the kind of the job; `digest` that of the bytes."""

    time: str
    kind: TransferKind
    bytes: int
    digest: str
    reason: str
    job: str | None = None
    run: str | None = None


class OutboundLog:
    """One file of JSON lines a month, only ever appended to."""

    def __init__(self, folder: Path) -> None:
        self._folder = files.folder(folder)
        self._reserve = folder / ".reserve"
        self._keep_reserve()

    def note(
        self,
        kind: TransferKind,
        size: int,
        digest: str,
        reason: str,
        job: str | None = None,
        run: str | None = None,
    ) -> None:
        """Raises DiskFull, and then nothing may be sent."""
        at = datetime.now(UTC)
        line = Line(at.isoformat(timespec="milliseconds"), kind, size, digest, reason, job, run)
        text = json.dumps({k: v for k, v in asdict(line).items() if v is not None}) + "\n"
        path = self._folder / f"{at:%Y-%m}.jsonl"
        try:
            files.append(path, text.encode())
        except DiskFull:
            if not self._reserve.is_file():
                raise
            self._reserve.unlink(missing_ok=True)
            files.append(path, text.encode())

    def _keep_reserve(self) -> None:
        if not self._reserve.is_file():
            with suppress(DiskFull):
                files.write(self._reserve, bytes(_RESERVE))

    def since(self, at: datetime | None = None) -> Iterator[Line]:
        """Oldest first."""
        for path in sorted(self._folder.glob("*.jsonl")):
            for text in path.read_text(encoding="utf-8").splitlines():
                plain = json.loads(text)
                if at is None or datetime.fromisoformat(plain["time"]) >= at:
                    yield Line(**{**plain, "kind": TransferKind(plain["kind"])})
