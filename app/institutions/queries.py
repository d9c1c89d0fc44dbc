"""Reading institutions, their proofs, their classes. Others see name, kind and how verified: `public`."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.institutions.lookalikes import alike
from app.institutions.models import (
    DomainCheck,
    Institution,
    Proof,
    SchoolClass,
    Teaching,
    VerificationDecision,
)
from app.institutions.schemas import PublicInstitution
from app.institutions.states import Decision, InstitutionState
from app.text import _


def visible_to(actor: Actor) -> Select[Institution]:
    """The actor's own institutions; every one for an operator."""
    query = select(Institution).order_by(Institution.name)
    if Permission.HUB_OPERATE in actor.permissions(None):
        return query
    return query.where(Institution.id.in_(actor.institutions))


def visible(session: Session, actor: Actor) -> list[Institution]:
    return list(session.scalars(visible_to(actor)))


def get(session: Session, actor: Actor, permission: Permission, institution_id: str) -> Institution:
    """One of the actor's own. Raises NotFound for a stranger, NotAllowed for a member without the right."""
    require(actor, permission, institution_id)
    return by_id(session, institution_id)


def get_as_operator(session: Session, actor: Actor, institution_id: str) -> Institution:
    require(actor, Permission.HUB_OPERATE, None)
    return by_id(session, institution_id)


def by_id(session: Session, institution_id: str) -> Institution:
    """Without asking who asks: for services that have asked already. Raises NotFound."""
    found = session.get(Institution, institution_id)
    if found is None:
        raise NotFound(_("There is no such institution."))
    return found


def lock(session: Session, row: Institution) -> None:
    """Held until the transaction ends, and as it stands now."""
    session.refresh(row, with_for_update={"key_share": True})


def find(session: Session, institution_id: str) -> Institution | None:
    return session.get(Institution, institution_id)


def by_name(session: Session, name: str) -> Institution | None:
    return session.scalar(select(Institution).where(Institution.name == name))


def by_domain(session: Session, domain: str) -> Institution | None:
    return session.scalar(select(Institution).where(Institution.domain == domain))


def by_register(session: Session, register: str, register_id: str) -> list[Institution]:
    query = select(Institution).where(
        Institution.register == register, Institution.register_id == register_id
    )
    return list(session.scalars(query))


def waiting(session: Session, actor: Actor) -> list[Institution]:
    """Registered and not yet decided, oldest first: the operators' list of work."""
    require(actor, Permission.HUB_OPERATE, None)
    query = select(Institution).where(Institution.state == InstitutionState.REGISTERED)
    return list(session.scalars(query.order_by(Institution.created)))


def proofs(session: Session, institution_id: str) -> list[Proof]:
    query = select(Proof).where(Proof.institution_id == institution_id).order_by(Proof.seen)
    return list(session.scalars(query))


def decisions(session: Session, institution_id: str) -> list[VerificationDecision]:
    """Operators' words, oldest first."""
    query = select(VerificationDecision).where(
        VerificationDecision.institution_id == institution_id
    )
    return list(session.scalars(query.order_by(VerificationDecision.decided)))


def verifying_now(session: Session, institution_id: str) -> set[str]:
    """Operators who said 'verify' since the last other decision."""
    return verifying(session, (institution_id,))[institution_id]


def verifying(session: Session, ids: Iterable[str]) -> dict[str, set[str]]:
    """As `verifying_now`, by institution."""
    voters: dict[str, set[str]] = {id_: set() for id_ in ids}
    if not voters:
        return voters
    rows = select(VerificationDecision).where(VerificationDecision.institution_id.in_(voters))
    for row in session.scalars(rows.order_by(VerificationDecision.decided)):
        said = voters[row.institution_id]
        voters[row.institution_id] = (
            said | {row.operator_id} if row.decision == Decision.VERIFY else set()
        )
    return voters


def lookalikes(session: Session, institution: Institution) -> list[Institution]:
    """Institutions whose name could be taken for this one's."""
    others = select(Institution).where(Institution.id != institution.id)
    return [other for other in session.scalars(others) if alike(other.name, institution.name)]


def names(session: Session, ids: Iterable[str]) -> dict[str, str]:
    found = session.execute(
        select(Institution.id, Institution.name).where(Institution.id.in_(set(ids)))
    )
    return {row.id: row.name for row in found}


def public(session: Session, ids: Iterable[str]) -> dict[str, PublicInstitution]:
    """What members see of each other, by id."""
    wanted = set(ids)
    kinds: defaultdict[str, list[str]] = defaultdict(list)
    for proof in session.scalars(select(Proof).where(Proof.institution_id.in_(wanted))):
        kinds[proof.institution_id].append(proof.kind.value)
    rows = session.scalars(select(Institution).where(Institution.id.in_(wanted)))
    return {
        row.id: PublicInstitution(
            id=row.id,
            name=row.name,
            kind=row.kind,
            country=row.country,
            state=row.state,
            verified_by=operators_of(row),
            domain_proved=row.domain_proved,
            proofs=tuple(sorted(kinds[row.id])),
        )
        for row in rows
    }


