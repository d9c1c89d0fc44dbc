"""Making and changing accounts. Who may make one: a registration, an invitation, the command line."""

import re
import unicodedata

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, Invalid, NotFound
from app.ids import new_id
from app.names import clean_name
from app.people import passwords, queries
from app.people.models import Person
from app.text import LOCALES, _, current_locale

_MAIL = re.compile(r"[^\s@<>\"(),:;\\\[\]]{1,64}@[^\s@<>\"(),:;\\\[\]]+\.[^\s@<>\"(),:;\\\[\]]+\Z")
THEMES = ("", "light", "dark")


def clean_email(text: str, field: str = "email") -> str:
    """Lower case, NFC. Raises Invalid for what is no mail address."""
    email = unicodedata.normalize("NFC", text).strip().lower()
    if len(email) > 200 or not email.isprintable() or not _MAIL.match(email):
        problem = _("This is not a mail address. It looks like name@school.example.")
        raise Invalid(problem, {field: problem})
    return email


def make_person(
    session: Session, email: str, name: str, password: str, *, operator: bool = False
) -> Person:
    """Raises Invalid for bad input and Conflict for a known mail address: callers decide what they let show."""
    email, name = clean_email(email), clean_name(name)
    passwords.check(password)
    if queries.by_email(session, email) is not None:
        raise Conflict(_("This mail address already has an account. Sign in with it."))
    person = Person(
        id=new_id("person"),
        email=email,
        name=name,
        password_hash=passwords.make(password),
        operator=operator,
        locale=current_locale(),
        created=now(),
    )
    session.add(person)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("This mail address has had an account for a moment now.")) from error
    record(
        session,
        person.id,
        kinds.ACCOUNT_MADE,
        chain=HUB_CHAIN,
        subject=person.id,
        body={"operator": operator},
    )
    return person


def change_account(
    session: Session,
    actor: Actor,
    *,
    name: str | None = None,
    locale: str | None = None,
    theme: str | None = None,
) -> Person:
    """One's own name, language and theme. Raises Invalid."""
    person = queries.person(session, actor.person)
    if person is None or actor.token is not None:
        raise NotFound(_("There is nothing here for you."))
    if name is not None:
        person.name = clean_name(name)
    if locale is not None:
        person.locale = _one_of(locale, LOCALES, "locale")
    if theme is not None:
        person.theme = _one_of(theme, THEMES, "theme")
    session.flush()
    record(session, actor.id, kinds.ACCOUNT_CHANGED, chain=HUB_CHAIN, subject=person.id)
    return person


def _one_of(value: str, known: tuple[str, ...], field: str) -> str:
    if value not in known:
        problem = _("Choose one of the list.")
        raise Invalid(problem, {field: problem})
    return value
