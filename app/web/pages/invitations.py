"""Who invites me, as what? Accept or decline. A known mail address signs in first."""

from starlette.responses import Response

from app.access.loaders import role_name
from app.errors import Invalid
from app.institutions import queries as institutions
from app.people import queries
from app.people import service as people
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.moments import full
from app.web.parts import Button, Facts, Field, Form, Link, Links, Panel, Part, Sheet, Text
from app.web.visit import Anyone, Visit, page_router, see_other

router = page_router(prefix="/invitations/{token}")


@router.get("")
def show(visit: Anyone, token: str) -> Response:
    return _page(visit, token)


def _page(visit: Visit, token: str, errors: dict[str, str] | None = None) -> Response:
    row = people.find_invitation(visit.session, token)
    where = visit.settings.hub_name
    if row.institution_id:
        where = institutions.by_id(visit.session, row.institution_id).name
    role = role_name(row.role) if row.role else _("operator")
    by = queries.names(visit.session, {row.invited_by}).get(row.invited_by, where)
    facts = Facts(
        (
            (_("Invited by"), by),
            (_("Role"), role),
            (_("For"), row.email),
            (_("Works until"), full(row.expires)),
        )
    )
    sheet = Sheet(
        title=_("An invitation from {where}").format(where=where),
        says=_("{by} invites you as {role}.").format(by=by, role=role),
        panels=(
            Panel(_("What it says"), (facts,)),
            Panel(_("Your answer"), _answer(visit, token, row.email, errors or {})),
        ),
        errors=tuple((errors or {}).items()),
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _answer(visit: Visit, token: str, email: str, errors: dict[str, str]) -> tuple[Part, ...]:
    path = f"/invitations/{token}"
    decline = Form(f"{path}/decline", (), (Button(_("Decline")),), inline=True)
    accept = Button(_("Accept"), look="primary")
    if visit.actor:
        return (Form(f"{path}/accept", (), (accept,), inline=True), decline)
    if queries.by_email(visit.session, email):
        link = Link(_("Sign in to accept"), f"/sign-in?next={path}", "primary")
        return (Text(_("This address has an account.")), Links((link,)), decline)
    fields = (
        Field(
            "name",
            _("Your name"),
            value=visit.form.text("name"),
            autocomplete="name",
            error=errors.get("name", ""),
        ),
        Field(
            "password",
            _("Choose a password"),
            "password",
            help=_("At least 12 characters. Three or four words are good."),
            autocomplete="new-password",
            error=errors.get("password", ""),
        ),
    )
    return (Form(f"{path}/accept", fields, (accept,)), decline)


@router.post("/accept")
def accept(visit: Anyone, token: str) -> Response:
    try:
        with trying(visit.session):
            people.accept_invitation(
                visit.session,
                token,
                signed_in=visit.actor.person if visit.actor else None,
                name=visit.form.text("name"),
                password=visit.form.raw("password"),
            )
    except Invalid as error:
        return _page(visit, token, error.errors or {"": error.message})
    if visit.actor:
        return see_other("/home", "accepted")
    return see_other("/sign-in", "welcome")


@router.post("/decline")
def decline(visit: Anyone, token: str) -> Response:
    people.decline_invitation(visit.session, token)
    return see_other("/", "declined")
