"""A chain as a file: JSON lines, whole, with the signed checkpoint, for `collegium_audit`; CSV to read as a table."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import checkpoint, collegium_audit, queries
from app.audit.models import Event
from app.audit.queries import Filter
from app.audit.service import event_values
from app.clock import now
from worker.protocol.canonical import canonical
from worker.protocol.manifest import Signed
from worker.protocol.signatures import PrivateKey, PublicKey

COLUMNS = ("number", "at", "actor", "kind", "subject", "body", "previous", "digest")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


def as_lines(
    session: Session,
    actor: Actor,
    institution: str,
    key: PrivateKey,
    wanted: Filter | None = None,
) -> bytes:
    """One event a line, oldest first, up to the head that the checkpoint on the last line names.

    With a filter, those that fit and no checkpoint: a part of a chain cannot be checked.
    """
    if wanted is not None and wanted != Filter():
        return b"".join(
            line(event) + b"\n" for event in _fitting(session, actor, institution, wanted)
        )
    require(actor, Permission.AUDIT_READ, institution)
    number, head = queries.head(session, institution)
    signed = checkpoint.take(session, key, now())
    lines = [line(event) for event in _until(session, institution, number)]
    lines.append(canonical(last_line(signed, number, head, key.public)))
    return b"".join(one + b"\n" for one in lines)


def last_line(signed: Signed, number: int, head: str, key: PublicKey) -> dict[str, Any]:
    """Where the chain ends, said twice: plainly, and among the leaves of the checkpoint."""
    checkpointed = signed.model_dump(mode="json")
    return {"checkpoint": checkpointed, "head": head, "hub_key": key.text, "number": number}


def script() -> bytes:
    """The program that checks such a file on any computer: one file, Python and nothing else."""
    return Path(collegium_audit.__file__).read_bytes()


def line(event: Event) -> bytes:
    """One event as the file has it."""
    return canonical({**event_values(event), "digest": event.digest})


def as_csv(session: Session, actor: Actor, institution: str, wanted: Filter | None = None) -> bytes:
    """The same events. A cell that a table program would take for a formula begins with an apostrophe."""
    require(actor, Permission.AUDIT_READ, institution)
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(COLUMNS)
    for event in _fitting(session, actor, institution, wanted or Filter()):
        values = {**event_values(event), "digest": event.digest}
        values["body"] = json.dumps(values["body"], sort_keys=True)
        table.writerow([safe(str(values[name])) for name in COLUMNS])
    return text.getvalue().encode()


def _fitting(session: Session, actor: Actor, institution: str, wanted: Filter) -> Iterator[Event]:
    """Oldest first, as in the whole file."""
    found: list[Event] = []
    cursor: int | None = None
    while True:
        part = queries.events(
            session, actor, institution, wanted, cursor=cursor, limit=queries.WALK
        )
        found += part.events
        cursor = part.cursor
        if cursor is None:
            return iter(reversed(found))


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_DANGEROUS) else cell


def _until(session: Session, chain: str, number: int) -> Iterator[Event]:
    """An event written while the file is made belongs to the next one."""
    for event in queries.walk(session, chain):
        if event.number > number:
            return
        yield event
