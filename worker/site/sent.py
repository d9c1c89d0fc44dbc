"""The outbound log: a line for everything that leaves, written to the disk before its first byte does.

Only waiting for work is not listed: such a request carries the lane's name and a number of seconds.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from worker.protocol.codes import TransferKind
from worker.site import files
from worker.site.faults import DiskFull

_RESERVE = 64 << 10
"""Kept by the log, so that a full disk can still be told: about 300 lines."""


@dataclass(frozen=True)
class Line:
    """`reason` is the name of the request or the kind of the job; `digest` that of the bytes.

    `content` is the body exactly as it was sent, where it is JSON; the bytes of an update lie in the outbox.
    """

    time: str
    kind: TransferKind
    bytes: int
    digest: str
    reason: str
    job: str | None = None
    run: str | None = None
    content: str | None = None
    offset: int | None = None
    """Of a piece of an update: where in it the piece begins."""

    @property
    def at(self) -> datetime:
        return datetime.fromisoformat(self.time)


@dataclass(frozen=True)
class Entry:
    """A line and where it stands: the file's month and the line's number in it, from 1."""

    month: str
    number: int
    line: Line


_MONTH = re.compile(r"\d{4}-\d{2}")


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
        content: str | None = None,
        offset: int | None = None,
    ) -> None:
        """Raises DiskFull, and then nothing may be sent."""
        at = datetime.now(UTC)
        time = at.isoformat(timespec="milliseconds")
        line = Line(time, kind, size, digest, reason, job, run, content, offset)
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
            for line in _lines(path):
                if at is None or line.at >= at:
                    yield line

    def newest(self) -> Iterator[Entry]:
        """Newest first."""
        for path in sorted(self._folder.glob("*.jsonl"), reverse=True):
            lines = list(enumerate(_lines(path), start=1))
            yield from (Entry(path.stem, number, line) for number, line in reversed(lines))

    def entry(self, month: str, number: int) -> Entry | None:
        """One line by its place; None where there is none."""
        path = self._folder / f"{month}.jsonl"
        if not _MONTH.fullmatch(month) or not path.is_file():
            return None
        found = next(islice(_lines(path), max(number - 1, 0), None), None)
        return Entry(month, number, found) if found is not None and number > 0 else None


def _lines(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8") as file:
        for text in file:
            plain = json.loads(text)
            yield Line(**{**plain, "kind": TransferKind(plain["kind"])})
