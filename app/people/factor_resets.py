"""A lost second factor is taken off by another person, a day later: its owner is told at once and can stop it.

Who may ask: another administrator of the institution; an operator for an institution's last administrator, or for
another operator. For the last operator there is the hub's command line, which acts at once.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import after_commit
from app.errors import Conflict, Expired, NotAllowed, NotFound
from app.ids import new_id
from app.people import mails, queries, sessions, tokens
from app.people.models import FactorReset, Person, RecoveryCode
from app.secrets import new_token, token_hash
from app.settings import Settings
from app.text import _, speaking

DELAY = timedelta(hours=24)


class StoppedBy(StrEnum):
    """How the owner showed that nothing is lost."""

    LINK = "link"
    SIGNING_IN = "signing-in"
    ACCOUNT = "account"


def ask(
    session: Session, settings: Settings, actor: Actor, institution: str, person_id: str
) -> FactorReset:
    """By another administrator of `institution`. Raises NotFound for someone without a role there, NotAllowed for
    oneself or an operator, Conflict when there is nothing to reset or it is asked already."""
    require(actor.unheld, Permission.PEOPLE_EDIT, institution)
    fresh(actor)
    if institution not in queries.roles_of(session, person_id):
        raise NotFound(_("This person has no role here."))
    person = _other(session, actor, person_id)
    if person.operator:
        raise NotAllowed(_("This person runs the hub. Only another operator can help them."))
    return _ask(session, settings, actor, person, institution)


def ask_as_operator(
    session: Session, settings: Settings, actor: Actor, person_id: str
) -> FactorReset:
    """For an institution's last administrator, or for another operator. Raises NotAllowed for everyone else."""
    require(actor, Permission.HUB_OPERATE, None)
    fresh(actor)
    person = _other(session, actor, person_id)
    alone = queries.administers_alone(session, person_id)
    if not person.operator and not alone:
        raise NotAllowed(_("Another administrator of their institution can do this. Ask one."))
    return _ask(session, settings, actor, person, min(alone, default=None))


def reset_operator(session: Session, settings: Settings, email: str) -> None:
    """At the hub's command line, at once: who holds its keys need not wait. Raises NotFound, Conflict."""
    person = queries.by_email(session, email.strip().lower())
    if person is None or not person.operator:
        raise NotFound(_("This hub has no operator with this mail address."))
    if any(other.id != person.id for other in queries.operators(session)):
        raise Conflict(_("There is another operator: they can reset it on the Operators page."))
    if person.totp_secret is None:
        raise Conflict(_("This person has no second factor."))
    _take_off(session, settings, person, by_command=True)


def _other(session: Session, actor: Actor, person_id: str) -> Person:
    person = queries.person(session, person_id)
    if person is None or person.disabled is not None:
        raise NotFound(_("There is nothing here for you."))
    if person.id == actor.person:
        raise NotAllowed(_("Another person must do this for you."))
    if person.totp_secret is None:
        raise Conflict(_("This person has no second factor."))
    return person


def _ask(
    session: Session, settings: Settings, actor: Actor, person: Person, institution: str | None
) -> FactorReset:
    if queries.open_factor_reset(session, person.id) is not None:
        raise Conflict(_("This is asked for already. It takes effect a day after it was asked."))
    moment, token = now(), new_token()
    row = FactorReset(
        id=new_id("reset"),
        token_hash=token_hash(token),
        person_id=person.id,
        institution_id=institution,
        asked_by=actor.id,
        asked=moment,
        due=moment + DELAY,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another person asked for this just now.")) from error
    _write(session, actor.id, person.id, kinds.FACTOR_RESET_ASKED, {"operator": actor.operator})
    with speaking(person.locale):
        mail = mails.factor_reset_asked(settings, person.email, token, actor.name, row.due)
    after_commit(session, mail)
    return row


def _write(session: Session, by: str, person_id: str, kind: Kind, body: dict[str, object]) -> None:
    """In the hub's chain and in that of every institution the person belongs to: all of them should know."""
    for chain in (HUB_CHAIN, *sorted(queries.roles_of(session, person_id))):
        record(session, by, kind, chain=chain, subject=person_id, body=body)


def find_stop(session: Session, token: str) -> FactorReset:
    """What the link of the mail names. Raises NotFound, Conflict once stopped, Expired once it took effect."""
    row = queries.factor_reset_by_hash(session, token_hash(token))
    if row is None:
        raise NotFound(_("This link does not exist."))
    if row.stopped is not None:
        raise Conflict(_("This is stopped already. Your second factor stays as it is."))
    if row.done is not None:
        raise Expired(_("It has taken effect. Sign in with your password, then set up a new one."))
    return row


def stop_by_link(session: Session, token: str) -> None:
    """By whoever reads the owner's mail. Raises what `find_stop` raises."""
    row = find_stop(session, token)
    if not _stop(session, row, StoppedBy.LINK):
        raise Conflict(_("Another was faster. Open the link again."))


def stop_own(session: Session, actor: Actor) -> None:
    """From a device that is still signed in. Raises NotFound when nothing is asked."""
    row = queries.open_factor_reset(session, actor.person)
    if row is None or actor.token is not None:
        raise NotFound(_("Nothing is asked for. Your second factor stays as it is."))
    _stop(session, row, StoppedBy.ACCOUNT)


def shown(session: Session, person_id: str) -> None:
    """The owner has just used the second factor, so it is not lost."""
    row = queries.open_factor_reset(session, person_id)
    if row is not None:
        _stop(session, row, StoppedBy.SIGNING_IN)


def _stop(session: Session, row: FactorReset, how: StoppedBy) -> bool:
    if not _close(session, row, "stopped"):
        return False
    _write(session, row.person_id, row.person_id, kinds.FACTOR_RESET_STOPPED, {"choice": how})
    return True


def _close(session: Session, row: FactorReset, column: str) -> bool:
    """Stopped or done, once: of the two at the same moment, one wins."""
    closed = session.execute(
        update(FactorReset)
        .where(FactorReset.id == row.id, FactorReset.stopped.is_(None), FactorReset.done.is_(None))
        .values({column: now()})
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    return closed.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def take_effect(session: Session, settings: Settings, at: datetime) -> int:
    """Every reset whose day is over. Returns how many; called by the sweep, so twice does no harm."""
    count = 0
    for row in queries.due_factor_resets(session, at):
        person = queries.person(session, row.person_id)
        if person is None or not _close(session, row, "done"):
            continue
        _take_off(session, settings, person, by_command=False)
        count += 1
    return count


def _take_off(session: Session, settings: Settings, person: Person, *, by_command: bool) -> None:
    """The secret, the recovery codes, every session and every token of the person end together."""
    person.totp_secret, person.totp_last_step = None, None
    session.execute(
        delete(RecoveryCode)
        .where(RecoveryCode.person_id == person.id)
        .execution_options(synchronize_session=False)
    )
    session.flush()
    count = sessions.end_all(session, HUB_CHAIN, person.id)
    tokens.revoke_all(session, HUB_CHAIN, person.id)
    body: dict[str, object] = {"count": count, "operator": by_command}
    _write(session, HUB_CHAIN, person.id, kinds.FACTOR_RESET, body)
    with speaking(person.locale):
        after_commit(session, mails.factor_reset_done(settings, person.email))
