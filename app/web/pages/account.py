"""Is my access in order? Name, second factor, recovery codes, signed-in devices."""

from starlette.responses import Response

from app.errors import Invalid
from app.people import queries
from app.people import service as people
from app.text import LOCALES, _, current_locale
from app.web import render
from app.web.forms import trying
from app.web.moments import ago, as_of, full
from app.web.pages.notices import choices
from app.web.pages.second_factor import waiting
from app.web.parts import (
    Act,
    Acts,
    Button,
    Cell,
    Column,
    Facts,
    Field,
    Form,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
)
from app.web.shell import THEMES
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol.pages import LANGUAGES

router = page_router(prefix="/account")


@router.get("")
def account(visit: Here) -> Response:
    return _page(visit)


def _page(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    errors = errors or {}
    person = queries.person(visit.session, visit.who.person)
    assert person is not None
    sheet = Sheet(
        title=_("Your account"),
        says=_("You have a second factor.")
        if person.totp_secret
        else _("You have no second factor yet. Set one up: it takes a minute."),
        asof=as_of(),
        panels=(
            Panel(
                _("You"),
                (
                    Facts(((_("Mail address"), person.email),)),
                    _name_form(visit, person.name, errors),
                ),
            ),
            Panel(_("Second factor"), _second_factor(visit, bool(person.totp_secret))),
            Panel(_("Password"), (_password_form(errors),)),
            Panel(_("Language and colours"), (_display_form(visit),)),
            Panel(_("What comes by mail"), choices(visit), id="h-notices"),
            Panel(_("Signed-in devices"), _devices(visit)),
        ),
        errors=tuple(errors.items()),
        menu="account",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _name_form(visit: Visit, kept: str, errors: dict[str, str]) -> Form:
    return Form(
        "/account/name",
        (
            Field(
                "name",
                _("Your name"),
                value=visit.form.text("name") if "name" in errors else kept,
                autocomplete="name",
                error=errors.get("name", ""),
            ),
        ),
        (Button(_("Save"), look="btn"),),
    )


def _display_form(visit: Visit) -> Form:
    """The same act as the menu at the top right: it is kept with the account, for mails too."""
    theme = visit.request.cookies.get("collegium-theme", "")
    return Form(
        "/display",
        (
            Field("next", "", "hidden", value="/account"),
            Field(
                "locale",
                _("Language"),
                "radio",
                value=current_locale(),
                options=tuple(Option(code, LANGUAGES[code]) for code in LOCALES),
                help=_("Of pages and mails."),
                across=True,
            ),
            Field(
                "theme",
                _("Colours"),
                "radio",
                value=theme if theme in THEMES else "system",
                options=(
                    Option("system", _("as the system")),
                    Option("light", _("light")),
                    Option("dark", _("dark")),
                ),
                across=True,
            ),
        ),
        (Button(_("Save the display")),),
    )


def _password_form(errors: dict[str, str]) -> Form:
    return Form(
        "/account/password",
        (
            Field(
                "password",
                _("New password"),
                "password",
                help=_("At least 12 characters. Every other device is signed out."),
                autocomplete="new-password",
                error=errors.get("password", ""),
            ),
        ),
        (Button(_("Change the password"), look="btn"),),
    )


def _second_factor(visit: Visit, is_set: bool) -> tuple[Part, ...]:
    if not is_set:
        form = Form(
            "/account/second-factor", (), (Button(_("Set it up"), look="primary"),), inline=True
        )
        text = _("An app on your phone shows six digits. Officers and administrators need one.")
        return (Text(text), form)
    left = queries.recovery_codes_left(visit.session, visit.who.person)
    form = Form("/account/recovery-codes", (), (Button(_("Make new recovery codes")),), inline=True)
    return (
        *waiting(visit),
        Status("good", _("Set up")),
        Text(_("{n} of 10 recovery codes are left.").format(n=left)),
        form,
    )


def _devices(visit: Visit) -> tuple[Part, ...]:
    rows: list[tuple[Cell, ...]] = []
    for row in queries.sessions_of(visit.session, visit.who.person):
        here = row.id == visit.device.id
        name, seen = _browser(row.agent), _("this one") if here else ago(row.last_seen)
        end = Acts((Act(f"/account/devices/{row.id}/end", _("End"), f"{name}, {seen}"),))
        rows.append((name, seen, full(row.created), Nothing() if here else end))
    columns = (Column(_("Device")), Column(_("Last seen")), Column(_("Signed in")), Column(""))
    return (Table(_("Where you are signed in"), columns, tuple(rows)),)


def _browser(agent: str) -> str:
    """A browser's name out of what it says of itself, for recognising one's own device."""
    for mark, name in (
        ("Firefox", "Firefox"),
        ("Edg", "Edge"),
        ("Chrome", "Chrome"),
        ("Safari", "Safari"),
    ):
        if mark in agent:
            return name
    return _("Another program")


@router.post("/name")
def save_name(visit: Here) -> Response:
    try:
        with trying(visit.session):
            people.change_account(visit.session, visit.who, name=visit.form.text("name"))
    except Invalid as error:
        return _page(visit, error.errors)
    return see_other("/account", "saved")


@router.post("/password")
def change_password(visit: Here) -> Response:
    try:
        with trying(visit.session):
            people.change_password(
                visit.session,
                visit.settings,
                visit.who,
                visit.form.raw("password"),
                keep=visit.device.id,
            )
    except Invalid as error:
        return _page(visit, {"password": error.message})
    return see_other("/account", "password-changed")


@router.post("/devices/{device}/end")
def end_device(visit: Here, device: str) -> Response:
    people.end_session(visit.session, visit.who, device)
    return see_other("/account", "ended")
