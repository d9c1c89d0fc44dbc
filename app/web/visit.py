"""Who asks: the session behind the cookie, the person's roles, the form they sent, and the token that proves it ours.

Every page's router is made by `page_router()`, so no unsafe request can reach a page without these checks.
"""

import hashlib
import hmac
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from app.access.actor import Actor
from app.errors import HubError, NotSignedIn
from app.hub import Hub
from app.institutions import service as institutions
from app.people import sessions
from app.people.models import BrowserSession
from app.settings import Settings
from app.text import _
from app.web import forms
from app.web.forms import Typed

SAFE = frozenset({"GET", "HEAD"})
_YEAR = 365 * 24 * 3600


class FormTooOld(HubError):
    status = 403
    code = "csrf"


def cookie_name(settings: Settings, kind: str = "") -> str:
    """`__Host-` binds a cookie to this host; browsers take it over https only."""
    name = f"collegium{kind}"
    return f"__Host-{name}" if settings.https else name


@dataclass(frozen=True)
class Visit:
    """One request of a browser. `actor` is None for someone who has not signed in."""

    request: Request
    session: Session
    hub: Hub
    form: Typed
    csrf: str
    fresh_visit: str | None
    actor: Actor | None
    browser: BrowserSession | None
    switched: str | None
    """The institution the switcher was set to, read at once: an error's page outlives the request's session."""

    @property
    def settings(self) -> Settings:
        return self.hub.settings

    @property
    def who(self) -> Actor:
        """Raises NotSignedIn."""
        if self.actor is None:
            raise NotSignedIn(_("Sign in to go on."))
        return self.actor

    @property
    def device(self) -> BrowserSession:
        """This browser's session. Raises NotSignedIn."""
        if self.browser is None:
            raise NotSignedIn(_("Sign in to go on."))
        return self.browser

    @property
    def address(self) -> str:
        return self.request.client.host if self.request.client else ""

    @property
    def cookie(self) -> str | None:
        return self.request.cookies.get(cookie_name(self.settings))

    def asks_for(self, block: str) -> str | None:
        """`block` when htmx asks for that part of the page, else None: the whole page."""
        headers = self.request.headers
        fits = headers.get("hx-request") == "true" and headers.get("hx-target") == block
        return block if fits else None

    @property
    def institution(self) -> str | None:
        """The one the switcher shows, among those where this person has a role."""
        if self.actor is None:
            return None
        if self.switched in self.actor.institutions:
            return self.switched
        return min(self.actor.roles or self.actor.institutions, default=None)


async def turn(request: Request) -> AsyncIterator[None]:
    """Few requests ask the database at once, fewer than there are threads (`app.main`); the rest wait here, where
    they hold nothing. Between its steps a request gives its thread away and keeps its connection, so without this those
    that hold a connection would wait for a thread, and those that hold a thread for a connection."""
    async with request.app.state.turns:
        yield


def get_session(
    request: Request, _turn: Annotated[None, Depends(turn, scope="function")]
) -> Iterator[Session]:
    """A reading session for GET, a writing one that commits before the answer leaves for the rest."""
    hub: Hub = request.app.state.hub
    opened = hub.db.reading() if request.method in SAFE else hub.db.session()
    with opened as session:
        yield session


Db = Annotated[Session, Depends(get_session, scope="function")]
Sent = Annotated[Typed, Depends(forms.read)]


def visiting(request: Request, form: Sent, session: Db) -> Visit:
    """Reads the cookie and, for an unsafe request, checks the token. Raises FormTooOld, NotSignedIn.

    The form comes first: whoever sends it slowly keeps nobody waiting.
    """
    hub: Hub = request.app.state.hub
    request.state.form = form
    found = _known(request, session, hub)
    given = request.cookies.get(cookie_name(hub.settings, "-visit"))
    token = given or secrets.token_urlsafe(24)
    visit = Visit(
        request=request,
        session=session,
        hub=hub,
        form=form,
        csrf=found[0].csrf if found else _visit_csrf(hub.settings, token),
        fresh_visit=None if given else token,
        actor=found[1] if found else None,
        browser=found[0] if found else None,
        switched=found[0].institution_id if found else None,
    )
    request.state.visit = visit
    if found:
        request.state.person = found[1].person
    if request.method not in SAFE:
        _check_token(visit)
    if found and sessions.stale(found[0]) and not _looks_by_itself(request):
        _touch(visit, found[0])
    return visit


def _known(request: Request, session: Session, hub: Hub) -> tuple[BrowserSession, Actor] | None:
    cookie = request.cookies.get(cookie_name(hub.settings))
    found = sessions.actor_for(session, cookie, hub.settings)
    return (found[0], institutions.held(session, found[1])) if found else None


def _looks_by_itself(request: Request) -> bool:
    """A part that an open page asks for again and again: nobody need sit there, so it keeps no session alive."""
    return request.method in SAFE and request.headers.get("hx-request") == "true"


def _touch(visit: Visit, row: BrowserSession) -> None:
    """'Last seen', once a minute at most; in a transaction of its own when this one only reads."""
    if visit.request.method not in SAFE:
        sessions.touch(visit.session, row)
        return
    with visit.hub.db.session() as writing:
        sessions.touch(writing, row)


def _visit_csrf(settings: Settings, visit: str) -> str:
    key = settings.secret_key.encode()
    return hmac.new(key, b"csrf|" + visit.encode(), hashlib.sha256).hexdigest()


def _check_token(visit: Visit) -> None:
    given = visit.request.headers.get("x-csrf-token") or visit.form.raw("csrf")
    if hmac.compare_digest(given.encode(), visit.csrf.encode()):
        return
    if visit.actor is None and visit.cookie:
        raise NotSignedIn(_("You have been signed out. Sign in to go on."))
    raise FormTooOld(_("This form is too old to be sure that you sent it. Open it again."))


def signed_in(visit: Annotated[Visit, Depends(visiting)]) -> Visit:
    """Raises NotSignedIn for everyone else."""
    visit.who  # noqa: B018  (raises)
    return visit


Anyone = Annotated[Visit, Depends(visiting)]
Here = Annotated[Visit, Depends(signed_in)]


def page_router(prefix: str = "", dependencies: Sequence[Any] = ()) -> APIRouter:
    """A router for pages: every route of it is visited, checked and left out of the API's description."""
    checks = [*dependencies, Depends(visiting)]
    return APIRouter(prefix=prefix, dependencies=checks, include_in_schema=False)


def own_path(path: str, otherwise: str = "/home") -> str:
    """A path of this hub to go to next, else `otherwise`: never another host, never a scheme."""
    safe = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if safe and "\\" not in path else otherwise


def see_other(path: str, done: str = "") -> Response:
    """After a form: look at the result. `done` names a sentence of `app.web.done`."""
    mark = "&" if "?" in path else "?"
    return RedirectResponse(f"{path}{mark}done={done}" if done else path, 303)


def keep_cookie(response: Response, settings: Settings, cookie: str) -> None:
    """The session, for this browser only."""
    response.set_cookie(
        cookie_name(settings),
        cookie,
        max_age=settings.session_hours * 3600,
        path="/",
        secure=settings.https,
        httponly=True,
        samesite="lax",
    )


def keep_display(response: Response, name: str, value: str) -> None:
    """`locale` or `theme`, for this browser and a year."""
    response.set_cookie(f"collegium-{name}", value, max_age=_YEAR, path="/", samesite="lax")


def drop_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.https, httponly=True, samesite="lax"
    )
