"""Refusing: the two questions every service asks before it acts."""

from datetime import timedelta

from app.access.actor import Actor, allows
from app.access.permissions import TOKEN_NEVER, Permission, Role, roles_with
from app.clock import now
from app.errors import NotAllowed, NotFound, SecondFactorMissing, StepUpNeeded
from app.text import _

FRESH = timedelta(minutes=10)


def require(actor: Actor, permission: Permission, institution: str | None) -> None:
    """Passes, or raises: NotFound for a stranger (as if it did not exist), NotAllowed naming the roles for a member.

    `institution` None asks about the hub itself. Who holds the role and lacks the second factor it takes gets
    SecondFactorMissing, which the pages answer by setting one up. A member whose institution is held back reads why.
    """
    if allows(actor, permission, institution):
        return
    hold = actor.holds.get(institution or "")
    if hold and permission in hold.permissions and allows(actor.unheld, permission, institution):
        raise NotAllowed(hold.reason, state=hold.state)
    if actor.withheld is not None and allows(actor.withheld, permission, institution):
        raise SecondFactorMissing(_("This takes a second factor. Set one up: it takes a minute."))
    if institution is None or institution not in actor.institutions:
        raise NotFound(_("There is nothing here for you."))
    raise NotAllowed(_refusal(actor, permission), permission=permission.value)


def _refusal(actor: Actor, permission: Permission) -> str:
    if actor.scopes is not None:
        if permission in TOKEN_NEVER:
            return _("No API token may do this. Sign in and do it in the browser.")
        if permission not in actor.scopes:
            return _("This API token lacks the scope {scope}.").format(scope=permission.value)
    roles = _(" or ").join(role_name(role) for role in roles_with(permission))
    return _("Your role does not allow this. It takes: {roles}.").format(roles=roles)


def role_name(role: Role) -> str:
    """A role in words."""
    return {
        Role.ADMINISTRATOR: _("administrator"),
        Role.PRIVACY_OFFICER: _("privacy officer"),
        Role.INSTRUCTOR: _("instructor"),
        Role.READER: _("reader"),
    }[role]


def fresh(actor: Actor) -> None:
    """A person proved who they are within ten minutes, else StepUpNeeded.

    A token passes: it has no second factor, and what no token may do is `TOKEN_NEVER`, which `require` refuses.
    """
    if actor.token is not None:
        return
    if actor.stepped_up is None or now() - actor.stepped_up > FRESH:
        raise StepUpNeeded(_("Confirm that it is you, then do this again."))
