"""Signing in and out. A wrong answer is returned, not raised: the failure must be committed to be counted."""

from sqlalchemy import delete
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.people import passwords, queries, sessions, throttle
from app.people.models import BrowserSession
from app.people.sessions import SignedIn
from app.secrets import token_hash
from app.settings import Settings


def sign_in(
    session: Session,
    settings: Settings,
    email: str,
    password: str,
    *,
    address: str = "",
    agent: str = "",
    old_cookie: str | None = None,
) -> SignedIn | None:
    """None when mail or password is wrong: the same answer, about as slowly, whether or not the mail is known.

    Raises TooMany while this mail or this `address` waits. `old_cookie`'s session ends.
    """
    email = email.strip().lower()
    by_mail = throttle.enter(session, throttle.SIGN_IN, email)
    by_address = throttle.enter(session, throttle.ADDRESS, address) if address else None
    person = queries.by_email(session, email)
    able = person is not None and person.disabled is None
    fits = passwords.fits(person.password_hash if person and able else None, password)
    if person is None or not fits:
        failures = throttle.failed(session, by_mail)
        if by_address:
            throttle.failed(session, by_address)
        who = person.id if person else HUB_CHAIN
        body = {"attempts": failures}
        record(session, HUB_CHAIN, kinds.SIGN_IN_FAILED, chain=HUB_CHAIN, subject=who, body=body)
        return None
    throttle.passed(session, by_mail)
    if old_cookie:
        sign_out(session, old_cookie)
    return sessions.start(session, settings, person, agent)


def sign_out(session: Session, cookie: str) -> None:
    """Ends this cookie's session. An unknown cookie is already signed out."""
    found = queries.session_by_hash(session, token_hash(cookie))
    if found is None:
        return
    row, person = found
    session.execute(
        delete(BrowserSession)
        .where(BrowserSession.id == row.id)
        .execution_options(synchronize_session=False)
    )
    session.expunge(row)
    record(
        session,
        person.id,
        kinds.SIGNED_OUT,
        chain=HUB_CHAIN,
        subject=person.id,
        body={"session": row.id},
    )
