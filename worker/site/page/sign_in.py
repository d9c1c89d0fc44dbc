"""Opening the page with a code that works once, leaving it, and how it looks."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from worker.protocol.text import LOCALES, _
from worker.site.page import codes, render
from worker.site.page.faults import Refused, TooMany
from worker.site.page.sessions import LIVES_S
from worker.site.page.state import State
from worker.site.page.visit import Visit, account, read, see_other

_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True)
class SignIn:
    """`code` comes with the link; reading the page does not spend it."""

    title: str
    code: str
    menu: str = ""


async def ask(request: Request) -> Response:
    code = request.query_params.get("code", "")[:100]
    return render.page(request, "site/sign_in.html", SignIn(_("Open this site’s page"), code))


async def enter(request: Request) -> Response:
    """The code itself proves the form ours: nobody else knows one. Raises TooMany, Refused."""
    state: State = request.app.state.site
    form = await read(request)
    wait = state.brake.wait_s()
    if wait:
        raise TooMany(
            _("Too many wrong codes. Try again in {n} seconds.").format(n=wait), wait_s=wait
        )
    if not codes.spend(state.home, form.get("code", "")):
        state.brake.note_failure()
        raise Refused(
            _("This link was used already or has run out. “collegium-site page” prints a new one.")
        )
    answer = see_other("/")
    answer.set_cookie(
        state.cookie,
        state.sessions.open(account(request)),
        max_age=int(LIVES_S),
        path="/",
        httponly=True,
        samesite="strict",
    )
    return answer


def leave(visit: Visit) -> Response:
    visit.state.sessions.end(visit.request.cookies.get(visit.state.cookie, ""))
    answer = see_other("/sign-in")
    answer.delete_cookie(visit.state.cookie, path="/", httponly=True, samesite="strict")
    return answer


def display(visit: Visit) -> Response:
    """Language and colours of this browser."""
    wanted = visit.form.get("next", "/")
    answer = see_other(wanted if wanted in ("/policy", "/sent", "/data") else "/")
    for name, known in (("locale", LOCALES), ("theme", ("light", "dark"))):
        value = visit.form.get(name, "")
        if value in known:
            answer.set_cookie(f"collegium-{name}", value, max_age=_YEAR_S, samesite="lax")
    return answer
