"""Templates to answers. A page is a frozen dataclass; a fragment is a named block of the same page, rendered alone."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from jinja2 import Environment
from jinja2_fragments import render_block
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.web import shell
from app.web.parts import Link, Sheet
from app.web.visit import SAFE, Visit, cookie_name
from worker.protocol import pages


@dataclass(frozen=True)
class ErrorPage:
    status: int
    title: str
    message: str
    errors: tuple[str, ...] = ()
    more: str = ""
    """Who can, or how long to wait."""
    next: Link | None = None
    menu: str = ""


@lru_cache
def environment() -> Environment:
    env = pages.environment()
    env.filters["short"] = lambda digest: (
        f"{digest[:4]}…{digest[-4:]}" if len(digest) > 12 else digest
    )
    return env


def page(
    request: Request,
    template: str,
    page: Any,
    *,
    status: int = 200,
    block: str | None = None,
    headers: dict[str, str] | None = None,
    session: Session | None = None,
) -> HTMLResponse:
    """The whole page, or `block` of it. `session`: the request's own, for what stands around the page."""
    reading = session if request.method in SAFE else None
    context = {"page": page, "shell": shell.of(request, bare=block is not None, session=reading)}
    if block:
        body = render_block(environment(), template, block, context)
    else:
        body = environment().get_template(template).render(context)
    response = HTMLResponse(body, status, headers)
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit and visit.actor is None and visit.fresh_visit:
        response.set_cookie(
            cookie_name(visit.settings, "-visit"),
            visit.fresh_visit,
            path="/",
            secure=visit.settings.https,
            httponly=True,
            samesite="lax",
        )
    return response


def sheet(visit: Visit, content: Sheet, *, status: int = 200) -> HTMLResponse:
    """A page made of panels."""
    return page(visit.request, "sheet.html", content, status=status, session=visit.session)
