"""Reading notices: one's own, and what the next digest holds."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.notices.models import Notice, NoticeChoice
from app.notices.states import WAITING, NoticeKind


def news(session: Session, actor: Actor, limit: int = 20) -> Sequence[Notice]:
    """One's own, neither read nor settled, newest first; without what stands among the tasks already."""
    query = select(Notice).where(
        Notice.person_id == actor.person,
        Notice.institution_id.in_(actor.institutions),
        Notice.read.is_(None),
        Notice.settled.is_(None),
        Notice.kind.not_in(WAITING),
    )
    return session.scalars(query.order_by(Notice.created.desc(), Notice.id).limit(limit)).all()


def muted(session: Session, person_id: str) -> frozenset[NoticeKind]:
    """Kinds this person does not want by mail."""
    row = session.get(NoticeChoice, person_id)
    known = set(NoticeKind)
    return frozenset(NoticeKind(k) for k in (row.muted if row else []) if k in known)


def unsettled(session: Session) -> Sequence[Notice]:
    """What may have stopped being true."""
    return session.scalars(select(Notice).where(Notice.settled.is_(None))).all()


def known(session: Session) -> set[tuple[str, NoticeKind, str]]:
    """Person, kind and subject of everything told so far."""
    rows = session.execute(select(Notice.person_id, Notice.kind, Notice.subject))
    return {(row.person_id, row.kind, row.subject) for row in rows}


def unmailed(session: Session) -> Sequence[Notice]:
    """Not read, not settled, in no digest yet; oldest first."""
    query = select(Notice).where(
        Notice.mailed.is_(None), Notice.read.is_(None), Notice.settled.is_(None)
    )
    return session.scalars(query.order_by(Notice.created, Notice.id)).all()


def before(session: Session, at: datetime) -> Sequence[Notice]:
    return session.scalars(select(Notice).where(Notice.created < at)).all()
