"""Roles of people in an institution. It always keeps one administrator who can sign in."""

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission, Role
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Conflict, NotFound
from app.ids import new_id
from app.people import queries
from app.people.models import RoleGrant
from app.text import _


def grant(session: Session, actor: Actor, institution: str, person_id: str, role: Role) -> None:
    """Another role for someone who is already here; a newcomer is invited. Raises NotFound, Conflict."""
    require(actor, Permission.PEOPLE_EDIT, institution)
    fresh(actor)
    held = queries.roles_of(session, person_id).get(institution)
    if held is None:
        raise NotFound(_("This person has no role here. Invite them first."))
    if role in held:
        raise Conflict(_("This person already has this role."))
    add(session, actor.id, institution, person_id, role)


def add(session: Session, by: str, institution: str, person_id: str, role: Role) -> None:
    """Without asking who may: for invitations and registrations, which have already asked."""
    if role in queries.roles_of(session, person_id).get(institution, ()):
        return
    session.add(
        RoleGrant(
            id=new_id("grant"),
            institution_id=institution,
            person_id=person_id,
            role=role,
            granted_by=by,
            granted=now(),
        )
    )
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(_("Another person gave this role just now.")) from error
    body = {"role": role}
    record(session, by, kinds.ROLE_GRANTED, chain=institution, subject=person_id, body=body)


def revoke(session: Session, actor: Actor, institution: str, person_id: str, role: Role) -> None:
    """Takes one role away. Raises NotFound, and Conflict for the last administrator's."""
    require(actor.unheld, Permission.PEOPLE_EDIT, institution)
    fresh(actor)
    _take(session, actor, institution, person_id, {role})


def remove(session: Session, actor: Actor, institution: str, person_id: str) -> None:
    """Takes every role away; the person's API tokens here stop working with the roles."""
    require(actor.unheld, Permission.PEOPLE_EDIT, institution)
    fresh(actor)
    _take(session, actor, institution, person_id, set(Role))


def _take(
    session: Session, actor: Actor, institution: str, person_id: str, unwanted: set[Role]
) -> None:
    administrators = queries.lock_administrators(session, institution)
    going = [g for g in queries.grants(session, institution, person_id) if g.role in unwanted]
    if not going:
        raise NotFound(_("This person does not have this role here."))
    taken = {g.role for g in going}
    if Role.ADMINISTRATOR in taken and administrators == [person_id]:
        raise Conflict(_("This is the last administrator. Make another one first."))
    for row in going:
        session.delete(row)
    session.flush()
    for role in sorted(taken):
        record(
            session,
            actor.id,
            kinds.ROLE_REVOKED,
            chain=institution,
            subject=person_id,
            body={"role": role},
        )
