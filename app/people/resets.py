"""A forgotten password: one link by mail, one hour, one use; and changing the password one knows."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import after_commit
from app.errors import Conflict, Expired, NotFound
from app.ids import new_id
from app.people import mails, passwords, queries, sessions, throttle
from app.people.models import PasswordReset, Person
from app.secrets import new_token, token_hash
from app.settings import Settings
from app.text import _

LIFE = timedelta(hours=1)


def request_reset(session: Session, settings: Settings, email: str, *, address: str = "") -> None:
    """Sends the link if the mail is known. The caller says the same either way. Raises TooMany, known or not."""
    email = email.strip().lower()
    throttle.failed(session, throttle.enter(session, throttle.RESET, email))
    if address:
        throttle.failed(session, throttle.enter(session, throttle.ADDRESS, address))
    person, token = queries.by_email(session, email), new_token()
    if person is None or person.disabled:
        return
    row = PasswordReset(
        id=new_id("reset"),
        token_hash=token_hash(token),
        person_id=person.id,
        expires=now() + LIFE,
    )
    session.add(row)
    session.flush()
    record(session, HUB_CHAIN, kinds.RESET_ASKED, chain=HUB_CHAIN, subject=person.id)
    after_commit(session, mails.reset(settings, person.email, token))


def find_reset(session: Session, token: str) -> PasswordReset:
    """What a link names. Raises NotFound, Conflict once used, Expired after an hour."""
    row = queries.reset_by_hash(session, token_hash(token))
    if row is None:
        raise NotFound(_("This link does not exist. Ask for a new one."))
    if row.used:
        raise Conflict(_("This link has been used. Ask for a new one."))
    if row.expires <= now():
        raise Expired(_("This link has run out. Ask for a new one."))
    return row


def reset(session: Session, settings: Settings, token: str, password: str) -> None:
    """Sets the password and ends every session. The second factor stays. Raises as `find_reset`, and Invalid."""
    row = find_reset(session, token)
    passwords.check(password)
    used = session.execute(
        update(PasswordReset)
        .where(PasswordReset.id == row.id, PasswordReset.used.is_(None))
        .values(used=now())
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("This link has been used. Ask for a new one."))
    session.refresh(row)
    person = queries.person(session, row.person_id)
    if person is None or person.disabled:
        raise NotFound(_("This link does not exist. Ask for a new one."))
    _set(session, settings, person, person.id, password, keep=None)


def change_password(
    session: Session, settings: Settings, actor: Actor, password: str, *, keep: str | None = None
) -> None:
    """A new password for a person who proved again who they are; ends every session but `keep`."""
    fresh(actor)
    person = queries.person(session, actor.person)
    if person is None or actor.token is not None:
        raise NotFound(_("There is nothing here for you."))
    passwords.check(password)
    _set(session, settings, person, actor.id, password, keep=keep)


def _set(
    session: Session,
    settings: Settings,
    person: Person,
    by: str,
    password: str,
    *,
    keep: str | None,
) -> None:
    person.password_hash = passwords.make(password)
    session.flush()
    count = sessions.end_all(session, by, person.id, but=keep)
    body = {"count": count}
    record(session, by, kinds.PASSWORD_CHANGED, chain=HUB_CHAIN, subject=person.id, body=body)
    after_commit(session, mails.password_changed(settings, person.email))
