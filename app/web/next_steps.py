"""What a page of an error offers: who can do it, how long to wait, where to get a new link."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request

from app.access.permissions import Permission
from app.errors import Busy, Conflict, Expired, NotAllowed, TooMany
from app.text import _
from app.web import refusals
from app.web.moments import span
from app.web.parts import Link
from app.web.visit import Visit


def more(
    request: Request, status: int, facts: Mapping[str, Any], headers: Mapping[str, str]
) -> str:
    """A sentence after the error's own; empty where there is nothing to add."""
    if status == NotAllowed.status and "permission" in facts:
        return _who(request, str(facts["permission"]))
    if status == Busy.status and "Retry-After" in headers:
        return _("Try again in {span}.").format(span=span(float(headers["Retry-After"])))
    return ""


def _who(request: Request, permission: str) -> str:
    """Who at this person's institution has the role; read in a session of its own, as the request's has ended."""
    visit: Visit | None = getattr(request.state, "visit", None)
    if visit is None or visit.actor is None or visit.institution is None:
        return ""
    try:
        with visit.hub.db.reading() as session:
            return refusals.who_can(session, visit.institution, Permission(permission))
    except (SQLAlchemyError, ValueError):
        return ""


def link(request: Request, status: int, facts: Mapping[str, Any]) -> Link | None:
    """The one next step, if there is one."""
    path = request.url.path
    if status == NotAllowed.status and "state" in facts:
        return _verification(request)
    if status == Expired.status:
        return _again(path)
    if status in (TooMany.status, Busy.status) and request.method == "GET":
        return Link(_("Try again"), path, "btn")
    if status == Conflict.status:
        return Link(_("See how it stands now"), came_from(request) or "/home", "btn")
    return None


def _verification(request: Request) -> Link | None:
    """Where an institution that is held back reads what is missing."""
    visit: Visit | None = getattr(request.state, "visit", None)
    at = visit.institution if visit else None
    return Link(_("See the verification"), f"/i/{at}/verification", "btn") if at else None


def _again(path: str) -> Link | None:
    """A new one of what has run out. An invitation's new one comes from who invites."""
    if path.startswith("/password/reset/"):
        return Link(_("Send a new link"), "/password/forgot", "primary")
    if path.startswith("/register"):
        return Link(_("Start again"), "/register", "primary")
    if path.startswith("/account/second-factor"):
        return Link(_("Start again"), "/account", "primary")
    return None


def came_from(request: Request) -> str:
    """The path of our own page that sent this, by form or by fragment; empty for another host's."""
    sent = request.headers.get("hx-current-url") or request.headers.get("referer", "")
    found = urlsplit(sent)
    own = urlsplit(request.app.state.hub.settings.public_url).netloc
    return found.path if found.netloc == own else ""
