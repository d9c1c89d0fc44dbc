"""Writing a chain, in the transaction of the act itself, and checking one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.audit import queries
from app.audit.events import Kind, On, is_id
from app.audit.kinds import by_name
from app.audit.models import HUB_CHAIN, Chain, Event
from app.clock import now
from app.ids import new_id
from worker.protocol.canonical import digest_of

followers: list[Callable[[Session, Event], None]] = []
"""Told of every event in its own transaction: what they write is kept if and only if the event is."""


def record(
    session: Session,
    actor_id: str,
    kind: Kind | str,
    *,
    chain: str,
    subject: str,
    body: Mapping[str, Any] | None = None,
) -> Event:
    """Append one event. `chain` is an institution's id or `hub`; `actor_id` and `subject` are ids or `hub`.

    Raises KeyError for an unknown kind, ValueError for a chain, id or body that may not stand there: both are
    faults of the calling code, never of a person's input.
    """
    kind = by_name(kind) if isinstance(kind, str) else kind
    _check(kind, actor_id, chain, subject)
    number, previous = _take_number(session, chain)
    at, plain = now(), kind.check(body or {})
    event = Event(
        id=new_id("event"),
        chain_id=chain,
        number=number,
        at=at,
        actor=actor_id,
        kind=kind.name,
        subject=subject,
        body=plain,
        previous=previous,
        digest="",
    )
    event.digest = digest_event(event)
    session.add(event)
    session.execute(
        update(Chain)
        .where(Chain.id == chain)
        .values(head=event.digest)
        .execution_options(synchronize_session=False)
    )
    _tell(session, event)
    return event


def _tell(session: Session, event: Event) -> None:
    session.flush()
    for follow in followers:
        follow(session, event)


def _check(kind: Kind, actor_id: str, chain: str, subject: str) -> None:
    if kind.on != On.EITHER and (kind.on == On.HUB) != (chain == HUB_CHAIN):
        raise ValueError(f"{kind.name} is written in the chain of: {kind.on.value}")
    for what in (actor_id, chain, subject):
        if not is_id(what):
            raise ValueError(f"{kind.name}: {what!r} is no id")


def _take_number(session: Session, chain: str) -> tuple[int, str]:
    """The next number and the head before it. The UPDATE locks the row until the transaction ends."""
    session.flush()
    step = (
        update(Chain)
        .where(Chain.id == chain)
        .values(length=Chain.length + 1)
        .returning(Chain.length, Chain.head)
        .execution_options(synchronize_session=False)
    )
    taken = session.execute(step).first()
    if taken is None:
        _begin(session, chain)
        taken = session.execute(step).one()
    return taken.length, taken.head


def _begin(session: Session, chain: str) -> None:
    """A chain's first row; another transaction may be doing the same."""
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(Chain).values(id=chain, length=0, head="").on_conflict_do_nothing())


def digest_event(event: Event) -> str:
    """SHA-256 of the canonical JSON of everything the event says, its chain and the digest before it."""
    return digest_of(event_values(event))


def event_values(event: Event) -> dict[str, Any]:
    """Everything an event says, as its digest covers it."""
    return {
        "chain": event.chain_id,
        "number": event.number,
        "at": _instant(event.at),
        "actor": event.actor,
        "kind": event.kind,
        "subject": event.subject,
        "body": event.body,
        "previous": event.previous,
    }


def _instant(at: datetime) -> str:
    return at.isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Head:
    """Length and last digest of a chain, as somebody outside wrote them down."""

    number: int
    digest: str


@dataclass(frozen=True)
class Fault:
    """The first place where a chain does not hold. `what` is one of number, previous, digest, head, known-head."""

    number: int
    what: str


def verify(session: Session, chain: str, known: Head | None = None) -> Fault | None:
    """The first fault, or None. Only a head known from elsewhere finds a chain rewritten or cut as a whole."""
    number, previous = 0, ""
    known_found = known is None or known.number == 0
    for event in queries.walk(session, chain):
        number += 1
        if event.number != number:
            return Fault(number, "number")
        if event.previous != previous:
            return Fault(number, "previous")
        if event.digest != digest_event(event):
            return Fault(number, "digest")
        previous = event.digest
        if known is not None and known.number == number:
            if known.digest != event.digest:
                return Fault(number, "known-head")
            known_found = True
    if not known_found:
        return Fault(number + 1, "known-head")
    head = queries.head(session, chain)
    if (number, previous) != head:
        return Fault(number + 1, "head")
    return None
