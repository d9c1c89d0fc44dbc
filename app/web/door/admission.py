"""Reads a request's body within its limit, checks who signed it, and hands both to the endpoint."""

from dataclasses import dataclass
from typing import Annotated, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.hub import Hub
from app.sites import admission, queries
from app.sites.errors import Revoked
from app.sites.models import Site
from app.text import _
from app.web.bodies import read_body
from worker.protocol import limits, messages
from worker.protocol.canonical import digest

_THREADS = 8
"""Threads that touch the database for the door: few, so a thousand polls cannot open a thousand connections."""

_limiter: RunVar[CapacityLimiter] = RunVar("site-door-threads")
Message = TypeVar("Message", bound=BaseModel)


def threads() -> CapacityLimiter:
    """One per event loop."""
    try:
        return _limiter.get()
    except LookupError:
        limiter = CapacityLimiter(_THREADS)
        _limiter.set(limiter)
        return limiter


@dataclass(frozen=True)
class Caller:
    """A site whose signature was good, and the bytes it sent."""

    site: str
    body: bytes

    def read(self, kind: type[Message]) -> Message:
        """Raises Invalid: which field and which rule, never the value."""
        return parse(kind, self.body)

    def load(self, session: Session) -> Site:
        """The row as this transaction sees it: a site revoked meanwhile is out."""
        site = queries.by_id(session, self.site)
        if site is None or site.revoked is not None:
            raise Revoked(_("This site was revoked. Ask an administrator of your institution."))
        return site


def parse(kind: type[Message], body: bytes) -> Message:
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        faults = {
            ".".join(str(part) for part in fault["loc"]) or "body": fault["type"]
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        }
        raise Invalid(_("The hub cannot read this message."), faults) from error


def the_hub(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


HubHere = Annotated[Hub, Depends(the_hub)]


async def signed(request: Request, hub: HubHere) -> Caller:
    """For JSON messages."""
    return await _admit(request, hub, limits.JSON_BYTES)


async def signed_chunk(request: Request, hub: HubHere) -> Caller:
    """For one chunk of an upload."""
    return await _admit(request, hub, limits.CHUNK_BYTES)


SignedCaller = Annotated[Caller, Depends(signed)]
SignedChunk = Annotated[Caller, Depends(signed_chunk)]


async def _admit(request: Request, hub: Hub, limit: int) -> Caller:
    body = await read_body(request, limit)
    claims = _claims(request, digest(body))
    remembered: admission.Remembered = request.app.state.remembered
    await to_thread.run_sync(admission.come_in, hub.db, remembered, claims, limiter=threads())
    return Caller(claims.site, body)


def _claims(request: Request, body_digest: str) -> admission.Claims:
    heads = request.headers
    return admission.Claims(
        site=heads.get(messages.HEADER_SITE, ""),
        method=request.method,
        path=signed_path(request),
        time=heads.get(messages.HEADER_TIME, ""),
        nonce=heads.get(messages.HEADER_NONCE, ""),
        digest=heads.get(messages.HEADER_DIGEST, ""),
        signature=heads.get(messages.HEADER_SIGNATURE, ""),
        body_digest=body_digest,
    )


def signed_path(request: Request) -> str:
    """As it came over the line, not decoded, with its query: what the site signed."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    query: bytes = request.scope.get("query_string", b"")
    path = raw.split(b"?", 1)[0]
    return (path + b"?" + query if query else path).decode("latin-1")
