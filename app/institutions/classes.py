"""Classes and who teaches them. A site may name a class; it counts once an administrator confirms it."""

from collections.abc import Iterable

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission, Role
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, Invalid, NotFound
from app.ids import new_id
from app.institutions import queries
from app.institutions.models import SchoolClass, Teaching
from app.names import clean_name
from app.people import queries as people
from app.text import _


def add_class(
    session: Session, actor: Actor, institution_id: str, term: str, code: str, title: str = ""
) -> SchoolClass:
    """By hand, so confirmed at once. Raises Conflict for a term and code that exist."""
    require(actor, Permission.CLASS_EDIT, institution_id)
    term, code = clean_name(term, field="term"), clean_name(code, field="code")
    title = clean_name(title, field="title") if title.strip() else ""
    if queries.class_by_code(session, institution_id, term, code) is not None:
        raise Conflict(
            _("There is a class {code} in {term} already. Choose another code.").format(
                code=code, term=term
            )
        )
    row = _make(session, institution_id, term, code, title, None)
    record(session, actor.id, kinds.CLASS_ADDED, chain=institution_id, subject=row.id)
    return row


def _make(
    session: Session,
    institution_id: str,
    term: str,
    code: str,
    title: str,
    site_id: str | None,
) -> SchoolClass:
    row = SchoolClass(
        id=new_id("class"),
        institution_id=institution_id,
        term=term,
        code=code,
        title=title,
        offered_by=site_id,
        confirmed=None if site_id else now(),
        created=now(),
    )
    session.add(row)
    _flush(session)
    return row


def _flush(session: Session) -> None:
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another person did the same just now. Look again.")) from error


def offer_classes(
    session: Session, institution_id: str, site_id: str, offered: Iterable[tuple[str, str]]
) -> int:
    """A site names its classes as (term, code). Known ones stay as they are. Returns how many are new."""
    new = 0
    for term, code in offered:
        term, code = clean_name(term, field="term"), clean_name(code, field="code")
        if queries.class_by_code(session, institution_id, term, code) is None:
            _make(session, institution_id, term, code, "", site_id)
            new += 1
    body = {"site": site_id, "count": new}
    record(session, site_id, kinds.CLASS_OFFERED, chain=institution_id, subject=site_id, body=body)
    return new


def confirm_class(
    session: Session, actor: Actor, class_id: str, title: str | None = None
) -> SchoolClass:
    """Raises NotFound, and Conflict when it is confirmed already."""
    row = queries.class_for(session, actor, Permission.CLASS_EDIT, class_id)
    if row.confirmed is not None:
        raise Conflict(_("This class is confirmed already."))
    row.confirmed = now()
    if title is not None and title.strip():
        row.title = clean_name(title, field="title")
    session.flush()
    record(session, actor.id, kinds.CLASS_CONFIRMED, chain=row.institution_id, subject=row.id)
    return row


def assign(session: Session, actor: Actor, class_id: str, person_id: str) -> Teaching:
    """Names an instructor. Raises Invalid for someone without that role here, Conflict when named already."""
    row = queries.class_for(session, actor, Permission.CLASS_EDIT, class_id)
    held = people.roles_of(session, person_id).get(row.institution_id, frozenset())
    if Role.INSTRUCTOR not in held:
        problem = _("Only an instructor of this institution can be named. Invite them as one.")
        raise Invalid(problem, {"person": problem})
    if queries.teaching(session, class_id, person_id) is not None:
        raise Conflict(_("This instructor is named already."))
    teaching = Teaching(id=new_id("teaching"), class_id=class_id, person_id=person_id, since=now())
    session.add(teaching)
    _flush(session)
    record(
        session,
        actor.id,
        kinds.INSTRUCTOR_ASSIGNED,
        chain=row.institution_id,
        subject=class_id,
        body={"person": person_id},
    )
    return teaching


def unassign(session: Session, actor: Actor, class_id: str, person_id: str) -> None:
    """Takes an instructor off a class. Raises NotFound."""
    row = queries.class_for(session, actor.unheld, Permission.CLASS_EDIT, class_id)
    teaching = queries.teaching(session, class_id, person_id)
    if teaching is None:
        raise NotFound(_("This instructor is not named for this class."))
    session.delete(teaching)
    session.flush()
    record(
        session,
        actor.id,
        kinds.INSTRUCTOR_UNASSIGNED,
        chain=row.institution_id,
        subject=class_id,
        body={"person": person_id},
    )
