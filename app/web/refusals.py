"""In place of a button: which role has the act and who that is, or what the institution lacks."""

from sqlalchemy.orm import Session

from app.access.actor import Hold
from app.access.permissions import Permission, Role
from app.institutions import queries as institutions
from app.people import queries as people
from app.text import _
from app.web.parts import Link, Note
from app.web.visit import Visit


def who_can(session: Session, at: str, permission: Permission) -> str:
    """`At Northmoor that is Tomas Lind.`, or that nobody there can yet."""
    name = institutions.names(session, {at}).get(at, "")
    able = people.people_with(session, at, permission)
    if not able:
        return _("Nobody at {institution} has it yet.").format(institution=name)
    listed = _(" or ").join(person.name for person in able[:3])
    return _("At {institution} that is {names}.").format(institution=name, names=listed)


def role(visit: Visit, at: str, permission: Permission, takes: str) -> Note:
    """`takes` says which role the act needs; an institution held back reads why, whatever the role."""
    hold = visit.who.holds.get(at)
    if hold and permission in hold.permissions:
        return _held(visit, at, hold)
    return Note(f"{takes} {who_can(visit.session, at, permission)}")


def unverified(visit: Visit, at: str) -> Note | None:
    """The reason and the next step where an institution may not act with others now."""
    hold = visit.who.holds.get(at)
    return None if hold is None else _held(visit, at, hold)


def banner(visit: Visit, at: str | None) -> Note | None:
    """On every page of an institution that may only read now; an instructor has no part in it."""
    hold = visit.who.holds.get(at or "")
    if at is None or hold is None or not _has_banner(visit, at):
        return None
    return _reason(at, hold)


def _held(visit: Visit, at: str, hold: Hold) -> Note:
    """The reason, unless the banner of the same page says it."""
    if at == visit.institution and _has_banner(visit, at):
        return Note(_("Not now. Why, and what to do, stands at the top of this page."))
    return _reason(at, hold)


def _has_banner(visit: Visit, at: str) -> bool:
    return bool(visit.who.roles.get(at, frozenset()) - {Role.INSTRUCTOR})


def _reason(at: str, hold: Hold) -> Note:
    return Note(hold.reason, Link(_("See the verification"), f"/i/{at}/verification"))
