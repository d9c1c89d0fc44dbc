"""Reading people: who is who, who has which role, which sessions, invitations and tokens are alive."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission, Role, roles_with
from app.clock import now
from app.errors import NotFound
from app.people.models import (
    ApiToken,
    BrowserSession,
    FactorReset,
    Invitation,
    PasswordReset,
    Person,
    RecoveryCode,
    RoleGrant,
)
from app.text import _


def person(session: Session, person_id: str) -> Person | None:
    return session.get(Person, person_id)


def by_email(session: Session, email: str) -> Person | None:
    """`email` in lower case."""
    return session.scalar(select(Person).where(Person.email == email))


def names(session: Session, ids: set[str]) -> dict[str, str]:
    """Names by person id, for showing who did what. Erased people are missing."""
    found = session.execute(select(Person.id, Person.name).where(Person.id.in_(ids)))
    return {row.id: row.name for row in found}


_ROLES = select(RoleGrant.institution_id, RoleGrant.role).where(
    RoleGrant.person_id == bindparam("person")
)


def roles_of(session: Session, person_id: str) -> dict[str, frozenset[Role]]:
    """Institution id to roles, as `Actor.roles` wants it."""
    held: defaultdict[str, set[Role]] = defaultdict(set)
    for institution, role in session.execute(_ROLES, {"person": person_id}):
        held[institution].add(role)
    return {institution: frozenset(roles) for institution, roles in held.items()}


@dataclass(frozen=True)
class Member:
    """One row of the people page."""

    person: Person
    roles: frozenset[Role]
    second_factor: bool
    last_seen: datetime | None


def members(session: Session, actor: Actor, institution: str) -> list[Member]:
    """The people of an institution by name, with roles, second factor yes or no, and when they were last seen."""
    require(actor, Permission.PEOPLE_READ, institution)
    held: defaultdict[str, set[Role]] = defaultdict(set)
    people: dict[str, Person] = {}
    rows = select(RoleGrant, Person).join(Person, Person.id == RoleGrant.person_id)
    rows = rows.where(RoleGrant.institution_id == institution)
    for grant, found in session.execute(rows):
        held[found.id].add(grant.role)
        people[found.id] = found
    seen = _last_seen(session, set(people))
    ordered = sorted(people.values(), key=lambda p: p.name.casefold())
    return [
        Member(p, frozenset(held[p.id]), p.totp_secret is not None, seen.get(p.id)) for p in ordered
    ]


def _last_seen(session: Session, ids: set[str]) -> dict[str, datetime]:
    query = select(BrowserSession.person_id, func.max(BrowserSession.last_seen))
    query = query.where(BrowserSession.person_id.in_(ids)).group_by(BrowserSession.person_id)
    return dict(session.execute(query).all())


def people_with(session: Session, institution: str, permission: Permission) -> list[Person]:
    """Everyone of the institution, able to sign in, who holds `permission` there: for telling and counting."""
    query = _with_roles(institution, roles_with(permission)).distinct()
    return list(session.scalars(query))


def _with_roles(institution: str, roles: tuple[Role, ...]) -> Select[Person]:
    return (
        select(Person)
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(
            RoleGrant.institution_id == institution,
            RoleGrant.role.in_(roles),
            Person.disabled.is_(None),
        )
    )


def instructors(session: Session, actor: Actor, institution: str) -> list[Person]:
    """Those who can be named for a class."""
    require(actor, Permission.CLASS_READ, institution)
    query = _with_roles(institution, (Role.INSTRUCTOR,))
    return list(session.scalars(query.order_by(Person.name)))


def lock_administrators(session: Session, institution: str) -> list[str]:
    """Ids of the administrators who can sign in, their grants locked so that two cannot remove each other."""
    query = (
        select(RoleGrant.person_id)
        .join(Person, Person.id == RoleGrant.person_id)
        .where(
            RoleGrant.institution_id == institution,
            RoleGrant.role == Role.ADMINISTRATOR,
            Person.disabled.is_(None),
        )
        .order_by(RoleGrant.id)
        .with_for_update(of=RoleGrant)
    )
    return list(session.scalars(query))


def grants(session: Session, institution: str, person_id: str) -> list[RoleGrant]:
    query = select(RoleGrant).where(
        RoleGrant.institution_id == institution, RoleGrant.person_id == person_id
    )
    return list(session.scalars(query))


def operators(session: Session) -> list[Person]:
    """Operators who can sign in, by name. Their number decides what verifying takes."""
    query = select(Person).where(Person.operator.is_(True), Person.disabled.is_(None))
    return list(session.scalars(query.order_by(Person.name)))


_BY_HASH = (
    select(BrowserSession, Person)
    .join(Person, Person.id == BrowserSession.person_id)
    .where(BrowserSession.token_hash == bindparam("token_hash"))
)


def session_by_hash(session: Session, token_hash: str) -> tuple[BrowserSession, Person] | None:
    return session.execute(_BY_HASH, {"token_hash": token_hash}).first()


def sessions_of(session: Session, person_id: str) -> list[BrowserSession]:
    """Signed-in devices that have not run out, newest first."""
    query = select(BrowserSession).where(
        BrowserSession.person_id == person_id, BrowserSession.expires > now()
    )
    return list(session.scalars(query.order_by(BrowserSession.last_seen.desc())))


def recovery_codes_left(session: Session, person_id: str) -> int:
    query = select(func.count()).select_from(RecoveryCode)
    query = query.where(RecoveryCode.person_id == person_id, RecoveryCode.used.is_(None))
    return session.scalar(query) or 0


def invitation_by_hash(session: Session, token_hash: str) -> Invitation | None:
    return session.scalar(select(Invitation).where(Invitation.token_hash == token_hash))


def open_invitations(session: Session, actor: Actor, institution: str | None) -> list[Invitation]:
    """Neither answered nor run out, newest first. `institution` None: to be an operator."""
    require(actor, Permission.PEOPLE_READ if institution else Permission.HUB_OPERATE, institution)
    query = select(Invitation).where(
        Invitation.institution_id == institution,
        Invitation.accepted.is_(None),
        Invitation.declined.is_(None),
        Invitation.expires > now(),
    )
    return list(session.scalars(query.order_by(Invitation.created.desc())))


def invitations_like(session: Session, institution: str | None, email: str) -> list[Invitation]:
    """Unanswered ones to the same mail address, run out or not."""
    query = select(Invitation).where(
        Invitation.institution_id == institution,
        Invitation.email == email,
        Invitation.accepted.is_(None),
        Invitation.declined.is_(None),
    )
    return list(session.scalars(query))


def invitation(session: Session, actor: Actor, invitation_id: str) -> Invitation:
    """One that the actor may withdraw, else NotFound or NotAllowed."""
    found = session.get(Invitation, invitation_id)
    if found is None:
        raise NotFound(_("There is nothing here for you."))
    edit = Permission.PEOPLE_EDIT if found.institution_id else Permission.HUB_OPERATE
    require(actor.unheld, edit, found.institution_id)
    return found


def reset_by_hash(session: Session, token_hash: str) -> PasswordReset | None:
    return session.scalar(select(PasswordReset).where(PasswordReset.token_hash == token_hash))


def factor_reset_by_hash(session: Session, token_hash: str) -> FactorReset | None:
    return session.scalar(select(FactorReset).where(FactorReset.token_hash == token_hash))


def open_factor_reset(session: Session, person_id: str) -> FactorReset | None:
    """Asked for, neither stopped nor done."""
    query = _open_factor_resets().where(FactorReset.person_id == person_id)
    return session.scalar(query)


def open_factor_resets(session: Session, person_ids: Iterable[str]) -> dict[str, FactorReset]:
    """As `open_factor_reset`, by person."""
    rows = session.scalars(_open_factor_resets().where(FactorReset.person_id.in_(set(person_ids))))
    return {row.person_id: row for row in rows}


def due_factor_resets(session: Session, at: datetime) -> list[FactorReset]:
    return list(session.scalars(_open_factor_resets().where(FactorReset.due <= at)))


def _open_factor_resets() -> Select[FactorReset]:
    return select(FactorReset).where(FactorReset.stopped.is_(None), FactorReset.done.is_(None))


def administers_alone(session: Session, person_id: str) -> set[str]:
    """Institutions whose only administrator able to sign in is this person."""
    own = {i for i, held in roles_of(session, person_id).items() if Role.ADMINISTRATOR in held}
    administrators = (Role.ADMINISTRATOR,)
    return {
        i
        for i in own
        if {p.id for p in session.scalars(_with_roles(i, administrators))} == {person_id}
    }


def only_administrator(session: Session, institution: str) -> Person | None:
    """Whom no colleague can help, so operators may."""
    found = list(session.scalars(_with_roles(institution, (Role.ADMINISTRATOR,))))
    return found[0] if len(found) == 1 else None


def living_tokens(session: Session, person_id: str) -> list[ApiToken]:
    query = select(ApiToken).where(ApiToken.person_id == person_id, ApiToken.revoked.is_(None))
    return list(session.scalars(query))


def token_by_prefix(session: Session, prefix: str) -> tuple[ApiToken, Person] | None:
    query = select(ApiToken, Person).join(Person, Person.id == ApiToken.person_id)
    return session.execute(query.where(ApiToken.prefix == prefix)).first()


def tokens(session: Session, actor: Actor, institution: str) -> list[ApiToken]:
    """Every token of an institution, newest first, revoked and run out ones too."""
    require(actor.unheld, Permission.TOKEN_EDIT, institution)
    query = select(ApiToken).where(ApiToken.institution_id == institution)
    return list(session.scalars(query.order_by(ApiToken.created.desc())))


def token(session: Session, actor: Actor, token_id: str) -> ApiToken:
    """One that the actor may revoke, else NotFound or NotAllowed."""
    found = session.get(ApiToken, token_id)
    if found is None:
        raise NotFound(_("There is nothing here for you."))
    require(actor.unheld, Permission.TOKEN_EDIT, found.institution_id)
    return found
