"""The outbound log held against the receipts the hub shows: what left, and what the hub says came.

The bytes of an update lie in the outbox for 30 days. While they do, each piece that left is hashed again from them and
must be the piece the log names; the pieces together must be the body the site signed for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import ValidationError

from worker.protocol.canonical import digest
from worker.protocol.codes import TransferKind
from worker.protocol.messages import ReceiptTold, StartUpload
from worker.protocol.text import _
from worker.protocol.update import UpdateHeader
from worker.site.outbox import Outbox
from worker.site.sent import Line, OutboundLog


class Finding(StrEnum):
    """How one update stands. All but the first three are for the privacy officer."""

    MATCHES = "matches"
    BYTES_GONE = "bytes-gone"
    NOT_THERE = "not-there"
    UNKNOWN_HERE = "unknown-here"
    OTHER_RECEIPT = "other-receipt"
    OTHER_BYTES = "other-bytes"

    @property
    def is_alarm(self) -> bool:
        return self in (Finding.UNKNOWN_HERE, Finding.OTHER_RECEIPT, Finding.OTHER_BYTES)

    @property
    def sentence(self) -> str:
        return {
            Finding.MATCHES: _("the hub’s receipt and the bytes that left are the same"),
            Finding.BYTES_GONE: _("the receipt fits the log; the bytes are deleted here by now"),
            Finding.NOT_THERE: _(
                "left, and the hub has no receipt of it: it may not have arrived whole"
            ),
            Finding.UNKNOWN_HERE: _(
                "the hub says it came from here, and this log does not have it"
            ),
            Finding.OTHER_RECEIPT: _("the hub shows another receipt than this site signed"),
            Finding.OTHER_BYTES: _("the bytes here are not those that left"),
        }[self]


@dataclass(frozen=True)
class Compared:
    """One update. `left`: bytes of it that left, each counted once, as the log has them."""

    run: str
    round: int
    body: str
    bytes: int
    left: int
    finding: Finding


@dataclass(frozen=True)
class _Sent:
    header: UpdateHeader
    pieces: tuple[Line, ...]


def compare(
    log: OutboundLog, outbox: Outbox, told: Iterable[ReceiptTold], since: datetime
) -> list[Compared]:
    """Every update that this log or the hub has, by run and round."""
    here = _sent(log.since(since))
    there = {one.body: one for one in told}
    found = [_judge(sent, there.get(body), outbox) for body, sent in here.items()]
    found += [
        Compared(one.run, one.round, body, one.bytes, 0, Finding.UNKNOWN_HERE)
        for body, one in there.items()
        if body not in here
    ]
    return sorted(found, key=lambda one: (one.run, one.round))


def _sent(lines: Iterable[Line]) -> dict[str, _Sent]:
    """Body to its newest header, and the pieces of its job."""
    headers: dict[str, UpdateHeader] = {}
    pieces: dict[str, list[Line]] = {}
    for line in lines:
        if line.kind is not TransferKind.UPDATE:
            continue
        if line.content is None:
            pieces.setdefault(line.job or "", []).append(line)
            continue
        try:
            said = StartUpload.model_validate_json(line.content)
            header = UpdateHeader.model_validate_json(said.header.payload)
        except ValidationError:
            continue
        headers[header.body] = header
    return {
        body: _Sent(header, tuple(pieces.get(header.job, ()))) for body, header in headers.items()
    }


def _judge(sent: _Sent, told: ReceiptTold | None, outbox: Outbox) -> Compared:
    header = sent.header
    left = sum({line.offset: line.bytes for line in sent.pieces}.values())
    kept = outbox.kept(header.run, header.round)
    finding = Finding.MATCHES
    if told is None:
        finding = Finding.NOT_THERE
    elif not _same(told, header) or left != header.bytes:
        finding = Finding.OTHER_RECEIPT
    elif kept is None or kept.path is None:
        finding = Finding.BYTES_GONE
    if kept is not None and kept.path is not None and not _are_those(kept.path, sent):
        finding = Finding.OTHER_BYTES
    return Compared(header.run, header.round, header.body, header.bytes, left, finding)


def _same(told: ReceiptTold, header: UpdateHeader) -> bool:
    theirs = (told.run, told.round, told.bytes, told.policy)
    return theirs == (header.run, header.round, header.bytes, header.receipt.policy)


def _are_those(path: Path, sent: _Sent) -> bool:
    """Each piece that left, cut from the file again; and the whole."""
    try:
        body = path.read_bytes()
    except OSError:
        return False
    fits = all(
        line.offset is not None
        and digest(body[line.offset : line.offset + line.bytes]) == line.digest
        for line in sent.pieces
    )
    return fits and digest(body) == sent.header.body
