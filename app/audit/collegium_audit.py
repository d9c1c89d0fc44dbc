#!/usr/bin/env python3
"""Checks an audit trail exported from a Collegium hub. Needs Python 3.9 or newer, and nothing else.

    python3 collegium_audit.py audit.jsonl --key HUB-KEY --earlier last-year.jsonl

Every event is hashed again and must name the one before it; the last digest must stand under the hub's signature
(Ed25519, RFC 8032). What does not hold is named: the line, the event, and what is wrong with it.

--key      the hub's public key as you wrote it down. Without it the file's own is used, which proves only that the
           file is of one piece.
--earlier  a file exported before: every event in it must stand unchanged in the new one. Only this finds a trail
           that the hub itself has rewritten.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from re import Match
from typing import NamedTuple

_TAIL = re.compile(
    rb',"chain":"([^"\\]*)","digest":"([0-9a-f]{64})","kind":"[^"\\]*","number":([0-9]+),'
    rb'"previous":"([0-9a-f]{64}|)","subject":"[^"\\]*"}\n?\Z'
)
_DIGEST = len('"digest":"",') + 64


class Broken(ValueError):
    """The file does not hold. `line` counts from 1; `event` is None where it is not about one."""

    def __init__(self, line: int, event: int | None, code: str, what: str) -> None:
        super().__init__(f"line {line}: {what}")
        self.line, self.event, self.code, self.what = line, event, code, what


class Held(NamedTuple):
    """What a file that holds says: how many events, the last digest, when and by which key it was signed."""

    events: int
    head: str
    signed: str
    key: str


def check(
    lines: Iterable[bytes], key: str | None = None, earlier: Iterable[bytes] | None = None
) -> Held:
    """`lines`: of the file, in order. Raises Broken at the first thing that is wrong."""
    rest = iter(lines)
    before = None if earlier is None else iter(earlier)
    number, previous, chain, tail, sha = 0, b"", b"", _TAIL, hashlib.sha256
    for line in rest:
        if line.startswith(b'{"checkpoint":'):
            held = _signed(number + 1, line, key, chain, number, previous.decode())
            _nothing_after(rest, number + 2)
            _no_longer(before, number)
            return held
        number += 1
        found = tail.match(line, line.rfind(b',"chain":'))
        if found is None:
            raise _unreadable(line, number)
        start = found.start(2) - 10
        text = line[:-1] if line.endswith(b"\n") else line
        digest = sha(text[:start] + text[start + _DIGEST :]).hexdigest().encode()
        chain = chain or found[1]
        if (
            digest != found[2]
            or int(found[3]) != number
            or found[4] != previous
            or found[1] != chain
        ):
            raise _wrong(found, digest, number, chain, rest)
        if before is not None and _differs(before, text):
            raise Broken(number, number, "earlier", f"event {number} is not the earlier file's")
        previous = digest
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
    line_number: int, line: bytes, key: str | None, chain: bytes, number: int, head: str
) -> Held:
    """The last line: every chain's end under one signature."""
    if not chain:
        raise Broken(line_number, None, "cut-off", "there is no event before the checkpoint")
    try:
        row = json.loads(line.decode())
        payload = row["checkpoint"]["payload"].encode()
        used = key or str(row["hub_key"])
        fits = verify(_raw(used), payload, _raw(row["checkpoint"]["signature"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        fits = False
    if not fits:
        raise Broken(line_number, None, "unsigned", "the checkpoint was not signed by this key")
    said, ends = json.loads(payload.decode()), row.get("number")
    text = b"collegium-chain-1\n%s\n%d\n%s" % (chain, number, head.encode())
    if hashlib.sha256(text).hexdigest() not in said["leaves"]:
        raise _other_end(line_number, ends, number)
    if ends not in (None, number) or row.get("head", head) != head:
        what = "the last line names another end than the hub signed"
        raise Broken(line_number, None, "end-changed", what)
    return Held(number, head, said["at"], used)


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


# Ed25519 verification, RFC 8032 section 5.1.7. A point is (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z.

_P = 2**255 - 19
_L = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, _P - 2, _P) % _P
Point = tuple[int, int, int, int]


def verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) over `message` is by `key` (32 bytes)."""
    if len(key) != 32 or len(signature) != 64:
        return False
    public, scalar = _point(key), int.from_bytes(signature[32:], "little")
    if public is None or scalar >= _L:
        return False
    digest = hashlib.sha512(signature[:32] + key + message).digest()
    challenge = int.from_bytes(digest, "little") % _L
    x, y, z, t = public
    minus = (-x % _P, y, z, -t % _P)
    return _bytes(_sum(_times(scalar, _BASE), _times(challenge, minus))) == signature[:32]


def _point(text: bytes) -> Point | None:
    """None for 32 bytes that are no point of the curve."""
    number = int.from_bytes(text, "little")
    y, sign = number & (2**255 - 1), number >> 255
    if y >= _P:
        return None
    square = (y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P
    x = pow(square, (_P + 3) // 8, _P)
    if (x * x - square) % _P:
        x = x * pow(2, (_P - 1) // 4, _P) % _P
    if (x * x - square) % _P or (x == 0 and sign):
        return None
    x = x if x % 2 == sign else _P - x
    return x, y, 1, x * y % _P


def _sum(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % _P
    b = (one[1] + one[0]) * (other[1] + other[0]) % _P
    c = 2 * one[3] * other[3] * _D % _P
    d = 2 * one[2] * other[2] % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % _P, g * h % _P, f * g % _P, e * h % _P


def _times(count: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while count:
        if count & 1:
            found = _sum(found, point)
        point, count = _sum(point, point), count >> 1
    return found


def _bytes(point: Point) -> bytes:
    inverse = pow(point[2], _P - 2, _P)
    x, y = point[0] * inverse % _P, point[1] * inverse % _P
    return (y | (x & 1) << 255).to_bytes(32, "little")


_BASE = _point((4 * pow(5, _P - 2, _P) % _P).to_bytes(32, "little")) or (0, 1, 1, 0)


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Check an exported audit trail.")
    parser.add_argument("file")
    parser.add_argument("--key", help="the hub's public key, as you wrote it down")
    parser.add_argument("--earlier", help="a file exported before")
    given = parser.parse_args(arguments)
    try:
        with (
            Path(given.file).open("rb") as lines,
            Path(given.earlier or given.file).open("rb") as before,
        ):
            held = check(lines, given.key, before if given.earlier else None)
    except (Broken, OSError) as error:
        print(f"The file does not hold. {error}")
        return 1
    print(f"{held.events} events: whole, in order, unchanged.")
    print(f"The last digest is {held.head}, signed at {held.signed}.")
    if given.key is None:
        print(f"Signed by the key in the file: {held.key}. Compare it with the hub's.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
