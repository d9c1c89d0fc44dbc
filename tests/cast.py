"""The fixed cast: one institution with everyone in it, a stranger from another, two operators."""

from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.ids import new_id
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind, InstitutionState
from app.people import passwords, roles
from app.people.models import Person

PASSWORD = "heather moss granite"


@lru_cache
def password_hash() -> str:
    """Made once: hashing is slow on purpose."""
    return passwords.make(PASSWORD)


@dataclass(frozen=True)
class Cast:
    """Actors with a fresh step-up. `institution` and `other` are verified."""

    institution: str
    other: str
    administrator: Actor
    officer: Actor
    instructor: Actor
    reader: Actor
    stranger: Actor
    operator: Actor
    second_operator: Actor

    @property
    def members(self) -> dict[str, Actor]:
        names = ("administrator", "officer", "instructor", "reader")
        return {name: getattr(self, name) for name in names}

    @property
    def everyone(self) -> dict[str, Actor]:
        return self.members | {"stranger": self.stranger, "operator": self.operator}


def make_cast(session: Session) -> Cast:
    """Everyone signs in with `PASSWORD`; the mail of the administrator is administrator@heath.example, and so on."""
    heath = make_institution(session, "Heath School", "heath.example")
    moor = make_institution(session, "Moor University", "moor.example", InstitutionKind.UNIVERSITY)
    return Cast(
        institution=heath.id,
        other=moor.id,
        administrator=member(session, heath.id, "administrator", Role.ADMINISTRATOR),
        officer=member(session, heath.id, "officer", Role.PRIVACY_OFFICER),
        instructor=member(session, heath.id, "instructor", Role.INSTRUCTOR),
        reader=member(session, heath.id, "reader", Role.READER),
        stranger=member(session, moor.id, "stranger", Role.ADMINISTRATOR, domain="moor.example"),
        operator=operator(session, "operator"),
        second_operator=operator(session, "second-operator"),
    )


def make_institution(
    session: Session,
    name: str,
    domain: str | None = None,
    kind: InstitutionKind = InstitutionKind.SCHOOL,
    state: InstitutionState = InstitutionState.VERIFIED,
    parent: str | None = None,
) -> Institution:
    row = Institution(
        id=new_id("institution"),
        name=name,
        kind=kind,
        country="GB",
        domain=domain,
        parent_id=parent,
        state=state,
        created=now(),
        verified=now() if state == InstitutionState.VERIFIED else None,
    )
    session.add(row)
    session.flush()
    return row


def make_person(session: Session, email: str, name: str, *, operator: bool = False) -> Person:
    row = Person(
        id=new_id("person"),
        email=email,
        name=name,
        password_hash=password_hash(),
        operator=operator,
        created=now(),
    )
    session.add(row)
    session.flush()
    return row


def member(
    session: Session, institution: str, name: str, *held: Role, domain: str = "heath.example"
) -> Actor:
    """A new person with these roles, as an actor who has just proved who they are."""
    person = make_person(session, f"{name}@{domain}", name.title())
    for role in held:
        roles.add(session, person.id, institution, person.id, role)
    return Actor(
        person=person.id,
        name=person.name,
        roles={institution: frozenset(held)},
        stepped_up=now(),
    )


def operator(session: Session, name: str) -> Actor:
    person = make_person(session, f"{name}@hub.example", name.title(), operator=True)
    return Actor(person=person.id, name=person.name, operator=True, stepped_up=now())
