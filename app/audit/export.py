"""A chain as a file, made a page at a time: JSON lines with the signed checkpoints, for `collegium_audit`; CSV to read
as a table."""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import checkpoint, collegium_audit, ed25519, marks, queries
from app.audit.models import HUB_CHAIN, Event, StoredCheckpoint
from app.audit.queries import Filter
from app.audit.service import event_values
from app.clock import now
from worker.protocol.canonical import canonical
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PrivateKey, PublicKey

COLUMNS = ("number", "at", "actor", "kind", "subject", "body", "previous", "digest")
Reading = Callable[[], AbstractContextManager[Session]]
"""Opens a session to read with (`Database.reading`): the file may take longer than the request's own lives."""
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_PARTS = ((b"ed25519", ed25519), (b"marks", marks))
_OWN = re.compile(rb"^from (?:app\.\w+\.\w+|__future__) import (?:\([^)]*\)|.*)\n", re.MULTILINE)


def as_lines(
    reading: Reading,
    actor: Actor,
    institution: str | None,
    key: PrivateKey,
    wanted: Filter | None = None,
) -> Iterator[bytes]:
    """The stored checkpoints, then one event a line, oldest first, up to the end that the checkpoint on the last line
    names; of the hub's own chain (operators) where `institution` is None. Many lines in each piece.

    With a filter, the events that fit and no checkpoint: a part of a chain cannot be checked.
    """
    may_read(actor, institution)
    chain = institution or HUB_CHAIN
    if wanted is not None and wanted != Filter():
        return _fitting(reading, chain, wanted)
    return whole(reading, chain, key)


def may_read(actor: Actor, institution: str | None) -> None:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    require(actor, Permission.AUDIT_READ if institution else Permission.HUB_OPERATE, institution)


def whole(reading: Reading, chain: str, key: PrivateKey) -> Iterator[bytes]:
    """As `as_lines`, whoever asks: for the hub's own command line."""
    with reading() as session:
        ends = queries.ends(session)  # one statement: what is signed is what the file then holds
        end = ends.get(chain, queries.End())
        kept = queries.stored(session, chain, end.checkpoints)
    signed = checkpoint.take(ends, key, now())
    yield _stored(kept, key.public)
    for found in queries.pages(reading, chain, end.number):
        yield b"".join(line(event) + b"\n" for event in found)
    yield canonical(last_line(signed, end, key.public)) + b"\n"


def _fitting(reading: Reading, chain: str, wanted: Filter) -> Iterator[bytes]:
    for found in queries.pages(reading, chain, _until(reading, chain), wanted):
        yield b"".join(line(event) + b"\n" for event in found)


def _until(reading: Reading, chain: str) -> int:
    """An event written while the file is made belongs to the next one."""
    with reading() as session:
        return queries.head(session, chain)[0]


def last_line(signed: Signed, end: queries.End, key: PublicKey) -> dict[str, Any]:
    """Where the chain ends, said twice: plainly, and among the leaves of the checkpoint."""
    return {
        "checkpoint": signed.model_dump(mode="json"),
        "head": end.head,
        "hub_key": key.text,
        "number": end.number,
        "stored": end.checkpoints,
    }


def stored_lines(session: Session, actor: Actor, institution: str | None, key: PublicKey) -> bytes:
    """Every stored checkpoint, to be kept elsewhere: `collegium_audit --kept` reads it."""
    may_read(actor, institution)
    chain = institution or HUB_CHAIN
    return _stored(queries.stored(session, chain, queries.end(session, chain).checkpoints), key)


def _stored(newest_first: list[StoredCheckpoint], key: PublicKey) -> bytes:
    lines = (
        {"hub_key": key.text, "stored": {"payload": row.payload, "signature": row.signature}}
        for row in reversed(newest_first)
    )
    return b"".join(canonical(one) + b"\n" for one in lines)


def script() -> bytes:
    """The program that checks such a file on any computer: one file, Python and nothing else."""
    program = Path(collegium_audit.__file__).read_bytes()
    for name, part in _PARTS:
        line = rb"^from app\.audit\.%s import .*\n" % name
        before, after = re.split(line, program, maxsplit=1, flags=re.MULTILINE)
        program = before + _OWN.sub(b"", Path(str(part.__file__)).read_bytes()) + after
    return program


def line(event: Event) -> bytes:
    """One event as the file has it."""
    return canonical({**event_values(event), "digest": event.digest})


def as_csv(
    reading: Reading, actor: Actor, institution: str | None, wanted: Filter | None = None
) -> Iterator[bytes]:
    """The same events. A cell that a table program would take for a formula begins with an apostrophe."""
    may_read(actor, institution)
    return _table(reading, institution or HUB_CHAIN, wanted or Filter())


def _table(reading: Reading, chain: str, wanted: Filter) -> Iterator[bytes]:
    yield _csv([COLUMNS])
    for found in queries.pages(reading, chain, _until(reading, chain), wanted):
        yield _csv([_cells(event) for event in found])


def _csv(rows: list[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(event: Event) -> tuple[str, ...]:
    values = {**event_values(event), "digest": event.digest}
    values["body"] = json.dumps(values["body"], sort_keys=True)
    return tuple(safe(str(values[name])) for name in COLUMNS)


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell
