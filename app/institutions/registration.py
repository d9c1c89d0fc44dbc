"""How an institution comes in, shows what proves it, and tries again after a refusal."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission, Role
from app.audit import kinds
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import after_commit
from app.errors import Conflict, Invalid, NotAllowed, Outdated
from app.ids import new_id
from app.institutions import queries
from app.institutions.domains import clean_country, clean_domain, clean_register
from app.institutions.models import Institution
from app.institutions.schemas import Details, Registrant
from app.institutions.states import TRANSITIONS, InstitutionState
from app.names import clean_name
from app.people import accounts, mails, passwords, roles
from app.people import queries as people
from app.people.models import Person
from app.settings import Settings
from app.states import move
from app.text import _


def register(
    session: Session,
    settings: Settings,
    details: Details,
    registrant: Registrant | None = None,
    *,
    actor: Actor | None = None,
) -> Institution | None:
    """An institution with its first administrator, in one transaction: a new person, or the signed-in `actor`.

    None when the registrant's mail is known: nothing is made, its owner is told by mail, and the page says the same
    as after success. Raises Invalid, and NotAllowed where registration is closed.
    """
    if not settings.registration_open:
        closed = _("Registration is closed. Write to {contact}.")
        raise NotAllowed(closed.format(contact=settings.contact))
    if registrant is not None:
        passwords.check(registrant.password)
        clean_name(registrant.name)
    values = _clean(session, details, None)
    person = _registrant(session, settings, registrant, actor)
    if person is None:
        return None
    row = Institution(
        id=new_id("institution"), state=InstitutionState.REGISTERED, created=now(), **values
    )
    session.add(row)
    _flush(session)
    for chain in (row.id, HUB_CHAIN):
        record(
            session,
            person.id,
            kinds.INSTITUTION_REGISTERED,
            chain=chain,
            subject=row.id,
            body={"kind": row.kind},
        )
    roles.add(session, person.id, row.id, person.id, Role.ADMINISTRATOR)
    after_commit(session, mails.registered(settings, person.email, row.name))
    return row


def _registrant(
    session: Session, settings: Settings, registrant: Registrant | None, actor: Actor | None
) -> Person | None:
    if actor is not None:
        person = people.person(session, actor.person)
        if person is None or actor.token is not None:
            raise NotAllowed(_("Sign in to register an institution."))
        return person
    if registrant is None:
        problem = _("Say who you are.")
        raise Invalid(problem, {"email": problem})
    known = people.by_email(session, accounts.clean_email(registrant.email))
    if known is not None:
        # Makes the known case cost what the unknown one does.
        passwords.make(registrant.password)
        record(
            session,
            HUB_CHAIN,
            kinds.REGISTRATION_ATTEMPTED,
            chain=HUB_CHAIN,
            subject=known.id,
        )
        after_commit(session, mails.already_known(settings, known.email))
        return None
    return accounts.make_person(session, registrant.email, registrant.name, registrant.password)


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another registration took this name or domain just now.")) from error


def _clean(session: Session, details: Details, own: Institution | None) -> dict[str, Any]:
    """Column values, or Invalid with every problem at its field."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {"kind": details.kind}
    checks: dict[str, Callable[[], dict[str, str | None]]] = {
        "name": lambda: {"name": _name(session, details.name, own)},
        "country": lambda: {"country": clean_country(details.country)},
        "domain": lambda: {"domain": _domain(session, details.domain, own)},
        "register_id": lambda: _register(session, details, own),
        "parent": lambda: {"parent_id": _parent(session, details.parent, own)},
    }
    for field, check in checks.items():
        try:
            values.update(check())
        except Invalid as problem:
            errors.update(problem.errors or {field: problem.message})
    if errors:
        raise Invalid(_("Some answers need another look."), errors)
    return values


def _name(session: Session, text: str, own: Institution | None) -> str:
    name = clean_name(text)
    holder = queries.by_name(session, name)
    if holder is not None and holder is not own:
        raise Invalid(_("An institution of this name is here already. Add your town to yours."))
    return name


def _domain(session: Session, text: str | None, own: Institution | None) -> str | None:
    """A refused institution's domain is free again."""
    if not text or not text.strip():
        return None
    domain = clean_domain(text)
    holder = queries.by_domain(session, domain)
    if holder is None or holder is own:
        return domain
    if holder.state != InstitutionState.REFUSED:
        raise Invalid(_("Another institution here has this domain. Ask the operators."))
    holder.domain = None
    session.flush()
    return domain


def _register(session: Session, details: Details, own: Institution | None) -> dict[str, str | None]:
    if not details.register or not details.register_id or not details.register_id.strip():
        return {"register": None, "register_id": None}
    register, number = clean_register(details.register, details.register_id)
    for holder in queries.by_register(session, register, number):
        if holder is not own and holder.state != InstitutionState.REFUSED:
            raise Invalid(_("Another institution here has this number. Ask the operators."))
    return {"register": register, "register_id": number}


def _parent(session: Session, text: str | None, own: Institution | None) -> str | None:
    if not text or not text.strip():
        return None
    name = text.strip()
    found = queries.by_name(session, name) or queries.find(session, name)
    if found is None or found.state != InstitutionState.VERIFIED:
        raise Invalid(_("There is no verified institution of this name. Leave it empty for now."))
    if own is not None and queries.root(session, found.id) == own.id:
        raise Invalid(_("This institution lies below yours."))
    return found.id


def resubmit(
    session: Session,
    actor: Actor,
    institution_id: str,
    details: Details,
    revision: int | None = None,
) -> Institution:
    """Corrects what a not yet verified institution says of itself; a refused one is looked at again.

    Raises Outdated when `revision` is given and another corrected it meanwhile.
    """
    require(actor, Permission.INSTITUTION_EDIT, institution_id)
    row = queries.by_id(session, institution_id)
    if row.state not in (InstitutionState.REGISTERED, InstitutionState.REFUSED):
        raise Conflict(_("What operators have verified cannot be changed here. Write to them."))
    values = _clean(session, details, row)
    if revision is not None:
        _same(session, row, values, revision)
    for column, value in values.items():
        setattr(row, column, value)
    row.revision += 1
    _flush(session)
    if row.state == InstitutionState.REFUSED:
        move(
            session,
            TRANSITIONS,
            row,
            Institution.state,
            InstitutionState.REGISTERED,
            state_reason="",
        )
    record(
        session, actor.id, kinds.INSTITUTION_CHANGED, chain=institution_id, subject=institution_id
    )
    return row


def _same(session: Session, row: Institution, values: dict[str, Any], revision: int) -> None:
    """Takes the row's lock first, so of two corrections one is the later."""
    queries.lock(session, row)
    if row.revision != revision:
        raise Outdated(
            _("Someone else corrected these details meanwhile. Look at theirs, then save again."),
            mine=values,
            theirs={name: getattr(row, name) for name in values},
            revision=row.revision,
        )
