"""One error, three shapes: a page for people, a fragment for htmx, problem+json for programs."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.errors import (
    Busy,
    Conflict,
    DiskFull,
    Expired,
    HubError,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Outdated,
    SecondFactorMissing,
    StepUpNeeded,
    TooMany,
)
from app.objects import UnknownStore
from app.text import _
from app.web import next_steps, render
from worker.protocol.messages import Problem

log = logging.getLogger("collegium.http")
_AWAY = (OperationalError, InterfaceError, PoolTimeout)


def install(app: FastAPI) -> None:
    """Everything expected is answered here; the middleware answers the rest."""
    app.add_exception_handler(HubError, _on_hub_error)
    app.add_exception_handler(RequestValidationError, _on_bad_input)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(DataError, _on_bad_data)
    app.add_exception_handler(UnknownStore, _on_store_lost)
    for kind in _AWAY:
        app.add_exception_handler(kind, _on_database_away)


def _on_hub_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HubError)
    return answer(request, error)


def _on_bad_input(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if not wants_json(request):
        return answer(
            request, Invalid(_("This address cannot be read. Go back and follow a link."))
        )
    errors = {
        ".".join(str(p) for p in e["loc"][1:]) or "body": str(e["msg"]) for e in error.errors()
    }
    return answer(request, Invalid(_("This request cannot be read."), errors))


def _on_bad_data(request: Request, error: Exception) -> Response:
    """Text no database takes, such as a NUL: what was sent is wrong, not the hub."""
    return answer(request, Invalid(_("This request cannot be read.")))


def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return answer(request, NotFound(_("There is nothing here for you.")))
    return _show(
        request, error.status_code, "http", _("This does not work here."), {}, error.headers
    )


def _on_database_away(request: Request, error: Exception) -> Response:
    if _is_full(error):
        log.error("the disk of the database is full")
        return answer(
            request, DiskFull(_("The hub's disk is full. Nothing was lost; tell its operator."))
        )
    log.error("the database is away: %s", type(error).__name__)
    return answer(request, Busy(_("The hub is busy. Nothing was lost."), 5))


def _is_full(error: Exception) -> bool:
    """As SQLite and PostgreSQL (disk_full, 53100) say it."""
    cause = getattr(error, "orig", None)
    said = getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None)
    return said[0] == "SQLITE_FULL" or said[1] == "53100"


def _on_store_lost(request: Request, error: Exception) -> Response:
    """The store was there at start and refuses now. Its address is the operator's affair, not the visitor's."""
    log.error("the object store cannot be used: %s", error)
    return answer(request, Busy(_("The hub is busy. Nothing was lost."), 30))


def unexpected(request: Request) -> Response:
    """No detail leaves: the request's id finds it in the log."""
    return _show(request, 500, "unexpected", _("Something went wrong here. We have noted it."), {})


def wants_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    path = request.url.path
    return path.startswith(("/api/", "/site/", "/health/")) or (
        "json" in accept and "text/html" not in accept
    )


def answer(request: Request, error: HubError) -> Response:
    """The response for one error of the hub."""
    headers: dict[str, str] = {}
    if isinstance(error, TooMany | Busy):
        headers["Retry-After"] = str(error.wait_s)
    if not wants_json(request):
        if isinstance(error, NotSignedIn):
            return _to_sign_in(request)
        if isinstance(error, StepUpNeeded):
            return _to_step_up(request)
        if isinstance(error, SecondFactorMissing):
            return _to_set_up(request)
    elif isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    errors = error.errors if isinstance(error, Invalid) else {}
    return _show(
        request, _status(request, error), error.code, error.message, errors, headers, error.extra
    )


def _status(request: Request, error: HubError) -> int:
    """A program named its revision in If-Match, and that precondition failed."""
    failed = isinstance(error, Outdated) and "if-match" in request.headers
    return 412 if failed else error.status


def _show(
    request: Request,
    status: int,
    code: str,
    message: str,
    errors: dict[str, str],
    headers: object = None,
    facts: Mapping[str, Any] | None = None,
) -> Response:
    extra: dict[str, str] = dict(headers) if isinstance(headers, dict) else {}
    if wants_json(request):
        listed: list[dict[str, Any]] = [
            {"field": field, "message": text} for field, text in errors.items()
        ]
        listed += [{"field": name, "value": value} for name, value in (facts or {}).items()]
        problem = Problem(
            title=_TITLES.get(status, "Error"),
            status=status,
            detail=message,
            code=code,
            errors=listed,
        )
        return JSONResponse(
            problem.model_dump(mode="json"), status, extra, media_type="application/problem+json"
        )
    page = render.ErrorPage(
        status,
        heading(status),
        message,
        tuple(errors.values()),
        next_steps.more(request, status, facts or {}, extra),
        next_steps.link(request, status, facts or {}),
    )
    block = "says" if request.headers.get("hx-request") == "true" else None
    return render.page(
        request, "errors/error.html", page, status=status, block=block, headers=extra
    )


def _to_sign_in(request: Request) -> Response:
    """To sign in and come back: to the page itself, or to the one whose form was sent."""
    came = next_steps.came_from(request)
    if request.headers.get("hx-request") == "true":
        # A fragment cannot redirect, so htmx is told to.
        to = f"/sign-in?next={quote(came, safe='/')}" if came else "/sign-in"
        return Response(status_code=401, headers={"HX-Redirect": to})
    safe = request.method in ("GET", "HEAD")
    back = request.url.path if safe else came or "/home"
    return RedirectResponse(f"/sign-in?next={quote(back, safe='/')}", 303)


def _to_set_up(request: Request) -> Response:
    """To the set-up of a second factor; what was asked for is a page away once it is on."""
    if request.headers.get("hx-request") == "true":
        return Response(status_code=401, headers={"HX-Redirect": "/account/second-factor"})
    return RedirectResponse("/account/second-factor", 303)


def _to_step_up(request: Request) -> Response:
    """The form that was sent travels through the step-up page, so nothing typed is lost."""
    kept = getattr(request.state, "form", None)
    if kept is None:
        return RedirectResponse(f"/step-up?next={quote(request.url.path, safe='/')}", 303)
    from app.web.pages.step_up import ask  # the page needs forms, which need this module

    return ask(request, request.url.path, kept)


_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Not allowed here",
    408: "Too slow",
    409: "Conflict",
    410: "Expired",
    413: "Too large",
    422: "Invalid",
    428: "Revision needed",
    429: "Too many",
    500: "Internal error",
    503: "Busy",
    507: "Disk full",
}


def heading(status: int) -> str:
    """The heading of an error page, in words."""
    return {
        NotAllowed.status: _("You may not do this"),
        NotFound.status: _("There is nothing here"),
        Conflict.status: _("Another was faster"),
        Expired.status: _("This link has run out"),
        Invalid.status: _("Something is missing or wrong"),
        TooMany.status: _("Please wait"),
        Busy.status: _("The hub is busy"),
        DiskFull.status: _("The hub’s disk is full"),
        421: _("Wrong address"),
    }.get(status, _("This did not work"))
