"""Is it you? Mail and password, then six digits where a second factor is set. And signing out."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from app.errors import NotSignedIn, TooMany
from app.people import queries as people_queries
from app.people import service as people
from app.people import sessions
from app.people.models import BrowserSession
from app.text import _
from app.web import render
from app.web.parts import Button, Field, Form, Link, Links, Panel, Sheet
from app.web.visit import (
    Anyone,
    Visit,
    drop_cookie,
    keep_cookie,
    keep_display,
    own_path,
    page_router,
    see_other,
)

router = page_router()


def _next(visit: Visit) -> str:
    wanted = visit.form.text("next") or visit.request.query_params.get("next", "")
    return own_path(wanted)


def _page(visit: Visit, errors: dict[str, str] | None = None, status: int = 200) -> Response:
    errors = errors or {}
    form = Form(
        "/sign-in",
        (
            Field("next", "", "hidden", value=_next(visit)),
            Field(
                "email",
                _("Mail address"),
                "email",
                value=visit.form.text("email"),
                autocomplete="username",
                error=errors.get("email", ""),
            ),
            Field("password", _("Password"), "password", autocomplete="current-password"),
        ),
        (Button(_("Sign in"), look="primary"),),
    )
    links = Links(
        (
            Link(_("I have forgotten my password"), "/password/forgot"),
            Link(_("Register an institution"), "/register"),
        )
    )
    sheet = Sheet(
        title=_("Sign in"),
        says=_("Then you come back to where you were.") if _next(visit) != "/home" else "",
        panels=(Panel("", (form, links)),),
        errors=tuple(errors.items()),
    )
    return render.sheet(visit, sheet, status=status)


@router.get("/sign-in")
def show(visit: Anyone) -> Response:
    if visit.actor:
        return RedirectResponse(_next(visit), 303)
    return _page(visit)


@router.post("/sign-in")
def sign_in(visit: Anyone) -> Response:
    try:
        found = people.sign_in(
            visit.session,
            visit.settings,
            visit.form.text("email"),
            visit.form.raw("password"),
            address=visit.address,
            agent=visit.request.headers.get("user-agent", ""),
            old_cookie=visit.cookie,
        )
    except TooMany as error:
        return _page(visit, {"email": error.message}, error.status)
    if found is None:
        problem = _("Mail address or password is not right. Try again.")
        return _page(visit, {"email": problem}, 422)
    to = _next(visit)
    answer = see_other(f"/sign-in/code?next={quote(to, safe='/')}" if found.needs_code else to)
    keep_cookie(answer, visit.settings, found.cookie)
    if not found.needs_code:
        _speak(visit, answer, found.browser_session.person_id)
    return answer


def _speak(visit: Visit, answer: Response, person_id: str) -> None:
    """On a device that has no language of its own yet, that of the account, from the next page on."""
    person = people_queries.person(visit.session, person_id)
    if person and "collegium-locale" not in visit.request.cookies:
        keep_display(answer, "locale", person.locale)


def _pending(visit: Visit) -> BrowserSession:
    row = sessions.pending(visit.session, visit.cookie)
    if row is None:
        raise NotSignedIn(_("Sign in to go on."))
    return row


def _code_page(visit: Visit, path: str, error: str = "", status: int = 200) -> Response:
    recovery = path == "/sign-in/recovery"
    label = _("One of your recovery codes") if recovery else _("Six digits from your app")
    other = (
        Link(_("Use six digits from the app"), "/sign-in/code")
        if recovery
        else Link(_("I have lost my device"), "/sign-in/recovery")
    )
    field = Field(
        "code",
        label,
        "text" if recovery else "code",
        error=error,
        help=_("You may paste it. Spaces do not matter."),
        autocomplete="one-time-code",
    )
    form = Form(
        path,
        (Field("next", "", "hidden", value=_next(visit)), field),
        (Button(_("Go on"), look="primary"),),
    )
    lost = _(
        "Lost everything? An administrator of your institution can help, else write to {contact}."
    )
    sheet = Sheet(
        title=_("One more step"),
        says=_("Your account has a second factor."),
        panels=(Panel("", (form, Links((other,)))),),
        errors=(("code", error),) if error else (),
        note=lost.format(contact=visit.settings.contact) if recovery else "",
    )
    return render.sheet(visit, sheet, status=status)


@router.get("/sign-in/code")
def show_code(visit: Anyone) -> Response:
    _pending(visit)
    return _code_page(visit, "/sign-in/code")


@router.get("/sign-in/recovery")
def show_recovery(visit: Anyone) -> Response:
    _pending(visit)
    return _code_page(visit, "/sign-in/recovery")


def _check(visit: Visit, path: str) -> Response:
    row = _pending(visit)
    try:
        right = people.check_code(visit.session, visit.settings, row, visit.form.text("code"))
    except TooMany as error:
        return _code_page(visit, path, error.message, error.status)
    if not right:
        return _code_page(visit, path, _("This code is not right. Try the next one."), 422)
    answer = see_other(_next(visit))
    _speak(visit, answer, row.person_id)
    return answer


@router.post("/sign-in/code")
def code(visit: Anyone) -> Response:
    return _check(visit, "/sign-in/code")


@router.post("/sign-in/recovery")
def recovery(visit: Anyone) -> Response:
    return _check(visit, "/sign-in/recovery")


@router.post("/sign-out")
def sign_out(visit: Anyone) -> Response:
    if visit.cookie:
        people.sign_out(visit.session, visit.cookie)
    answer = see_other("/sign-in", "signed-out")
    drop_cookie(answer, visit.settings)
    return answer
