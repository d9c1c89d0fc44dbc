"""Answers of a registration before it is sent. No password stands here, and nobody but its holder finds a draft."""

from datetime import timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.clock import now
from app.errors import Expired
from app.institutions.models import RegistrationDraft
from app.secrets import new_token
from app.text import _

LIFE = timedelta(hours=24)


def begin(session: Session, answers: dict[str, Any]) -> str:
    """A new draft's unguessable id. Old ones of anybody are swept out on the way."""
    moment = now()
    session.execute(
        delete(RegistrationDraft)
        .where(RegistrationDraft.expires < moment)
        .execution_options(synchronize_session=False)
    )
    row = RegistrationDraft(
        id=new_token("draft_"), answers=answers, created=moment, expires=moment + LIFE
    )
    session.add(row)
    session.flush()
    return row.id


def find(session: Session, draft_id: str) -> RegistrationDraft:
    """Raises Expired for an unknown or old one: its holder starts again."""
    row = session.get(RegistrationDraft, draft_id)
    if row is None or row.expires <= now():
        raise Expired(_("These answers were kept for a day and are gone. Start again."))
    return row


def keep(session: Session, draft_id: str, answers: dict[str, Any]) -> None:
    """Adds answers to a draft."""
    row = find(session, draft_id)
    row.answers = {**row.answers, **answers}
    session.flush()


def drop(session: Session, draft_id: str) -> None:
    """Once it was sent."""
    row = find(session, draft_id)
    session.delete(row)
    session.flush()
