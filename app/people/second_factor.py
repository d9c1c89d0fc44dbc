"""The second factor: six digits from an app (TOTP, RFC 6238), ten recovery codes, and proving it again (step-up)."""

import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import timedelta

import pyotp
from sqlalchemy import delete, or_, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.errors import Expired, Invalid, NotFound
from app.ids import new_id
from app.people import factor_resets, passwords, queries, throttle
from app.people.models import BrowserSession, Person, RecoveryCode
from app.secrets import open_, seal, token_hash
from app.settings import Settings
from app.text import _

STEP_S = 30
WINDOW = 1
RECOVERY_CODES = 10
OFFER = timedelta(minutes=15)
_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"


@dataclass(frozen=True)
class Offer:
    """A second factor not yet set: `secret` and `uri` for the app, `sealed` to send back with the first code."""

    secret: str
    uri: str
    sealed: str


def start_totp(session: Session, settings: Settings, actor: Actor) -> Offer:
    """Makes a secret and keeps nothing: until a code was right, the account stands as it stood."""
    person = _own(session, actor)
    secret = pyotp.random_base32()
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=settings.hub_name)
    until = (now() + OFFER).timestamp()
    sealed = seal(settings, json.dumps([person.id, secret, until]).encode())
    return Offer(secret, uri, sealed)


def confirm_totp(
    session: Session, settings: Settings, actor: Actor, sealed: str, code: str
) -> list[str] | None:
    """Sets the second factor and returns the recovery codes, shown once; None when the code is wrong.

    Raises Expired for an offer older than 15 minutes, NotFound for another person's, StepUpNeeded.
    """
    fresh(actor)
    person = _own(session, actor)
    owner, secret, until = _open_offer(settings, sealed)
    if owner != person.id:
        raise NotFound(_("There is nothing here for you."))
    if until < now().timestamp():
        raise Expired(_("This setup is older than 15 minutes. Start again."))
    door = throttle.enter(session, throttle.CODE, person.id)
    step = _matching_step(secret, code)
    if step is None:
        _count_failure(session, door, person.id)
        return None
    throttle.passed(session, door)
    person.totp_secret = seal(settings, secret.encode())
    person.totp_last_step = step
    codes = make_recovery_codes(session, actor)
    record(session, actor.id, kinds.SECOND_FACTOR_SET, chain=HUB_CHAIN, subject=person.id)
    return codes


def _open_offer(settings: Settings, sealed: str) -> tuple[str, str, float]:
    try:
        owner, secret, until = json.loads(open_(settings, sealed))
    except ValueError as error:
        problem = _("This setup cannot be read. Start again.")
        raise Invalid(problem) from error
    return owner, secret, until


def make_recovery_codes(session: Session, actor: Actor) -> list[str]:
    """Ten new ones, shown once; the old ones stop working. Raises StepUpNeeded."""
    fresh(actor)
    person = _own(session, actor)
    session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.person_id == person.id)
        .execution_options(synchronize_session=False)
    )
    codes = ["-".join(_letters(4) for _part in range(3)) for _code in range(RECOVERY_CODES)]
    for code in codes:
        row = RecoveryCode(id=new_id("code"), person_id=person.id, code_hash=token_hash(code))
        session.add(row)
    session.flush()
    body = {"count": RECOVERY_CODES}
    record(
        session,
        actor.id,
        kinds.RECOVERY_CODES_MADE,
        chain=HUB_CHAIN,
        subject=person.id,
        body=body,
    )
    return codes


def _letters(count: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _i in range(count))


def check_code(session: Session, settings: Settings, row: BrowserSession, code: str) -> bool:
    """The second half of signing in: six digits or a recovery code. Raises TooMany."""
    person = queries.person(session, row.person_id)
    if person is None or person.totp_secret is None:
        return False
    if not _prove(session, settings, person, code):
        return False
    _mark_stepped_up(session, row, person.id)
    return True


def step_up(session: Session, settings: Settings, row: BrowserSession, proof: str) -> bool:
    """Who is it, again: a code where a second factor is set, else the password. Raises TooMany."""
    person = queries.person(session, row.person_id)
    if person is None:
        return False
    if not _prove(session, settings, person, proof):
        return False
    _mark_stepped_up(session, row, person.id)
    return True


def _mark_stepped_up(session: Session, row: BrowserSession, person_id: str) -> None:
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == row.id)
        .values(second_factor_done=True, stepped_up=now(), last_seen=now())
        .execution_options(synchronize_session=False)
    )
    body = {"session": row.id}
    record(session, person_id, kinds.STEPPED_UP, chain=HUB_CHAIN, subject=person_id, body=body)


def _prove(session: Session, settings: Settings, person: Person, proof: str) -> bool:
    """Counts the try; a right code is used up."""
    door = throttle.enter(session, throttle.CODE, person.id)
    if person.totp_secret is None:
        good = passwords.fits(person.password_hash, proof)
    else:
        secret = open_(settings, person.totp_secret).decode()
        good = _use_step(session, person.id, _matching_step(secret, proof))
        good = good or _use_recovery_code(session, person.id, proof)
    if good:
        throttle.passed(session, door)
        if person.totp_secret is not None:
            factor_resets.shown(session, person.id)
    else:
        _count_failure(session, door, person.id)
    return good


def _count_failure(session: Session, door: throttle.Door, person_id: str) -> None:
    body = {"attempts": throttle.failed(session, door)}
    record(session, person_id, kinds.CODE_FAILED, chain=HUB_CHAIN, subject=person_id, body=body)


def _matching_step(secret: str, code: str) -> int | None:
    """The time step this code belongs to, one step of clock drift either way; None if it fits none."""
    digits = "".join(code.split())
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    totp, current = pyotp.TOTP(secret), int(now().timestamp()) // STEP_S
    for step in range(current - WINDOW, current + WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step), digits):
            return step
    return None


def _use_step(session: Session, person_id: str, step: int | None) -> bool:
    """No step works twice, nor one before the last used: a code seen over a shoulder is dead."""
    if step is None:
        return False
    used = session.execute(
        update(Person)
        .where(
            Person.id == person_id,
            or_(Person.totp_last_step.is_(None), Person.totp_last_step < step),
        )
        .values(totp_last_step=step)
        .execution_options(synchronize_session=False)
    )
    return used.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _use_recovery_code(session: Session, person_id: str, code: str) -> bool:
    typed = "".join(c for c in code.lower() if c in _LETTERS)
    whole = "-".join(typed[i : i + 4] for i in range(0, 12, 4))
    used = session.execute(
        update(RecoveryCode)
        .where(
            RecoveryCode.person_id == person_id,
            RecoveryCode.code_hash == token_hash(whole),
            RecoveryCode.used.is_(None),
        )
        .values(used=now())
        .execution_options(synchronize_session=False)
    )
    if used.rowcount != 1:  # type: ignore[attr-defined]
        return False
    body = {"count": queries.recovery_codes_left(session, person_id)}
    record(
        session,
        person_id,
        kinds.RECOVERY_CODE_USED,
        chain=HUB_CHAIN,
        subject=person_id,
        body=body,
    )
    return True


def _own(session: Session, actor: Actor) -> Person:
    person = queries.person(session, actor.person)
    if person is None or actor.token is not None:
        raise NotFound(_("There is nothing here for you."))
    return person
