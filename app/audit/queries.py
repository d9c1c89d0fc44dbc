"""Reading the chains: by filter with a cursor for people, from the start for the check."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, CompoundSelect, Select, select, union_all
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit.kinds import ALL
from app.audit.models import HUB_CHAIN, Chain, Event

WALK = 500


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


def _newest_of(
    kind: str, fits: list[ColumnElement[bool]], limit: int
) -> Select[int] | CompoundSelect[int] | None:
    """Numbers of the newest events of each kind: an index leads to them however long the chain. None: no such kind."""
    prefix = kind.endswith(".")
    names = [name for name in ALL if (name.startswith(kind) if prefix else name == kind)]
    each = [
        select(Event.number)
        .where(*fits, Event.kind == name)
        .order_by(Event.number.desc())
        .limit(limit)
        .subquery()
        for name in names
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


def head(session: Session, chain: str) -> tuple[int, str]:
    """Length and last digest; (0, "") for a chain that has no event yet."""
    row = session.execute(select(Chain.length, Chain.head).where(Chain.id == chain)).one_or_none()
    return (row.length, row.head) if row else (0, "")


def heads(session: Session) -> dict[str, tuple[int, str]]:
    """Length and last digest of every chain that has an event, by chain."""
    rows = session.execute(select(Chain.id, Chain.length, Chain.head).where(Chain.length > 0))
    return {row.id: (row.length, row.head) for row in rows}
