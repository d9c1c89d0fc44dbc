"""Who asks: the session behind the cookie, the form it sent, and the token that proves the form ours."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from worker.protocol.text import _
from worker.site.page import peer
from worker.site.page.faults import NotSignedIn, PageFault, Refused
from worker.site.page.sessions import Session, same
from worker.site.page.state import State

LARGEST = 64 * 1024
_TYPE = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Visit:
    request: Request
    state: State
    session: Session
    form: dict[str, str]


Page = Callable[[Visit], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def signed_in(page: Page) -> Endpoint:
    """The endpoint that runs `page` on a thread for whoever has opened the site's page. Raises NotSignedIn, Refused."""

    async def endpoint(request: Request) -> Response:
        state: State = request.app.state.site
        cookie = request.cookies.get(state.cookie, "")
        session = state.sessions.find(cookie, account(request)) if cookie else None
        if session is None:
            raise NotSignedIn(
                _("Run “collegium-site page” on this computer and open the link it prints.")
            )
        form = await read(request)
        request.state.visit = visit = Visit(request, state, session, form)
        if request.method == "POST" and not same(form.get("csrf", ""), session.csrf):
            raise Refused(_("This form is too old to be sure that you sent it. Open it again."))
        return await run_in_threadpool(page, visit)

    return endpoint


def account(request: Request) -> int | None:
    return peer.account((request.client.host, request.client.port) if request.client else None)


async def read(request: Request) -> dict[str, str]:
    """The fields of a form, the last of each name. Empty for a request without a body."""
    if request.method != "POST":
        return {}
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise PageFault(_("This form is too large."))
    if body and not request.headers.get("content-type", "").startswith(_TYPE):
        raise PageFault(_("This form cannot be read."))
    try:
        pairs: Any = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise PageFault(_("This form cannot be read.")) from error
    return dict(pairs)


def see_other(path: str, done: str = "") -> Response:
    """After a form: look at the result."""
    return RedirectResponse(f"{path}?done={done}" if done else path, 303)
