"""A chain as a file: JSON lines, whole and with the signed checkpoint, for `check`; CSV for reading in a table."""

import csv
import io
import json
from collections.abc import Iterator

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import checkpoint, queries
from app.audit.models import Event
from app.audit.queries import Filter
from app.audit.service import event_values
from app.clock import now
from worker.protocol.canonical import canonical
from worker.protocol.signatures import PrivateKey

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
            _line(event) + b"\n" for event in _fitting(session, actor, institution, wanted)
        )
    require(actor, Permission.AUDIT_READ, institution)
    number, _head = queries.head(session, institution)
    signed = checkpoint.take(session, key, now())
    lines = [_line(event) for event in _until(session, institution, number)]
    last = {"checkpoint": signed.model_dump(mode="json"), "hub_key": key.public.text}
    return b"".join(line + b"\n" for line in [*lines, canonical(last)])


def _line(event: Event) -> bytes:
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
