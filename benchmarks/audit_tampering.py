"""What somebody who can write the file may do to an exported trail: one way at random, on a copy."""

import json
import random
from collections.abc import Callable
from datetime import datetime

from app.audit import checkpoint
from app.audit.export import last_line
from app.audit.marks import is_stored
from app.audit.queries import End
from worker.protocol.canonical import canonical, digest_of
from worker.protocol.signatures import PrivateKey

Lines = list[bytes]
_FIELDS: dict[str, object] = {"actor": "hub", "kind": "run.cancelled", "at": "2020-01-01T00:00:00"}


def tampered(
    lines: Lines, others: Lines, key: PrivateKey, draw: random.Random
) -> tuple[str, Lines]:
    """What was done, and the lines afterwards. `others`: of another chain of the same hub; `key`: the hub's own."""
    first, other = (sum(is_stored(one) for one in found) for found in (lines, others))
    ways: dict[str, Callable[[Lines, random.Random], None]] = {
        "a field changed": _field,
        "a byte changed": _byte,
        "a field changed with its digest": _with_digest,
        "rewritten to the end": _rewritten,
        "taken out": _taken_out,
        "swapped": _swapped,
        "repeated": _repeated,
        "cut off": _cut_off,
        "the end taken out": _end_taken_out,
        "from another chain": lambda own, drawn: own.__setitem__(
            drawn.randrange(len(own) - 1), others[drawn.randrange(other, len(others) - 1)]
        ),
        "cut back at the hub": lambda own, drawn: _cut_back(own, lines[:first], key, drawn),
    }
    at_the_head: dict[str, Callable[[Lines, random.Random], None]] = {
        "a checkpoint taken out": lambda own, drawn: own.__delitem__(drawn.randrange(len(own))),
        "a byte of a checkpoint changed": lambda own, drawn: _byte_of(
            own, drawn.randrange(len(own)), drawn
        ),
    }
    name = draw.choice([*ways, *at_the_head])
    head, rest = list(lines[:first]), list(lines[first:])
    if name in ways:
        ways[name](rest, draw)
    else:
        at_the_head[name](head, draw)
    assert head + rest != lines, name
    return name, head + rest


def _cut_back(lines: Lines, stored: Lines, key: PrivateKey, draw: random.Random) -> None:
    """Events behind the first stored checkpoint are gone and the hub signs what is left, its checkpoints with it."""
    first, newest = (json.loads(line)["stored"] for line in (stored[0], stored[-1]))
    last = draw.randrange(1, json.loads(first["payload"])["number"])
    kept = json.loads(lines[last - 1])
    mark = checkpoint.mark(newest["payload"], newest["signature"])
    end = End(last, kept["digest"], len(stored), mark)
    signed = checkpoint.take({kept["chain"]: end}, key, datetime.fromisoformat(kept["at"]))
    lines[last:] = [canonical(last_line(signed, end, key.public))]


def _edited(line: bytes, draw: random.Random) -> dict[str, object]:
    row: dict[str, object] = json.loads(line)
    name = draw.choice([name for name, value in _FIELDS.items() if row[name] != value])
    return row | {name: _FIELDS[name]}


def _sealed(row: dict[str, object]) -> bytes:
    return canonical(row | {"digest": digest_of({k: v for k, v in row.items() if k != "digest"})})


def _event(lines: Lines, draw: random.Random) -> int:
    return draw.randrange(len(lines) - 1)


def _field(lines: Lines, draw: random.Random) -> None:
    at = _event(lines, draw)
    lines[at] = canonical(_edited(lines[at], draw))


def _byte(lines: Lines, draw: random.Random) -> None:
    _byte_of(lines, _event(lines, draw), draw)


def _byte_of(lines: Lines, at: int, draw: random.Random) -> None:
    place, line = draw.randrange(len(lines[at])), lines[at]
    lines[at] = line[:place] + bytes([line[place] ^ (1 << draw.randrange(8))]) + line[place + 1 :]


def _with_digest(lines: Lines, draw: random.Random) -> None:
    at = _event(lines, draw)
    lines[at] = _sealed(_edited(lines[at], draw))


def _rewritten(lines: Lines, draw: random.Random) -> None:
    first = _event(lines, draw) if len(lines) < 10_000 else len(lines) - 2 - draw.randrange(5_000)
    lines[first] = _sealed(_edited(lines[first], draw))
    for at in range(first + 1, len(lines) - 1):
        lines[at] = _sealed(
            json.loads(lines[at]) | {"previous": json.loads(lines[at - 1])["digest"]}
        )


def _taken_out(lines: Lines, draw: random.Random) -> None:
    at = _event(lines, draw)
    del lines[at : min(at + draw.randint(1, 5), len(lines) - 1)]


def _swapped(lines: Lines, draw: random.Random) -> None:
    one, other = draw.sample(range(len(lines) - 1), 2)
    lines[one], lines[other] = lines[other], lines[one]


def _repeated(lines: Lines, draw: random.Random) -> None:
    at = _event(lines, draw)
    lines.insert(at, lines[at])


def _cut_off(lines: Lines, draw: random.Random) -> None:
    del lines[draw.randrange(len(lines)) :]


def _end_taken_out(lines: Lines, draw: random.Random) -> None:
    """Events at the end go, the checkpoint stays."""
    del lines[len(lines) - 1 - draw.randint(1, 50) : -1]
