"""Who calls: the token in `Authorization: Bearer clg_…`, and nothing else. No cookie is read here, so there is no CSRF.

Every route names the one scope it takes; what that scope allows on this very thing, services and queries decide.
"""

import hashlib
import re
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.orm import Session
from starlette.types import Message

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import Invalid, NotSignedIn, TooMany
from app.hub import Hub
from app.institutions import service as institutions
from app.limits import Policy
from app.people import tokens
from app.text import _, ngettext
from app.web.api import once
from app.web.api.errors import KEYED
from app.web.bodies import read_body

_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""As JSON writes it. PostgreSQL stores no such text, so no database of ours is asked to."""
SAFE = frozenset({"GET", "HEAD"})
LARGEST_BODY = 1 << 20
"""A federation with two hundred inputs per task sheet stays far below."""
_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="token",
    bearerFormat="clg_…",
    description="An API token, made by an administrator in the browser under Integrations.",
)


@dataclass(frozen=True)
class Caller:
    """One request of a program. `session` reads for GET and commits before the answer leaves for the rest."""

    actor: Actor
    session: Session
    hub: Hub

    @property
    def institution(self) -> str:
        """The one this token is bound to."""
        assert self.actor.token_institution is not None
        return self.actor.token_institution


def admitted(
    request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]
) -> Actor:
    """Looked up in a reading transaction of its own, so a stranger never holds the database's write lock."""
    hub: Hub = request.app.state.hub
    with hub.db.reading() as session:
        actor = tokens.actor_for(session, given.credentials if given else None)
        stale = actor is not None and tokens.stale(session, actor.id)
        actor = institutions.held(session, actor) if actor else None
    if actor is None:
        raise NotSignedIn(_("Send an API token that is valid: “Authorization: Bearer clg_…”."))
    request.state.person = actor.person
    _spend(request, hub, actor.id)
    if stale:
        with hub.db.session() as session:
            tokens.touch(session, actor.id)
    return actor


def _spend(request: Request, hub: Hub, token: str) -> None:
    """Raises TooMany. The middleware tells every answer of this request what is left."""
    spent = hub.limits.spend(Policy("token", hub.settings.api_requests_per_minute), token)
    request.state.spent = spent
    if spent.over:
        said = ngettext(
            "This token asks too often. Wait {count} second, then try again.",
            "This token asks too often. Wait {count} seconds, then try again.",
            spent.reset_s,
        )
        raise TooMany(said.format(count=spent.reset_s), spent.reset_s)


Admitted = Annotated[Actor, Depends(admitted)]


def _by_method(request: Request, actor: Admitted) -> Iterator[Caller]:
    hub: Hub = request.app.state.hub
    opened = hub.db.reading() if request.method in SAFE else hub.db.session()
    with opened as session:
        yield Caller(actor, session, hub)


def _writing(request: Request, actor: Admitted) -> Iterator[Caller]:
    hub: Hub = request.app.state.hub
    with hub.db.session() as session:
        yield Caller(actor, session, hub)


Calling = Annotated[Caller, Depends(_by_method, scope="function")]
Noting = Annotated[Caller, Depends(_writing, scope="function")]
"""For a GET that leaves a line behind: who read a report."""


def _asks(permission: Permission) -> Callable[[Actor], None]:
    def check(actor: Admitted) -> None:
        require(actor.unheld, permission, actor.token_institution)

    return check


def takes(permission: Permission) -> dict[str, Any]:
    """Arguments of a route: the scope it takes, refused with 403 before anything else is looked at.

    Whether the institution may act now, the service decides: leaving and revoking it always may.
    """
    return {
        "dependencies": [Depends(_asks(permission))],
        "openapi_extra": {"x-scope": permission.value},
    }


def _once(
    request: Request,
    call: Calling,
    key: Annotated[
        str | None,
        Header(
            alias=once.HEADER,
            max_length=210,
            description="Chosen by you, new for each act. The same request with the same key within 24 hours happens "
            "once, and is answered as the first time.",
        ),
    ] = None,
) -> None:
    if key is None:
        return
    act = once.Act(call.session, call.hub.settings, call.actor.id, once.key_of(key))
    act.begin(request.state.digest)
    request.state.act = act


def creates(permission: Permission) -> dict[str, Any]:
    """Arguments of a route that makes something: as `takes`, and safe to ask twice under an Idempotency-Key."""
    taken = takes(permission)
    taken["dependencies"].append(Depends(_once))
    return taken | {"status_code": 201, "responses": KEYED}


class Bounded(APIRoute):
    """Reads at most `LARGEST_BODY`, whatever Content-Length said, and says so as every other error is said."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in SAFE:
                return await inner(request)
            body = await read_body(request, LARGEST_BODY)
            if _NUL.search(body):
                raise Invalid(_("Text may not hold the character NUL."))
            asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
            request.state.digest = hashlib.sha256(asked + body).hexdigest()

            async def again() -> Message:
                return {"type": "http.request", "body": body, "more_body": False}

            return await once.kept(request, inner(Request(request.scope, again)))

        return handle


def api_router(noun: str, prefix: str = "") -> APIRouter:
    """For one noun. Every route of it is bounded and described under the noun."""
    return APIRouter(
        prefix=prefix,
        tags=[noun],
        route_class=Bounded,
        generate_unique_id_function=lambda route: route.name,
    )
