"""Institutions in federations, as rows of a database: what `benchmarks.policy` asks its pages about."""

from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.db import Database
from app.federations.models import Federation, Membership, SheetVersion
from app.federations.schemas import Terms
from app.federations.states import FederationState, MembershipState
from app.ids import new_id
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind, InstitutionState
from app.people.models import Person
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from benchmarks import policy_random
from worker.protocol.canonical import digest_of
from worker.protocol.manifest import ModelSpec
from worker.protocol.policy import PolicyDocument
from worker.protocol.tasks import Input, TaskSheet


def sheet(number: int) -> TaskSheet:
    return TaskSheet(
        name=f"at-risk-{number}",
        target="Whether a student fails the course.",
        label="failed",
        labels=("no", "yes"),
        inputs=tuple(Input(name=f"clicks_{n}") for n in range(12)),
    )


def populate(database: Database, documents: list[PolicyDocument], federations: int) -> Actor:
    """Every institution in every federation; the reader is an administrator of the first, which leads them all."""
    with database.session() as session:
        person = Person(
            id=new_id("person"),
            name="Lead",
            email="lead@one.example",
            password_hash="",
            created=now(),
        )
        session.add(person)
        homes = [_home(n) for n in range(len(documents))]
        session.add_all(homes)
        session.flush()
        for home, document in zip(homes, documents, strict=True):
            session.add(_version(home.id, person.id, document))
        for number in range(federations):
            federation = _federation(homes[0].id, person.id, number)
            session.add(federation)
            session.flush()
            session.add(_sheet(federation.id, number))
            session.add_all(_membership(federation.id, home.id) for home in homes)
        return Actor(
            person=person.id,
            name="Lead",
            roles={homes[0].id: frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})},
        )


def _home(number: int) -> Institution:
    return Institution(
        id=new_id("institution"),
        name=f"School {number}",
        kind=InstitutionKind.SCHOOL,
        country=policy_random.COUNTRIES[number % len(policy_random.COUNTRIES)],
        state=InstitutionState.VERIFIED,
        created=now(),
    )


def _version(home: str, person: str, document: PolicyDocument) -> PolicyVersion:
    return PolicyVersion(
        id=new_id("policy"),
        institution_id=home,
        number=1,
        state=PolicyState.APPROVED,
        document=document.model_dump(mode="json"),
        digest=digest_of(document),
        drafted_by=person,
        created=now(),
        changed=now(),
    )


def _federation(home: str, person: str, number: int) -> Federation:
    return Federation(
        id=new_id("federation"),
        name=f"Federation {number}",
        purpose="To see early who needs support.",
        lead_id=home,
        state=FederationState.OPEN,
        terms=Terms().model_dump(mode="json"),
        model=ModelSpec().model_dump(mode="json"),
        agreement="",
        agreement_digest="0" * 64,
        agreement_dated=now(),
        created_by=person,
        created=now(),
    )


def _sheet(federation: str, number: int) -> SheetVersion:
    document = sheet(number)
    return SheetVersion(
        id=new_id("sheet"),
        federation_id=federation,
        name=document.name,
        number=1,
        document=document.model_dump(mode="json"),
        digest=digest_of(document),
        created=now(),
    )


def _membership(federation: str, home: str) -> Membership:
    return Membership(
        id=new_id("membership"),
        federation_id=federation,
        institution_id=home,
        state=MembershipState.ACTIVE,
        changed=now(),
    )
