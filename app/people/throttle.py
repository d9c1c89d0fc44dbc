"""Tries that slow down: some are free, then the wait doubles up to a quarter of an hour. One row per key."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import TooMany
from app.people.models import Attempt
from app.secrets import token_hash
from app.text import ngettext

LONGEST = 900
FORGOTTEN = timedelta(hours=24)


@dataclass(frozen=True)
class Limit:
    """Failure number `free` starts the wait; those before cost nothing."""

    name: str
    free: int


SIGN_IN = Limit("sign-in", 5)
ADDRESS = Limit("address", 30)
CODE = Limit("code", 5)
RESET = Limit("reset", 3)


@dataclass(frozen=True)
class Door:
    """One key being tried; its row is locked until the transaction ends, so parallel tries queue."""

    key: str
    limit: Limit
    failures: int


def enter(session: Session, limit: Limit, who: str) -> Door:
    """Raises TooMany while the key waits, whatever is presented: right and wrong look the same."""
    key = f"{limit.name}:{token_hash(who)[:40]}"
    moment = now()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(
        insert(Attempt).values(id=key, failures=0, last=moment).on_conflict_do_nothing()
    )
    row = session.execute(
        update(Attempt)
        .where(Attempt.id == key)
        .values(failures=Attempt.failures)
        .returning(Attempt.failures, Attempt.blocked_until, Attempt.last)
        .execution_options(synchronize_session=False)
    ).one()
    _refuse_while_blocked(row.blocked_until, moment)
    stale = moment - row.last > FORGOTTEN
    return Door(key, limit, 0 if stale else row.failures)


def _refuse_while_blocked(until: datetime | None, moment: datetime) -> None:
    if until is None or until <= moment:
        return
    wait = max(1, round((until - moment).total_seconds()))
    message = ngettext(
        "Too many tries. Wait {count} second, then try again.",
        "Too many tries. Wait {count} seconds, then try again.",
        wait,
    )
    raise TooMany(message.format(count=wait), wait)


def failed(session: Session, door: Door) -> int:
    """Counts one failure and sets the wait. Returns the failures so far."""
    failures = door.failures + 1
    over = failures - door.limit.free
    moment = now()
    blocked = moment + timedelta(seconds=min(2**over, LONGEST)) if over >= 0 else None
    session.execute(
        update(Attempt)
        .where(Attempt.id == door.key)
        .values(failures=failures, blocked_until=blocked, last=moment)
        .execution_options(synchronize_session=False)
    )
    return failures


def passed(session: Session, door: Door) -> None:
    """Forgets the failures of this key."""
    session.execute(
        delete(Attempt).where(Attempt.id == door.key).execution_options(synchronize_session=False)
    )
