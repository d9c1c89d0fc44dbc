"""Who can do what? People, roles, invitations."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.loaders import role_name
from app.access.permissions import Permission, Role
from app.clock import now
from app.errors import Conflict, Invalid
from app.institutions import queries as institutions
from app.people import queries
from app.people import service as people
from app.people.queries import Member
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.moments import ago, day, full
from app.web.pages.second_factor import helping
from app.web.parts import (
    Button,
    Column,
    Empty,
    Field,
    Form,
    Link,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/people")


def _roles(member: Member) -> str:
    return ", ".join(role_name(role) for role in Role if role in member.roles)


def options() -> tuple[Option, ...]:
    helps = {
        Role.ADMINISTRATOR: _("Adds sites, drafts the policy, joins federations"),
        Role.PRIVACY_OFFICER: _("Approves policies and runs, reads what left"),
        Role.INSTRUCTOR: _("Reads the reports of their own classes, nothing else"),
        Role.READER: _("Looks at everything but reports, changes nothing"),
    }
    return tuple(Option(r.value, role_name(r).capitalize(), helps[r]) for r in Role)


@router.get("")
def every(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.PEOPLE_READ, institution)
    members = queries.members(visit.session, visit.who, row.id)
    may_edit = allows(visit.who, Permission.PEOPLE_EDIT, row.id)
    columns = (
        Column(_("Name")),
        Column(_("Roles")),
        Column(_("Second factor")),
        Column(_("Last seen")),
    )
    rows = tuple(
        (
            Link(m.person.name, f"/i/{row.id}/people/{m.person.id}") if may_edit else m.person.name,
            _roles(m),
            _("yes") if m.second_factor else _("no"),
            ago(m.last_seen) if m.last_seen else _("never"),
        )
        for m in members
    )
    officer = any(Role.PRIVACY_OFFICER in m.roles for m in members)
    sheet = Sheet(
        title=_("People"),
        says="" if officer else _("No privacy officer yet. Invite one: a policy needs two people."),
        asof=_("As of {time}").format(time=full(now())),
        actions=(Link(_("Invite someone"), f"/i/{row.id}/people/invite", "primary"),)
        if may_edit
        else (),
        note="" if may_edit else _("Changing roles takes the role of administrator."),
        panels=(
            Panel(_("Who has a role here"), (Table(_("People by name"), columns, rows),)),
            Panel(_("Open invitations"), _invitations(visit, row.id, may_edit)),
        ),
        menu="people",
    )
    return render.sheet(visit, sheet)


def _invitations(visit: Visit, institution: str, may_edit: bool) -> tuple[Part, ...]:
    parts: list[Part] = []
    for row in queries.open_invitations(visit.session, visit.who, institution):
        role = role_name(row.role) if row.role else ""
        said = _("{email} as {role}, until {day}.").format(
            email=row.email, role=role, day=day(row.expires)
        )
        parts.append(Text(said))
        if may_edit:
            label = _("Withdraw the invitation of {email}").format(email=row.email)
            path = f"/i/{institution}/people/invitations/{row.id}/withdraw"
            parts.append(Form(path, (), (Button(label),), inline=True))
    return tuple(parts) or (Empty(_("None is open.")),)


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
        panels=(Panel(_("Who, as what"), (form,)),),
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
    row = institutions.get(visit.session, visit.who, Permission.PEOPLE_EDIT, institution)
    found = next(
        (m for m in queries.members(visit.session, visit.who, row.id) if m.person.id == person),
        None,
    )
    if found is None:
        return see_other(f"/i/{row.id}/people")
    path = f"/i/{row.id}/people/{person}"
    missing = tuple(o for o in options() if Role(o.value) not in found.roles)
    parts: list[Part] = []
    for role in Role:
        if role in found.roles:
            label = _("Take away: {role}").format(role=role_name(role))
            hidden = Field("role", "", "hidden", value=role.value)
            parts.append(Form(f"{path}/revoke", (hidden,), (Button(label),), inline=True))
    grant = Form(
        f"{path}/grant",
        (Field("role", _("Another role"), "radio", options=missing),),
        (Button(_("Give this role")),),
    )
    remove = Form(f"{path}/remove", (), (Button(_("Remove from the institution")),), inline=True)
    warning = _("Every role goes, and their API tokens here stop working.")
    sheet = Sheet(
        title=found.person.name,
        says=_("{name} is {roles} here.").format(name=found.person.name, roles=_roles(found)),
        crumbs=(Link(_("People"), f"/i/{row.id}/people"), Link(found.person.name, "")),
        panels=(
            Panel(_("Roles"), (*parts, grant) if missing else tuple(parts)),
            Panel(_("Locked out?"), helping(visit, person, f"{path}/reset-factor"), id="h-locked"),
            Panel(_("Remove"), (Note(warning), remove)),
        ),
        menu="people",
    )
    return render.sheet(visit, sheet)


def _role(visit: Visit, institution: str) -> Role:
    """The role of the form. Who may not change roles is told that first."""
    institutions.get(visit.session, visit.who, Permission.PEOPLE_EDIT, institution)
    role = visit.form.text("role")
    if role not in set(Role):
        problem = _("Choose a role.")
        raise Invalid(problem, {"role": problem})
    return Role(role)


@router.post("/{person}/grant")
def grant(visit: Here, institution: str, person: str) -> Response:
    role = _role(visit, institution)
    people.grant(visit.session, visit.who, institution, person, role)
    return see_other(f"/i/{institution}/people", "role-given")


@router.post("/{person}/revoke")
def revoke(visit: Here, institution: str, person: str) -> Response:
    role = _role(visit, institution)
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
