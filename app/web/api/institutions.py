"""An institution, the people in it, what proves that it is itself."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission, Role
from app.errors import NotFound
from app.institutions import domain_records, queries, service
from app.institutions.models import Institution, Proof
from app.institutions.registration import resubmit
from app.institutions.schemas import Details
from app.institutions.states import CheckOutcome, InstitutionKind, InstitutionState, ProofKind
from app.people import queries as people
from app.people.queries import Member
from app.text import _
from app.web.api.answers import Asked, Id, Page, Revision, Told, Windowed, at, mark, only
from app.web.api.caller import Caller, Calling, api_router, creates, takes
from app.web.api.errors import REVISED

router = api_router("institutions", "/institutions")


class InstitutionTold(Told):
    """`verified_by` is the number of operators: one where the domain's text record stood for the second
    (`domain_proved`), or where the hub had no second."""

    id: str
    name: str
    kind: InstitutionKind
    country: str
    domain: str | None
    register_name: str | None
    register_id: str | None
    parent: str | None
    state: InstitutionState
    state_reason: str
    revision: int
    verified: datetime | None
    verified_by: int
    domain_proved: bool


class DetailsAsked(Asked):
    name: str = Field(max_length=200, examples=["Heath School"])
    kind: InstitutionKind
    country: str = Field(max_length=2, examples=["GB"])
    domain: str | None = Field(default=None, max_length=200, examples=["heath.example"])
    register_name: Literal["ROR", "NCES", "UKPRN"] | None = None
    register_id: str | None = Field(default=None, max_length=60)
    parent: str | None = Field(default=None, max_length=200)


class ProofTold(Told):
    id: str
    kind: ProofKind
    value: str
    seen: datetime


class ProofAsked(Asked):
    """An entry in a public register. A mailbox is proved by its person, a document by an operator."""

    register_name: Literal["ROR", "NCES", "UKPRN"]
    register_id: str = Field(max_length=60, examples=["03yrm5c26"])


class DomainRecordTold(Told):
    """The text record that proves the domain: make one of type TXT at `name` with exactly `value`. `looked` is null
    while a look-up waits."""

    name: str
    value: str
    asked: datetime | None
    looked: datetime | None
    outcome: CheckOutcome | None


class PersonTold(Told):
    id: str
    name: str
    email: str
    roles: list[Role]
    second_factor: bool
    last_seen: datetime | None


def told(row: Institution) -> InstitutionTold:
    return InstitutionTold(
        id=row.id,
        name=row.name,
        kind=row.kind,
        country=row.country,
        domain=row.domain,
        register_name=row.register,
        register_id=row.register_id,
        parent=row.parent_id,
        state=row.state,
        state_reason=row.state_reason,
        revision=row.revision,
        verified=row.verified,
        verified_by=queries.operators_of(row),
        domain_proved=row.domain_proved,
    )


def _proof(row: Proof) -> ProofTold:
    return ProofTold(id=row.id, kind=row.kind, value=row.value, seen=row.seen)


def _person(row: Member) -> PersonTold:
    return PersonTold(
        id=row.person.id,
        name=row.person.name,
        email=row.person.email,
        roles=sorted(row.roles),
        second_factor=row.second_factor,
        last_seen=row.last_seen,
    )


@router.get("", **takes(Permission.INSTITUTION_READ))
def list_institutions(
    call: Calling,
    window: Windowed,
    state: Annotated[InstitutionState | None, only("In this state.")] = None,
) -> Page[InstitutionTold]:
    """The token's own: a token acts in one institution."""
    rows = queries.visible(call.session, call.actor)
    fitting = [row for row in rows if state in (None, row.state)]
    return window.page(fitting, lambda r: (r.name, r.id), told)


@router.get("/{institution}", **takes(Permission.INSTITUTION_READ))
def get_institution(call: Calling, response: Response, institution: Id) -> InstitutionTold:
    """As its own people see it. Its ETag is what a correction names."""
    permission = Permission.INSTITUTION_READ
    row = queries.get(call.session, call.actor, permission, institution)
    mark(response, row.revision)
    return told(row)


@router.put("/{institution}", responses=REVISED, **takes(Permission.INSTITUTION_EDIT))
def correct_institution(
    call: Calling, response: Response, institution: Id, asked: DetailsAsked, revision: Revision
) -> InstitutionTold:
    """Before the operators verified it, or after they refused it: then it is looked at again."""
    details = Details(
        name=asked.name,
        kind=asked.kind,
        country=asked.country,
        domain=asked.domain,
        register=asked.register_name,
        register_id=asked.register_id,
        parent=asked.parent,
    )
    row = resubmit(call.session, call.actor, institution, details, revision)
    mark(response, row.revision)
    return told(row)


@router.get("/{institution}/proofs", **takes(Permission.INSTITUTION_READ))
def list_proofs(
    call: Calling,
    institution: Id,
    window: Windowed,
    kind: Annotated[ProofKind | None, only("Of this kind.")] = None,
) -> Page[ProofTold]:
    """Evidence for the operators who verify. None is enough alone."""
    row = queries.get(call.session, call.actor, Permission.INSTITUTION_READ, institution)
    fitting = [p for p in queries.proofs(call.session, row.id) if kind in (None, p.kind)]
    return window.page(fitting, lambda p: (p.seen, p.id), _proof)


@router.post("/{institution}/proofs", **creates(Permission.INSTITUTION_EDIT))
def add_proof(call: Calling, response: Response, institution: Id, asked: ProofAsked) -> ProofTold:
    """A newer entry of the same kind takes the older one's place."""
    value = f"{asked.register_name} {asked.register_id}"
    row = service.add_proof(call.session, call.actor, institution, ProofKind.REGISTRY, value)
    at(response, f"/institutions/{institution}/proofs")
    return _proof(row)


def _record(call: Caller, institution: str) -> DomainRecordTold:
    row = queries.get(call.session, call.actor, Permission.INSTITUTION_READ, institution)
    if row.domain is None:
        raise NotFound(_("Your institution has given no domain."))
    check = queries.domain_check(call.session, institution)
    current = check if check is not None and check.domain == row.domain else None
    return DomainRecordTold(
        name=domain_records.record_name(row.domain),
        value=domain_records.record_value(call.hub.settings, row),
        asked=current.asked if current else None,
        looked=current.looked if current else None,
        outcome=current.outcome if current else None,
    )


@router.get("/{institution}/domain-record", **takes(Permission.INSTITUTION_READ))
def get_domain_record(call: Calling, institution: Id) -> DomainRecordTold:
    """What to write into the domain's name system, and what the last look-up found."""
    return _record(call, institution)


@router.post("/{institution}/domain-record", status_code=202, **takes(Permission.INSTITUTION_EDIT))
def look_up_domain_record(call: Calling, institution: Id) -> DomainRecordTold:
    """Asks a hub worker to look now; read the outcome here a few seconds later."""
    service.ask_domain(call.session, call.actor, institution)
    return _record(call, institution)


@router.get("/{institution}/people", tags=["people"], **takes(Permission.PEOPLE_READ))
def list_people(
    call: Calling,
    institution: Id,
    window: Windowed,
    role: Annotated[Role | None, only("With this role.")] = None,
) -> Page[PersonTold]:
    """Everyone with a role here. Invitations and roles are given by people, in the browser."""
    members = people.members(call.session, call.actor, institution)
    fitting = [m for m in members if role is None or role in m.roles]
    return window.page(fitting, lambda m: (m.person.name.casefold(), m.person.id), _person)
