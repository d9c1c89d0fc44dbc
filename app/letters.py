"""Mails that a server is to take: rows written with what they tell of, sent by a worker, kept until taken.

Only where `mail_url` names a server; else a mail is a file, written at once. A mail may be taken twice when a worker
is killed between the server's yes and the next line; it is never lost. Bodies hold secret links: they are sealed.
"""

import json
import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from sqlalchemy import Text, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from app.clock import now
from app.db import Base
from app.effects import Mail, Send, after_commit, take
from app.ids import new_id
from app.jobs import HubTask
from app.secrets import open_, seal
from app.settings import Settings

log = logging.getLogger(__name__)
WAITS_S = (30, 120, 600, 1800, 3600)
"""After the first failure, the second, …; the last again and again."""
KEPT = timedelta(days=3)
_HELD = timedelta(seconds=60)


class Letter(Base):
    """One mail that waits. Taken or given up, it is gone."""

    __tablename__ = "letter"

    id: Mapped[str] = mapped_column(primary_key=True)
    sealed: Mapped[str] = mapped_column(Text)
    """To, subject and body, as JSON."""
    tries: Mapped[int] = mapped_column(default=0)
    made: Mapped[datetime]
    next_try: Mapped[datetime] = mapped_column(index=True)


def keep(session: Session, settings: Settings) -> None:
    """Before commit: turns every mail among the effects into a row, and the effect into the task that sends it."""
    for effect in take(session):
        if isinstance(effect, Mail):
            row = Letter(
                id=new_id("letter"),
                sealed=seal(settings, json.dumps(asdict(effect)).encode()),
                made=now(),
                next_try=now(),
            )
            session.add(row)
            session.flush()
            after_commit(session, Send(HubTask.LETTER.value, (row.id,)))
        else:
            after_commit(session, effect)


def due(session: Session, at: datetime, most: int = 100) -> list[str]:
    """Ids of letters to try now, the longest due first."""
    wanted = select(Letter.id).where(Letter.next_try <= at).order_by(Letter.next_try)
    return list(session.scalars(wanted.limit(most)))


def begin(session: Session, settings: Settings, letter_id: str) -> Mail | None:
    """Takes it for a minute. None when it is gone, another worker has it, or it is not due."""
    at = now()
    sealed = session.execute(
        update(Letter)
        .where(Letter.id == letter_id, Letter.next_try <= at)
        .values(next_try=at + _HELD, tries=Letter.tries + 1)
        .returning(Letter.sealed)
    ).scalar_one_or_none()
    return None if sealed is None else Mail(**json.loads(open_(settings, sealed)))


def taken(session: Session, letter_id: str) -> None:
    """The server has it, or never will."""
    row = session.get(Letter, letter_id)
    if row is not None:
        session.delete(row)


def failed(session: Session, letter_id: str) -> None:
    """Later again; after three days no more: the links in it have run out."""
    row = session.get(Letter, letter_id)
    if row is None:
        return
    if now() - row.made >= KEPT:
        log.error("letter %s is given up after %d tries", row.id, row.tries)
        session.delete(row)
        return
    row.next_try = now() + timedelta(seconds=WAITS_S[min(row.tries, len(WAITS_S)) - 1])
