"""Checkpoints that the hub stored while a trail grew, or that somebody kept, held against the trail: the part of
`collegium_audit` that reads them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from app.audit.ed25519 import raw, verify


class Broken(ValueError):
    """The file does not hold. `line` counts from 1; `event` is None where it is not about one."""

    def __init__(self, line: int, event: int | None, code: str, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line, self.event, self.code, self.what = line, event, code, what


class Mark(NamedTuple):
    """A stored checkpoint: at that moment event `number` was the chain's last, with the digest `head`."""

    number: int
    head: bytes
    chain: bytes
    at: str
    whose: str


def is_stored(line: bytes) -> bool:
    return line.startswith(b'{"hub_key":')


class _Seal(NamedTuple):
    """A line of a stored checkpoint, read and not yet believed."""

    mark: Mark
    place: int
    previous: str
    payload: bytes
    text: str
    key: str

    @property
    def named(self) -> str:
        """How the next one, and the end of the file, name it."""
        return hashlib.sha256(self.payload + b"\n" + self.text.encode()).hexdigest()

    def by(self, key: str) -> bool:
        try:
            return verify(raw(key), self.payload, raw(self.text))
        except ValueError:
            return False


def _seal(line: bytes, whose: str, at: int) -> _Seal:
    try:
        row = json.loads(line.decode())
        payload, signature = row["stored"]["payload"].encode(), str(row["stored"]["signature"])
        said = json.loads(payload.decode())
        head, chain = said["head"].encode(), said["chain"].encode()
        place = int(said["place"])
        if json.dumps(row, separators=(",", ":"), sort_keys=True).encode() != line.rstrip(b"\n"):
            raise ValueError("written in another way")
        mark = Mark(
            int(said["number"]), head, chain, str(said["at"]), f"{whose} checkpoint {place}"
        )
        return _Seal(mark, place, str(said["previous"]), payload, signature, str(row["hub_key"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        what = f"this is no {whose} checkpoint as the hub wrote it"
        raise Broken(at, None, "checkpoint-changed", what) from None


def stored_marks(
    rest: Iterator[bytes], key: str | None
) -> tuple[bytes | None, str | None, list[Mark], str]:
    """The file's head: the line after it (None: there is none), the key, its checkpoints, the digest of the last one.
    Each names the one before by digest, so the last one's signature holds all of them."""
    marks: list[Mark] = []
    seal, last = None, ""
    while (line := next(rest, None)) is not None and is_stored(line):
        at = len(marks) + 1
        seal = _seal(line, "stored", at)
        if seal.place > at:
            what = f"stored checkpoint {at} is missing: number {seal.place} stands here"
            raise Broken(at, None, "checkpoint-missing", what)
        if seal.place < at or seal.previous != last:
            what = (
                f"stored checkpoint {max(at - 1, 1)} was changed, or they were put in another order"
            )
            raise Broken(at, None, "checkpoint-changed", what)
        marks.append(seal.mark)
        last = seal.named
        key = key or seal.key
        if seal.key != key:
            what = f"stored checkpoint {at} names another key"
            raise Broken(at, None, "checkpoint-unsigned", what)
    if seal is not None and key is not None and not seal.by(key):
        what = f"stored checkpoint {seal.place} was not signed by this key, or was changed"
        raise Broken(len(marks), None, "checkpoint-unsigned", what)
    return line, key, marks, last


def kept_marks(lines: Iterable[bytes], key: str | None) -> tuple[str | None, list[Mark]]:
    """Of a file of checkpoints. Any of them may be missing there, so each one's signature is looked at."""
    marks = []
    for line in lines:
        seal = _seal(line, "kept", 0)
        key = key or seal.key
        if not seal.by(key):
            what = f"kept checkpoint {seal.place} was not signed by this key"
            raise Broken(0, None, "checkpoint-unsigned", what)
        marks.append(seal.mark)
    return key, marks


def meet(due: list[Mark], number: int, head: bytes, chain: bytes) -> int:
    """Every checkpoint of this event against its digest; the number of the next event that has one, 0 for none."""
    while due and due[-1].number <= number:
        mark = due.pop()
        if mark.chain != chain:
            raise Broken(number, None, "other-chain", f"{mark.whose} is of another chain")
        if mark.number == number and mark.head == head:
            continue
        what = f"event {number} or one before it was rewritten since: {mark.whose} of {mark.at} names another digest"
        raise Broken(number, number, "rewritten", what)
    return due[-1].number if due else 0


def none_after(due: list[Mark], number: int) -> None:
    if due:
        mark = due[-1]
        what = f"the trail was cut back to event {number}: {mark.whose} of {mark.at} names event {mark.number}"
        raise Broken(number + 1, number + 1, "cut-back", what)