def operators_of(row: Institution) -> int:
    """By how many operators it was verified; with one, either its domain's record counted or the hub has only one."""
    if row.verified is None:
        return 0
    return 1 if row.single_operator or row.domain_proved else 2


def domain_check(session: Session, institution_id: str) -> DomainCheck | None:
    return session.scalar(select(DomainCheck).where(DomainCheck.institution_id == institution_id))


def unanswered_checks(session: Session, before: datetime) -> list[str]:
    """Institutions whose look-up was asked before then and that no worker has answered."""
    query = select(DomainCheck.institution_id).where(
        DomainCheck.looked.is_(None), DomainCheck.asked < before
    )
    return list(session.scalars(query))


def verified(session: Session, institution_id: str) -> bool:
    return by_id(session, institution_id).state == InstitutionState.VERIFIED


def root(session: Session, institution_id: str) -> str:
    """The topmost parent: a school's district. Itself when it has none."""
    seen: set[str] = set()
    while institution_id not in seen:
        seen.add(institution_id)
        parent = by_id(session, institution_id).parent_id
        if parent is None:
            return institution_id
        institution_id = parent
    return institution_id


def independent(session: Session, ids: Iterable[str]) -> int:
    """How many institutions without a common parent: what a minimum cohort counts."""
    return len({root(session, i) for i in set(ids)})


def children(session: Session, institution_id: str) -> list[Institution]:
    query = select(Institution).where(Institution.parent_id == institution_id)
    return list(session.scalars(query.order_by(Institution.name)))


def classes(session: Session, actor: Actor, institution_id: str) -> list[SchoolClass]:
    """By term (newest first) and code."""
    require(actor, Permission.CLASS_READ, institution_id)
    query = select(SchoolClass).where(SchoolClass.institution_id == institution_id)
    return list(session.scalars(query.order_by(SchoolClass.term.desc(), SchoolClass.code)))


def unconfirmed_classes(session: Session, institution_id: str) -> list[SchoolClass]:
    """Those a site named and nobody confirmed yet, in the order of `classes`. The caller has asked who asks."""
    query = select(SchoolClass).where(
        SchoolClass.institution_id == institution_id, SchoolClass.confirmed.is_(None)
    )
    return list(session.scalars(query.order_by(SchoolClass.term.desc(), SchoolClass.code)))


def class_for(session: Session, actor: Actor, permission: Permission, class_id: str) -> SchoolClass:
    """One class of an institution where the actor holds `permission`. Raises NotFound, NotAllowed."""
    found = class_by_id(session, class_id)
    if found is None:
        raise NotFound(_("There is no such class."))
    require(actor, permission, found.institution_id)
    return found


def class_by_id(session: Session, class_id: str) -> SchoolClass | None:
    return session.get(SchoolClass, class_id)


def classes_by_ids(session: Session, ids: set[str]) -> dict[str, SchoolClass]:
    """Without asking who asks: for naming them."""
    rows = session.scalars(select(SchoolClass).where(SchoolClass.id.in_(ids)))
    return {row.id: row for row in rows}


def class_by_code(
    session: Session, institution_id: str, term: str, code: str
) -> SchoolClass | None:
    query = select(SchoolClass).where(
        SchoolClass.institution_id == institution_id,
        SchoolClass.term == term,
        SchoolClass.code == code,
    )
    return session.scalar(query)


def classes_of_instructor(session: Session, actor: Actor) -> list[SchoolClass]:
    """The classes this person teaches where they still are an instructor. Nobody else's."""
    query = (
        select(SchoolClass)
        .join(Teaching, Teaching.class_id == SchoolClass.id)
        .where(
            Teaching.person_id == actor.person,
            SchoolClass.institution_id.in_(institutions_where(actor, Permission.REPORT_READ)),
            SchoolClass.confirmed.is_not(None),
        )
    )
    return list(session.scalars(query.order_by(SchoolClass.term.desc(), SchoolClass.code)))


def teaches(session: Session, actor: Actor, class_id: str) -> bool:
    """Whether the actor is an instructor of exactly this class."""
    return any(row.id == class_id for row in classes_of_instructor(session, actor))


def teachings(session: Session, class_ids: Iterable[str]) -> dict[str, list[str]]:
    """Person ids by class."""
    held: defaultdict[str, list[str]] = defaultdict(list)
    for row in session.scalars(select(Teaching).where(Teaching.class_id.in_(set(class_ids)))):
        held[row.class_id].append(row.person_id)
    return dict(held)


def teaching(session: Session, class_id: str, person_id: str) -> Teaching | None:
    query = select(Teaching).where(Teaching.class_id == class_id, Teaching.person_id == person_id)
    return session.scalar(query)


def verified_others(session: Session, inside: Iterable[str]) -> list[Institution]:
    """Verified institutions that are not among `inside`, by name: whom a lead may invite. Names are public here."""
    query = select(Institution).where(
        Institution.state == InstitutionState.VERIFIED, Institution.id.not_in(set(inside))
    )
    return list(session.scalars(query.order_by(Institution.name)))
