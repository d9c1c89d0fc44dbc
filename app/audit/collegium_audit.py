#!/usr/bin/env python3
"""Checks an audit trail exported from a Collegium hub. Needs Python 3.9 or newer, and nothing else.

    python3 collegium_audit.py audit.jsonl --key HUB-KEY --kept checkpoints.jsonl --earlier last-year.jsonl

Every event is hashed again and must name the one before it; the last digest must stand under the hub's signature
(Ed25519, RFC 8032), and so must each checkpoint that the hub stored while the trail grew. What does not hold is named:
the line, the event, and what is wrong with it.

--key      the hub's public key as you wrote it down. Without it the file's own is used, which proves only that the
           file is of one piece.
--kept     checkpoints taken from the hub before: the trail must still hold what they name.
--earlier  a file exported before: every event in it must stand unchanged in the new one.

Whoever holds the hub's key can rewrite everything that the hub holds. Only what was kept elsewhere, by --kept or
--earlier, finds that.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain as joined
from pathlib import Path
from re import Match
from typing import NamedTuple

from app.audit.ed25519 import raw, verify
from app.audit.marks import Broken, Mark, is_stored, kept_marks, meet, none_after, stored_marks

_TAIL = re.compile(
    rb',"chain":"([^"\\]*)","digest":"([0-9a-f]{64})","kind":"[^"\\]*","number":([0-9]+),'
    rb'"previous":"([0-9a-f]{64}|)","subject":"[^"\\]*"}\n?\Z'
)
_DIGEST = len('"digest":"",') + 64


class Held(NamedTuple):
    """What a file that holds says: how many events, the last digest, when and by which key it was signed, and how
    many checkpoints of the hub and of `--kept` it fits."""

    events: int
    head: str
    signed: str
    key: str
    stored: int
    kept: int


def check(
    lines: Iterable[bytes],
    key: str | None = None,
    earlier: Iterable[bytes] | None = None,
    kept: Iterable[bytes] = (),
) -> Held:
    """`lines`: of the file, in order; `kept`: of a file of stored checkpoints. Raises Broken at the first thing that is
    wrong; a fault of `kept` is at line 0."""
    rest = iter(lines)
    first, key, marks, last = stored_marks(rest, key)
    key, others = kept_marks(kept, key)
    before = None if earlier is None else (one for one in earlier if not is_stored(one))
    due = sorted(marks + others, reverse=True)
    try:
        held = _walk(
            joined(() if first is None else (first,), rest), key, before, due, (len(marks), last)
        )
    except Broken as fault:
        raise Broken(fault.line + len(marks), fault.event, fault.code, fault.what) from None
    return held._replace(stored=len(marks), kept=len(others))


def _walk(
    rest: Iterator[bytes],
    key: str | None,
    before: Iterator[bytes] | None,
    due: list[Mark],
    stored: tuple[int, str],
) -> Held:
    """Events to the end, lines counted from the first. `due`: the next checkpoint last."""
    number, previous, whose, tail, sha = 0, b"", b"", _TAIL, hashlib.sha256
    wait = due[-1].number if due else 0
    for line in rest:
        if line.startswith(b'{"checkpoint":'):
            held = _signed(line, key, whose, number, previous.decode(), stored)
            _nothing_after(rest, number + 2)
            none_after(due, number)
            _no_longer(before, number)
            return held
        number += 1
        found = tail.match(line, line.rfind(b',"chain":'))
        if found is None:
            raise _unreadable(line, number)
        start = found.start(2) - 10
        text = line[:-1] if line.endswith(b"\n") else line
        digest = sha(text[:start] + text[start + _DIGEST :]).hexdigest().encode()
        whose = whose or found[1]
        if (
            digest != found[2]
            or int(found[3]) != number
            or found[4] != previous
            or found[1] != whose
        ):
            raise _wrong(found, digest, number, whose, rest)
        if before is not None and _differs(before, text):
            raise Broken(number, number, "earlier", f"event {number} is not the earlier file's")
        previous = digest
        if number == wait:
            wait = meet(due, number, digest, whose)
    cut = f"the checkpoint is missing: the file was cut off after event {number}"
    raise Broken(number + 1, number or None, "cut-off", cut)


def _unreadable(line: bytes, number: int) -> Broken:
    here = f"event {number} belongs here"
    try:
        row = json.loads(line.decode())
    except ValueError:
        return Broken(number, number, "unreadable", f"this is no JSON; {here}")
    if not isinstance(row, dict) or "digest" not in row:
        return Broken(number, number, "unreadable", f"this is no event; {here}")
    return Broken(number, number, "changed", f"event {number} is not as the hub wrote it")


def _wrong(
    found: Match[bytes], digest: bytes, number: int, chain: bytes, rest: Iterator[bytes]
) -> Broken:
    """Why this event does not stand here. `rest`: the lines after it."""
    said = int(found[3])
    if digest != found[2]:
        what = f"event {number} was changed: its digest is not that of its content"
        return Broken(number, number, "changed", what)
    if found[1] != chain:
        what = f"this event is of another chain; event {number} belongs here"
        return Broken(number, number, "other-chain", what)
    if said < number:
        return Broken(number, said, "twice", f"event {said} stands here again")
    if said > number:
        for line in rest:
            later = _event(line)
            if later and int(later[3]) == number:
                what = f"event {said} stands before event {number}: they were put in another order"
                return Broken(number, number, "order", what)
        gone = f"event {number} is" if said == number + 1 else f"events {number} to {said - 1} are"
        return Broken(number, number, "missing", f"{gone} missing: event {said} stands here")
    following = _event(next(rest, b""))
    guilty = number - 1 if following and following[4] == found[2] and number > 1 else number
    what = f"event {guilty} was changed together with its digest: "
    what += f"event {number} names another one before it"
    return Broken(number, guilty, "changed-with-digest", what)


def _event(line: bytes) -> Match[bytes] | None:
    return _TAIL.match(line, max(line.rfind(b',"chain":'), 0))


def _differs(earlier: Iterator[bytes], text: bytes) -> bool:
    """Whether the earlier file has another event in this place; it may have ended."""
    before = next(earlier, b"").rstrip(b"\n")
    return bool(before) and not before.startswith(b'{"checkpoint":') and before != text


def _no_longer(earlier: Iterator[bytes] | None, number: int) -> None:
    before = b"" if earlier is None else next(earlier, b"")
    if before and not before.startswith(b'{"checkpoint":'):
        what = f"the earlier file has event {number + 1}, and this one ends before it"
        raise Broken(number + 1, number + 1, "earlier", what)


def _nothing_after(lines: Iterator[bytes], number: int) -> None:
    if next(lines, b"").strip():
        raise Broken(number, None, "after-end", "something stands after the checkpoint")


def _signed(
    line: bytes, key: str | None, chain: bytes, number: int, head: str, stored: tuple[int, str]
) -> Held:
    """The last line: every chain's end under one signature. `stored`: how many checkpoints, the last one's digest."""
    at = number + 1
    if not chain:
        raise Broken(at, None, "cut-off", "there is no event before the checkpoint")
    try:
        row = json.loads(line.decode())
        payload = row["checkpoint"]["payload"].encode()
        used = key or str(row["hub_key"])
        fits = verify(raw(used), payload, raw(row["checkpoint"]["signature"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise Broken(at, None, "unsigned", "the checkpoint was not signed by this key")
    said, ends, count = json.loads(payload.decode()), row.get("number"), row.get("stored")
    text = b"collegium-chain-2\n%s\n%d\n%s\n%d\n%s"
    leaf = text % (chain, number, head.encode(), stored[0], stored[1].encode())
    if hashlib.sha256(leaf).hexdigest() not in said["leaves"]:
        if isinstance(count, int) and count > stored[0]:
            what = f"stored checkpoint {stored[0] + 1} is missing: the hub signed {count}"
            raise Broken(at, None, "checkpoint-missing", what)
        raise _other_end(at, ends, number)
    if ends not in (None, number) or row.get("head", head) != head or count != stored[0]:
        what = "the last line names another end than the hub signed"
        raise Broken(at, None, "end-changed", what)
    return Held(number, head, said["at"], used, 0, 0)


def _other_end(line_number: int, signed: object, number: int) -> Broken:
    """`signed`: how many events the last line says there are; it may have been changed, too."""
    if isinstance(signed, int) and signed > number:
        what = f"the last event is number {number}, and the hub signed {signed}: the end is missing"
        return Broken(line_number, number + 1, "missing", what)
    if isinstance(signed, int) and signed < number:
        what = f"event {signed + 1} and what follows were added after the hub had signed"
        return Broken(line_number, signed + 1, "added", what)
    what = f"event {number}, or the whole chain, was rewritten: the hub signed another end of it"
    return Broken(line_number, number, "rewritten", what)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit trail.")
    parser.add_argument("file")
    parser.add_argument("--key", help="the hub's public key, as you wrote it down")
    parser.add_argument("--earlier", help="a file exported before")
    parser.add_argument("--kept", help="checkpoints taken from the hub before")
    given = parser.parse_args(arguments)
    try:
        held = check_files(given.file, given.key, given.earlier, given.kept)
    except (Broken, OSError) as error:
        print(f"The file does not hold. {error}")
        return 1
    print(told(held, given.key))
    return 0


def check_files(file: str, key: str | None, earlier: str | None, kept: str | None) -> Held:
    """As `check`, of files by their names."""
    with ExitStack() as stack:
        lines, before, checkpoints = (
            stack.enter_context(Path(name).open("rb")) if name else None
            for name in (file, earlier, kept)
        )
        return check(lines or (), key, before, checkpoints or ())


def told(held: Held, key: str | None) -> str:
    """In words."""
    lines = [f"{held.events} events: whole, in order, unchanged."]
    for count, whose in ((held.stored, "stored"), (held.kept, "kept")):
        if count:
            lines.append(f"Checkpoints {whose} and met: {count}.")
    lines.append(f"The last digest is {held.head}, signed at {held.signed}.")
    if key is None:
        lines.append(f"Signed by the key in the file: {held.key}. Compare it with the hub's.")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
