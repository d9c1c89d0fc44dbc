"""Reading the chains: by filter with a cursor for people, from the start for the check."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    func,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit.kinds import ALL
from app.audit.models import HUB_CHAIN, Chain, Event, StoredCheckpoint

WALK = 500
EVERY, EVENTS = timedelta(days=1), 1000
"""A chain that grew has its end signed and stored after a day, or after so many events."""


@dataclass(frozen=True)
class Filter:
    """Everything given must fit. `kind` may end with a dot to mean all kinds of one noun (`policy.`)."""

    kind: str | None = None
    actor: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class EventPage:
    """Newest first. `cursor` asks for the next page; None at the end."""

    events: list[Event]
    cursor: int | None


def events(
    session: Session,
    actor: Actor,
    institution: str | None,
    wanted: Filter | None = None,
    *,
    cursor: int | None = None,
    limit: int = 50,
) -> EventPage:
    """One page of an institution's chain, or of the hub's chain (operators) when `institution` is None."""
    wanted = wanted or Filter()
    require(actor, Permission.AUDIT_READ if institution else Permission.HUB_OPERATE, institution)
    chain = institution or HUB_CHAIN
    fits = [Event.chain_id == chain, *_fits(wanted)]
    if cursor is not None:
        fits.append(Event.number < cursor)
    if wanted.kind:
        newest = _newest_of(wanted.kind, fits, limit + 1)
        if newest is None:
            return EventPage([], None)
        fits = [Event.chain_id == chain, Event.number.in_(newest)]
    query = select(Event).where(*fits)
    found = list(session.scalars(query.order_by(Event.number.desc()).limit(limit + 1)))
    more = len(found) > limit
    return EventPage(found[:limit], found[limit - 1].number if more else None)


def _fits(wanted: Filter) -> list[ColumnElement[bool]]:
    """What is asked besides the kind."""
    fits: list[ColumnElement[bool]] = []
    if wanted.actor:
        fits.append(Event.actor == wanted.actor)
    if wanted.subject:
        fits.append(Event.subject == wanted.subject)
    if wanted.since:
        fits.append(Event.at >= wanted.since)
    if wanted.until:
        fits.append(Event.at < wanted.until)
    return fits


def _names(kind: str) -> list[str]:
    prefix = kind.endswith(".")
    return [name for name in ALL if (name.startswith(kind) if prefix else name == kind)]


def _newest_of(
    kind: str, fits: list[ColumnElement[bool]], limit: int
) -> Select[int] | CompoundSelect[int] | None:
    """Numbers of the newest events of each kind: an index leads to them however long the chain. None: no such kind."""
    each = [
        select(Event.number)
        .where(*fits, Event.kind == name)
        .order_by(Event.number.desc())
        .limit(limit)
        .subquery()
        for name in _names(kind)
    ]
    return union_all(*(select(one.c.number) for one in each)) if each else None


def latest(
    session: Session, chain: str, limit: int = 10, only: Collection[str] = ()
) -> list[Event]:
    """The newest events of one chain, of the kinds `only` if given. The caller has already checked who asks."""
    query = select(Event).where(Event.chain_id == chain)
    if only:
        query = query.where(Event.kind.in_(only))
    return list(session.scalars(query.order_by(Event.number.desc()).limit(limit)))


def pages(
    session: Callable[[], AbstractContextManager[Session]],
    chain: str,
    until: int,
    wanted: Filter | None = None,
) -> Iterator[Sequence[Event]]:
    """A chain in its order up to the event `until`, at most `WALK` events at a time, each page in a session of its
    own: whoever fetches a long file slowly holds neither a connection nor the events before. The caller has already
    checked who asks."""
    after, wanted = 0, wanted or Filter()
    while after < until:
        query = select(Event).where(
            Event.chain_id == chain, Event.number > after, Event.number <= until, *_fits(wanted)
        )
        if wanted.kind:
            query = query.where(Event.kind.in_(_names(wanted.kind)))
        with session() as opened:
            found = opened.scalars(query.order_by(Event.number).limit(WALK)).all()
        if found:
            yield found
        if len(found) < WALK:
            return
        after = found[-1].number


def walk(session: Session, chain: str) -> Iterator[Event]:
    """A whole chain in its order, a page at a time."""
    after = 0
    while True:
        query = select(Event).where(Event.chain_id == chain, Event.number > after)
        found = list(session.scalars(query.order_by(Event.number).limit(WALK)))
        yield from found
        if len(found) < WALK:
            return
        after = found[-1].number


@dataclass(frozen=True)
class End:
    """Of one chain: its length, its last digest, how many checkpoints are stored, the last one's mark."""

    number: int = 0
    head: str = ""
    checkpoints: int = 0
    checkpoint: str = ""


_END = (Chain.length, Chain.head, Chain.checkpoints, Chain.checkpoint)


def end(session: Session, chain: str) -> End:
    """`End()` for a chain that has no event yet."""
    row = session.execute(select(*_END).where(Chain.id == chain)).one_or_none()
    return End(*row) if row else End()


def ends(session: Session) -> dict[str, End]:
    """Of every chain that has an event, by chain, as one statement sees them."""
    rows = session.execute(select(Chain.id, *_END).where(Chain.length > 0))
    return {row[0]: End(*row[1:]) for row in rows}


def head(session: Session, chain: str) -> tuple[int, str]:
    """Length and last digest; (0, "") for a chain that has no event yet."""
    found = end(session, chain)
    return found.number, found.head


def stored(
    session: Session, chain: str, until: int, limit: int | None = None
) -> list[StoredCheckpoint]:
    """A chain's stored checkpoints up to the place `until`, newest first. The caller has already checked who asks."""
    query = select(StoredCheckpoint).where(
        StoredCheckpoint.chain_id == chain, StoredCheckpoint.place <= until
    )
    return list(session.scalars(query.order_by(StoredCheckpoint.place.desc()).limit(limit)))


def stored_until(session: Session, chain: str) -> int:
    """The event the last stored checkpoint of a chain names; 0 where there is none."""
    query = select(func.max(StoredCheckpoint.number)).where(StoredCheckpoint.chain_id == chain)
    return session.scalar(query) or 0


def due(session: Session, at: datetime) -> list[str]:
    """Chains whose end is to be stored: a day after the last time if anything happened since, or after `EVENTS`."""
    last = aliased(StoredCheckpoint)
    query = (
        select(Chain.id)
        .outerjoin(last, and_(last.chain_id == Chain.id, last.place == Chain.checkpoints))
        .where(
            Chain.length > func.coalesce(last.number, 0),
            or_(
                last.place.is_(None),
                last.at <= at - EVERY,
                Chain.length >= last.number + EVENTS,
            ),
        )
    )
    return list(session.scalars(query.order_by(Chain.id)))
