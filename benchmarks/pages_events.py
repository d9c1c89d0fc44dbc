"""Events in bulk, at the ends of their chains: each checked against its kind, each naming the digest before it."""

import random
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as insert_new
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit import queries as audit
from app.audit.events import Kind
from app.audit.models import HUB_CHAIN, Chain, Event
from app.audit.service import digest_event
from app.ids import new_id

SEED = 7
Happened = tuple[datetime, str, str, Kind, str, dict[str, Any]]
"""Time, chain, actor, kind, subject, body."""


def append(session: Session, events: list[Happened]) -> None:
    """In the order of time."""
    heads = {chain: (end.number, end.head) for chain, end in audit.ends(session).items()}
    rows = []
    for at, chain, actor, kind, subject, body in sorted(events, key=lambda e: e[0]):
        length, head = heads.get(chain, (0, ""))
        event = Event(
            id=new_id("event"),
            chain_id=chain,
            number=length + 1,
            at=at,
            actor=actor,
            kind=kind.name,
            subject=subject,
            body=kind.check(body),
            previous=head,
        )
        digest = digest_event(event)
        heads[chain] = (length + 1, digest)
        columns = ("id", "chain_id", "number", "at", "actor", "kind", "subject", "body", "previous")
        rows.append({name: getattr(event, name) for name in columns} | {"digest": digest})
    for chain in {e[1] for e in events}:
        length, head = heads[chain]
        session.execute(
            insert_new(Chain).values(id=chain, length=0, head="").on_conflict_do_nothing()
        )
        session.execute(update(Chain).where(Chain.id == chain).values(length=length, head=head))
    session.execute(insert(Event), rows)


def fill_up(
    session: Session, count: int, people: list[str], begin: datetime, end: datetime
) -> None:
    """Sign-ins, until the hub has `count` events in all."""
    have = session.scalar(select(func.count(Event.id))) or 0
    draw, missing = random.Random(SEED), count - have
    assert missing > 0, have
    events: list[Happened] = []
    for number in range(missing):
        who = draw.choice(people)
        when = begin + (end - begin) * (number / missing)
        body = {"session": new_id("session"), "second_factor": True}
        events.append((when, HUB_CHAIN, who, kinds.SIGNED_IN, who, body))
    append(session, events)
