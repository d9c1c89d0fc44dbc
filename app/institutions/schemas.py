"""What a registration says, and what others may see of an institution."""

from dataclasses import dataclass

from app.institutions.states import InstitutionKind, InstitutionState


@dataclass(frozen=True)
class Details:
    """Who the institution says it is. `parent` is the id or the exact name of one registered here."""

    name: str
    kind: InstitutionKind
    country: str
    domain: str | None = None
    register: str | None = None
    register_id: str | None = None
    parent: str | None = None


@dataclass(frozen=True)
class Registrant:
    """The first administrator: a new account."""

    name: str
    email: str
    password: str


@dataclass(frozen=True)
class PublicInstitution:
    """All that members of one federation see of each other. `verified_by` is the number of operators;
    `domain_proved`: the domain's text record stood for the second."""

    id: str
    name: str
    kind: InstitutionKind
    country: str
    state: InstitutionState
    verified_by: int
    domain_proved: bool
    proofs: tuple[str, ...]
