"""Invitations to a role, by mail, for seven days. The link proves the mailbox, so it works for that address only."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require, role_name
from app.access.permissions import Permission, Role
from app.audit import kinds
from app.audit.events import Kind
from app.audit.models import HUB_CHAIN
from app.audit.service import record
from app.clock import now
from app.effects import after_commit
from app.errors import Conflict, Expired, NotAllowed, NotFound, NotSignedIn
from app.ids import new_id
from app.people import accounts, mails, queries, roles
from app.people.models import Invitation, Person
from app.secrets import new_token, token_hash
from app.settings import Settings
from app.text import _

LIFE = timedelta(days=7)


def invite(
    session: Session,
    settings: Settings,
    actor: Actor,
    institution: str,
    email: str,
    role: Role,
    *,
    institution_name: str,
) -> Invitation:
    """Invites by mail; an unanswered one to the same address and role is replaced. Raises Conflict for a holder."""
    require(actor, Permission.PEOPLE_EDIT, institution)
    fresh(actor)
    email = accounts.clean_email(email)
    known = queries.by_email(session, email)
    if known and role in queries.roles_of(session, known.id).get(institution, ()):
        raise Conflict(_("This person already has this role."))
    for old in queries.invitations_like(session, institution, email):
        if old.role == role:
            withdraw_invitation(session, actor, old.id)
    token = new_token()
    row = _add(session, actor.id, institution, email, role, token)
    mail = mails.invitation(settings, email, token, actor.name, role_name(role), institution_name)
    after_commit(session, mail)
    return row


def invite_operator(
    session: Session, settings: Settings, email: str, actor: Actor | None = None
) -> str:
    """A one-time link to become an operator; sent by mail too. Without an actor: the command line of the hub."""
    if actor is not None:
        require(actor, Permission.HUB_OPERATE, None)
        fresh(actor)
    email = accounts.clean_email(email)
    known = queries.by_email(session, email)
    if known and known.operator:
        raise Conflict(_("This person is an operator already."))
    for old in queries.invitations_like(session, None, email):
        _close(
            session, old, actor.id if actor else HUB_CHAIN, "declined", kinds.INVITATION_WITHDRAWN
        )
    token, by = new_token(), actor.id if actor else HUB_CHAIN
    _add(session, by, None, email, None, token)
    who = actor.name if actor else settings.operator_name
    mail = mails.invitation(settings, email, token, who, _("operator"), settings.hub_name)
    after_commit(session, mail)
    return mails.link(settings, f"/invitations/{token}")


def _add(
    session: Session, by: str, institution: str | None, email: str, role: Role | None, token: str
) -> Invitation:
    moment = now()
    row = Invitation(
        id=new_id("invitation"),
        token_hash=token_hash(token),
        institution_id=institution,
        email=email,
        role=role,
        invited_by=by,
        created=moment,
        expires=moment + LIFE,
    )
    session.add(row)
    session.flush()
    _write(session, by, row, kinds.INVITATION_SENT)
    return row


def find_invitation(session: Session, token: str) -> Invitation:
    """What a link names. Raises NotFound, Expired once it was answered, and after seven days."""
    row = queries.invitation_by_hash(session, token_hash(token))
    if row is None:
        raise NotFound(_("This invitation does not exist or was withdrawn."))
    if row.accepted or row.declined:
        raise Expired(_("This invitation has been answered. Sign in, or ask for a new one."))
    if row.expires <= now():
        raise Expired(_("This invitation has run out. Ask for a new one."))
    return row


def accept_invitation(
    session: Session,
    token: str,
    *,
    signed_in: str | None = None,
    name: str = "",
    password: str = "",
) -> Person:
    """Gives the role. A new mail address needs `name` and `password`; a known one must be `signed_in` (a person's id).

    Raises what `find_invitation` raises, Invalid, NotSignedIn for a known address, NotAllowed for someone else.
    """
    row = find_invitation(session, token)
    known = queries.by_email(session, row.email)
    if signed_in is not None and (known is None or known.id != signed_in):
        raise NotAllowed(_("This invitation is for another mail address. Sign out, then open it."))
    if known is not None and signed_in is None:
        raise NotSignedIn(_("You have an account. Sign in, then open the invitation again."))
    operator = row.institution_id is None
    person = known or accounts.make_person(session, row.email, name, password, operator=operator)
    _close(session, row, person.id, "accepted", kinds.INVITATION_ACCEPTED)
    if row.institution_id is None or row.role is None:
        person.operator = True
        session.flush()
    else:
        roles.add(session, row.invited_by, row.institution_id, person.id, row.role)
    return person


def decline_invitation(session: Session, token: str) -> None:
    row = find_invitation(session, token)
    _close(session, row, HUB_CHAIN, "declined", kinds.INVITATION_DECLINED)


def withdraw_invitation(session: Session, actor: Actor, invitation_id: str) -> None:
    """Its link stops working."""
    row = queries.invitation(session, actor, invitation_id)
    _close(session, row, actor.id, "declined", kinds.INVITATION_WITHDRAWN)


def _close(session: Session, row: Invitation, by: str, column: str, kind: Kind) -> None:
    """Answers once: of two answers at the same moment, one gets Conflict."""
    moment = now()
    answered = session.execute(
        update(Invitation)
        .where(
            Invitation.id == row.id, Invitation.accepted.is_(None), Invitation.declined.is_(None)
        )
        .values({column: moment})
        .execution_options(synchronize_session=False)
    )
    if answered.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("This invitation has been answered."))
    session.refresh(row)
    _write(session, by, row, kind)


def _write(session: Session, by: str, row: Invitation, kind: Kind) -> None:
    body: dict[str, object] = {"role": row.role}
    if kind is kinds.INVITATION_ACCEPTED:
        body["person"] = by
    if kind is kinds.INVITATION_SENT:
        body["operator"] = row.institution_id is None
    chain = row.institution_id or HUB_CHAIN
    record(session, by, kind, chain=chain, subject=row.id, body=body)
