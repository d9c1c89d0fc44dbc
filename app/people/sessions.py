"""Server-side browser sessions: a random cookie whose hash is kept, an absolute and an idle end, one CSRF secret."""

from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Role
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.errors import NotFound
from app.ids import new_id
from app.people import queries
from app.people.models import BrowserSession, Person
from app.secrets import new_token, token_hash
from app.settings import Settings
from app.text import _

IDLE = timedelta(hours=2)
TOUCH = timedelta(minutes=1)
NEEDS_SECOND_FACTOR = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})


@dataclass(frozen=True)
class SignedIn:
    """`cookie` is shown to the browser once. `needs_code`: the session has no power until a code was right."""

    cookie: str
    browser_session: BrowserSession
    needs_code: bool


def start(session: Session, settings: Settings, person: Person, agent: str) -> SignedIn:
    """A new session with a new id. Without a second factor the password just given counts as stepped up."""
    cookie, moment = new_token(), now()
    needs_code = person.totp_secret is not None
    row = BrowserSession(
        id=new_id("session"),
        token_hash=token_hash(cookie),
        person_id=person.id,
        csrf=new_token(),
        institution_id=min(queries.roles_of(session, person.id), default=None),
        second_factor_done=not needs_code,
        stepped_up=None if needs_code else moment,
        agent="".join(c for c in agent if c.isprintable())[:200],
        created=moment,
        last_seen=moment,
        expires=moment + timedelta(hours=settings.session_hours),
    )
    session.add(row)
    session.flush()
    record(
        session,
        person.id,
        kinds.SIGNED_IN,
        chain=HUB_CHAIN,
        subject=person.id,
        body={"session": row.id, "second_factor": needs_code},
    )
    return SignedIn(cookie, row, needs_code)


def actor_for(
    session: Session, cookie: str | None, settings: Settings | None = None
) -> tuple[BrowserSession, Actor] | None:
    """Who this cookie is; None when unknown, ended, idle too long, or still without its code.

    With `settings` of a hub that requires it, the powers that need a second factor are withheld until there is one.
    Only reads: an edge calls `touch` when `stale` says so.
    """
    found = _alive(session, cookie)
    if found is None or not found[0].second_factor_done:
        return None
    row, person = found
    actor = Actor(
        person=person.id,
        name=person.name,
        roles=queries.roles_of(session, person.id),
        operator=person.operator,
        stepped_up=row.stepped_up,
    )
    if settings and settings.needs_second_factor and person.totp_secret is None:
        actor = _without(actor)
    return row, actor


def _without(actor: Actor) -> Actor:
    """The same person without the powers that take a second factor; a reader where nothing else is left."""
    roles = {i: held - NEEDS_SECOND_FACTOR for i, held in actor.roles.items()}
    if roles == actor.roles and not actor.operator:
        return actor
    roles = {i: held or frozenset({Role.READER}) for i, held in roles.items()}
    return replace(actor, roles=roles, operator=False, withheld=actor)


def pending(session: Session, cookie: str | None) -> BrowserSession | None:
    """The session that waits for its code, for the page that asks for it."""
    found = _alive(session, cookie)
    return found[0] if found and not found[0].second_factor_done else None


def _alive(session: Session, cookie: str | None) -> tuple[BrowserSession, Person] | None:
    if not cookie:
        return None
    found = queries.session_by_hash(session, token_hash(cookie))
    if found is None:
        return None
    row, person = found
    moment = now()
    if row.expires <= moment or row.last_seen + IDLE <= moment or person.disabled is not None:
        return None
    return found


def stale(row: BrowserSession) -> bool:
    """Whether 'last seen' is old enough to be worth a write."""
    return now() - row.last_seen > TOUCH


def touch(session: Session, row: BrowserSession) -> None:
    """Moves 'last seen' to now."""
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == row.id)
        .values(last_seen=now())
        .execution_options(synchronize_session=False)
    )


def switch(session: Session, row_id: str, actor: Actor, institution: str) -> None:
    """The institution the switcher shows from now on. A view of one's own, not an act."""
    if institution not in actor.institutions:
        raise NotFound(_("There is nothing here for you."))
    session.execute(
        update(BrowserSession)
        .where(BrowserSession.id == row_id, BrowserSession.person_id == actor.person)
        .values(institution_id=institution)
        .execution_options(synchronize_session=False)
    )


def end(session: Session, actor: Actor, session_id: str) -> None:
    """Ends one of the actor's own sessions. Raises NotFound for another's."""
    gone = session.execute(
        delete(BrowserSession)
        .where(BrowserSession.id == session_id, BrowserSession.person_id == actor.person)
        .execution_options(synchronize_session=False)
    )
    if gone.rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound(_("This session has already ended."))
    _write_end(session, actor.id, actor.person, session_id, 1)


def end_all(session: Session, actor_id: str, person_id: str, *, but: str | None = None) -> int:
    """Ends every session of a person, `but` one. Returns how many."""
    gone = session.execute(
        delete(BrowserSession)
        .where(BrowserSession.person_id == person_id, BrowserSession.id != (but or ""))
        .execution_options(synchronize_session=False)
    )
    count: int = gone.rowcount  # type: ignore[attr-defined]
    _write_end(session, actor_id, person_id, None, count)
    return count


def _write_end(
    session: Session, actor_id: str, person_id: str, session_id: str | None, count: int
) -> None:
    record(
        session,
        actor_id,
        kinds.SESSION_ENDED,
        chain=HUB_CHAIN,
        subject=person_id,
        body={"session": session_id, "count": count},
    )
