"""Who can do what? People, roles, invitations."""

from starlette.responses import Response

from app.access.actor import Actor, allows
from app.access.loaders import role_name
from app.access.permissions import Permission, Role
from app.errors import Conflict, Invalid
from app.institutions import queries as institutions
from app.people import queries
from app.people import service as people
from app.people.queries import Member
from app.text import _
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import ago, as_of, day
from app.web.pages import people_words
from app.web.pages.second_factor import helping
from app.web.parts import (
    Act,
    Acts,
    Button,
    Cell,
    Column,
    Empty,
    Field,
    Form,
    Link,
    No,
    Note,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
    When,
    Yes,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/people")


def _roles(member: Member) -> str:
    return ", ".join(role_name(role) for role in Role if role in member.roles)


def helps() -> dict[Role, str]:
    """What each role may do, in a line."""
    return {
        Role.ADMINISTRATOR: _("Adds sites, drafts the policy, joins federations"),
        Role.PRIVACY_OFFICER: _("Approves policies and runs, reads what left"),
        Role.INSTRUCTOR: _("Reads the reports of their own classes, nothing else"),
        Role.READER: _("Looks at everything but reports, changes nothing"),
    }


def options() -> tuple[Option, ...]:
    return tuple(Option(r.value, role_name(r).capitalize(), helps()[r]) for r in Role)


@router.get("")
def every(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.PEOPLE_READ, institution)
    members = queries.members(visit.session, visit.who, row.id)
    may_edit = allows(visit.who, Permission.PEOPLE_EDIT, row.id)
    helps_out = allows(visit.who.unheld, Permission.PEOPLE_EDIT, row.id)
    columns = (
        Column(_("Name")),
        Column(_("Roles")),
        Column(_("Second factor")),
        Column(_("Last seen")),
    )
    rows = tuple(
        (
            Link(m.person.name, f"/i/{row.id}/people/{m.person.id}")
            if helps_out
            else m.person.name,
            _roles(m),
            Yes(_("yes")) if m.second_factor else No(_("no")),
            ago(m.last_seen) if m.last_seen else _("never"),
        )
        for m in members
    )
    sheet = Sheet(
        title=_("People"),
        says=people_words.says(visit, row.id, members),
        asof=as_of(),
        actions=(Link(_("Invite someone"), f"/i/{row.id}/people/invite", "primary"),)
        if may_edit
        else (),
        note="" if may_edit else _refused(visit, row.id),
        panels=(
            Panel(_("Who has a role here"), (Table(_("By name"), columns, rows),)),
            Panel(_("Open invitations"), _invitations(visit, row.id, helps_out)),
        ),
        menu="people",
    )
    return render.sheet(visit, sheet)


def _refused(visit: Visit, at: str) -> str:
    takes = _("Changing roles takes the role of administrator.")
    return refusals.role(visit, at, Permission.PEOPLE_EDIT, takes).text


def _invitations(visit: Visit, institution: str, may_edit: bool) -> tuple[Part, ...]:
    rows: list[tuple[Cell, ...]] = []
    for row in queries.open_invitations(visit.session, visit.who, institution):
        path = f"/i/{institution}/people/invitations/{row.id}/withdraw"
        act = Acts((Act(path, _("Withdraw"), row.email),))
        rows.append(
            (
                row.email,
                role_name(row.role) if row.role else Nothing(),
                When(row.expires, day(row.expires)),
                act if may_edit else Nothing(),
            )
        )
    if not rows:
        return (Empty(_("None is open.")),)
    columns = (Column(_("For")), Column(_("Role")), Column(_("Works until")), Column(""))
    return (Table(_("Invitations nobody has answered"), columns, tuple(rows)),)


@router.get("/invite")
def show_invite(visit: Here, institution: str) -> Response:
    return _invite_page(visit, institution)


def _invite_page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.PEOPLE_EDIT, institution)
    errors = errors or {}
    form = Form(
        f"/i/{row.id}/people/invite",
        (
            Field(
                "email",
                _("Mail address"),
                "email",
                value=visit.form.text("email"),
                help=_("The invitation works for this address only."),
                error=errors.get("email", ""),
            ),
            Field(
                "role",
                _("Role"),
                "radio",
                value=visit.form.text("role", Role.PRIVACY_OFFICER.value),
                options=options(),
                error=errors.get("role", ""),
            ),
        ),
        (Button(_("Send the invitation"), look="primary"),),
    )
    sheet = Sheet(
        title=_("Invite someone"),
        says=_("They get a link by mail. It works for seven days."),
        crumbs=(Link(_("People"), f"/i/{row.id}/people"), Link(_("Invite"), "")),
        panels=(Panel("", (form,)),),
        errors=tuple(errors.items()),
        menu="people",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


@router.post("/invite")
def invite(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.PEOPLE_EDIT, institution)
    role = visit.form.text("role")
    if role not in set(Role):
        return _invite_page(visit, institution, {"role": _("Choose a role.")})
    try:
        with trying(visit.session):
            people.invite(
                visit.session,
                visit.settings,
                visit.who,
                row.id,
                visit.form.text("email"),
                Role(role),
                institution_name=row.name,
            )
    except (Invalid, Conflict) as error:
        return _invite_page(visit, institution, {"email": error.message})
    return see_other(f"/i/{row.id}/people", "invited")


@router.post("/invitations/{invitation}/withdraw")
def withdraw(visit: Here, institution: str, invitation: str) -> Response:
    people.withdraw_invitation(visit.session, visit.who, invitation)
    return see_other(f"/i/{institution}/people", "withdrawn")


@router.get("/{person}")
def one(visit: Here, institution: str, person: str) -> Response:
    row = institutions.get(visit.session, visit.who.unheld, Permission.PEOPLE_EDIT, institution)
    found = next(
        (m for m in queries.members(visit.session, visit.who, row.id) if m.person.id == person),
        None,
    )
    if found is None:
        return see_other(f"/i/{row.id}/people")
    path = f"/i/{row.id}/people/{person}"
    resets = queries.open_factor_resets(visit.session, (person,))
    help_ = helping(visit, found.person, f"{path}/reset-factor", resets)
    remove = Form(f"{path}/remove", (), (Button(_("Remove from the institution")),), inline=True)
    warning = _("Every role goes, and their API tokens here stop working.")
    sheet = Sheet(
        title=found.person.name,
        says=_("{name} is {roles} here.").format(name=found.person.name, roles=_roles(found)),
        asof=_seen(found),
        crumbs=(Link(_("People"), f"/i/{row.id}/people"), Link(found.person.name, "")),
        panels=(
            Panel(_("Roles"), _held(visit, row.id, found)),
            Panel(_("Locked out?"), help_, id="h-locked"),
            Panel(_("Remove"), (Note(warning), remove)),
        ),
        menu="people",
    )
    return render.sheet(visit, sheet)


def _held(visit: Visit, at: str, found: Member) -> tuple[Part, ...]:
    """The roles with their way out, and those one may add."""
    path = f"/i/{at}/people/{found.person.id}"
    missing = tuple(o for o in options() if Role(o.value) not in found.roles)
    held = tuple(
        (
            role_name(role).capitalize(),
            helps()[role],
            Acts((Act(f"{path}/revoke", _("Take away"), role_name(role), (("role", role),)),)),
        )
        for role in Role
        if role in found.roles
    )
    columns = (Column(_("Role")), Column(_("What it may do")), Column(""))
    table = Table(_("Roles here"), columns, held)
    if not missing:
        return (table,)
    if not allows(visit.who, Permission.PEOPLE_EDIT, at):
        return (table, refusals.role(visit, at, Permission.PEOPLE_EDIT, ""))
    grant = Form(
        f"{path}/grant",
        (Field("role", _("Another role"), "radio", options=missing),),
        (Button(_("Give this role")),),
    )
    return (table, grant)


def _seen(member: Member) -> str:
    if member.last_seen is None:
        return _("never seen")
    return _("Last seen {ago}").format(ago=ago(member.last_seen))


def _role(visit: Visit, actor: Actor, institution: str) -> Role:
    """The role of the form. Who may not change roles is told that first."""
    institutions.get(visit.session, actor, Permission.PEOPLE_EDIT, institution)
    role = visit.form.text("role")
    if role not in set(Role):
        problem = _("Choose a role.")
        raise Invalid(problem, {"role": problem})
    return Role(role)


@router.post("/{person}/grant")
def grant(visit: Here, institution: str, person: str) -> Response:
    role = _role(visit, visit.who, institution)
    people.grant(visit.session, visit.who, institution, person, role)
    return see_other(f"/i/{institution}/people", "role-given")


@router.post("/{person}/revoke")
def revoke(visit: Here, institution: str, person: str) -> Response:
    role = _role(visit, visit.who.unheld, institution)
    people.revoke(visit.session, visit.who, institution, person, role)
    return see_other(f"/i/{institution}/people", "role-taken")


@router.post("/{person}/remove")
def remove(visit: Here, institution: str, person: str) -> Response:
    people.remove(visit.session, visit.who, institution, person)
    return see_other(f"/i/{institution}/people", "removed")


@router.post("/{person}/reset-factor")
def reset_factor(visit: Here, institution: str, person: str) -> Response:
    people.ask_factor_reset(visit.session, visit.settings, visit.who, institution, person)
    return see_other(f"/i/{institution}/people/{person}", "reset-asked")
