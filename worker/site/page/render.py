"""Templates to answers, with the hub's own base, parts and styles. A page is a frozen dataclass."""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import HTMLResponse

from worker.protocol import pages
from worker.protocol.pages import LANGUAGES, MenuItem
from worker.protocol.text import LOCALES, _, current_locale
from worker.site.home import Identity, software
from worker.site.page import moments
from worker.site.page.faults import PageFault, heading

OWN = frozenset({"collegium.css", "collegium.js", "mark.svg", "vendor/htmx.min.js"})
_THEMES = ("light", "dark")


@dataclass(frozen=True)
class Shell:
    """What stands around every page, under the names that `base.html` knows."""

    locale: str
    theme: str
    csrf: str
    name: str
    institution: str
    simulated: bool
    menu: tuple[MenuItem, ...]
    here: str
    done: str
    zone: str = field(default_factory=moments.zone)
    version: str = field(default_factory=lambda: software().partition(" ")[2])
    choices: tuple[object, ...] = ()
    stopped: object | None = None

    @property
    def languages(self) -> tuple[tuple[str, str], ...]:
        return tuple((code, LANGUAGES[code]) for code in LOCALES if code != current_locale())


@dataclass(frozen=True)
class Fault:
    title: str
    message: str
    menu: str = ""


@lru_cache
def environment() -> Environment:
    env = pages.environment()
    env.globals.update(
        clock=moments.clock,
        exact=moments.exact,
        day=moments.day,
        ago=pages.ago,
        number=pages.number,
        percent=pages.percent,
        size=moments.size,
    )
    return env


def page(
    request: Request,
    template: str,
    content: Any,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HTMLResponse:
    """The whole page, or the block of it that htmx asks for by the name of its target."""
    found = environment().get_template(template)
    context = {"page": content, "shell": shell(request)}
    block = request.headers.get("hx-target", "")
    if request.headers.get("hx-request") == "true" and block in found.blocks:
        body = "".join(found.blocks[block](found.new_context(context)))
    else:
        body = found.render(context)
    return HTMLResponse(body, status, headers)


def fault(request: Request, error: PageFault) -> HTMLResponse:
    if request.headers.get("hx-request") == "true":
        return HTMLResponse("", error.status, {"HX-Redirect": "/"})  # the whole page says why
    headers = {"Retry-After": str(error.wait_s)} if error.wait_s else None
    content = Fault(heading(error.status), error.message)
    return page(request, "site/fault.html", content, status=error.status, headers=headers)


def shell(request: Request) -> Shell:
    """For someone who has not signed in it names neither the site nor the institution."""
    visit = getattr(request.state, "visit", None)
    known: Identity | None = visit.state.identity if visit else None
    theme = request.cookies.get("collegium-theme", "")
    return Shell(
        locale=current_locale(),
        theme=theme if theme in _THEMES else "",
        csrf=visit.session.csrf if visit else "",
        name=known.site_name if known else "",
        institution=known.institution_name if known else "",
        simulated=known.simulated if known else False,
        menu=_menu(visit.state.waits) if visit else (),
        here=request.url.path,
        done=_done(request.query_params.get("done", "")) if visit else "",
    )


def _menu(waits: int) -> tuple[MenuItem, ...]:
    return (
        MenuItem("ready", _("This site"), "/"),
        MenuItem("policy", _("Policy"), "/policy", waits),
        MenuItem("sent", _("What left"), "/sent"),
        MenuItem("data", _("Records"), "/data"),
        MenuItem("requests", _("Whom to forget"), "/requests"),
    )


def _done(code: str) -> str:
    """The sentence after an act."""
    return {
        "stopping": _("The site was asked to stop."),
        "accepted": _("Accepted. It is in force at this site."),
        "approved": _("The run is approved. It trains here from its next round on."),
    }.get(code, "")
