"""Idempotency-Key: a creation that is asked for twice happens once, and both get the same answer."""

import re
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from app.errors import Invalid
from app.integrations import idempotency
from app.integrations.idempotency import Answer
from app.settings import Settings
from app.text import _

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
_KEY = re.compile(r'"?([!#-\[\]-~]{1,200})"?')
"""Visible ASCII, bare or quoted as the IETF draft quotes it."""
_TOLD = ("location", "etag", "content-type")


class Replayed(Exception):
    """Ends a request before its act: here is what the first one was told."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.answer = answer


@dataclass(frozen=True)
class Act:
    """A creation under its key, in its transaction."""

    session: Session
    settings: Settings
    token: str
    key: str

    def begin(self, digest: str) -> None:
        """Raises Replayed, KeyReused."""
        found = idempotency.begin(self.session, self.settings, self.token, self.key, digest)
        if found is not None:
            raise Replayed(found)

    def keep(self, response: Response) -> None:
        """Before the transaction ends: the answer is kept if and only if the act is."""
        headers = {k: v for k, v in response.headers.items() if k in _TOLD}
        answer = Answer(response.status_code, headers, bytes(response.body).decode())
        idempotency.keep(self.session, self.settings, self.token, self.key, answer)


def key_of(text: str) -> str:
    """Raises Invalid."""
    found = _KEY.fullmatch(text)
    if found is None:
        problem = _("“Idempotency-Key” is 1 to 200 visible ASCII characters, such as a UUID.")
        raise Invalid(problem, {HEADER: problem})
    return found[1]


async def kept(request: Request, answering: Awaitable[Response]) -> Response:
    """The route's answer, written down where a key was sent, or the answer of the first request with that key.

    The route's session is still open here: FastAPI ends it after the handler returned, before the answer leaves.
    """
    try:
        response = await answering
    except Replayed as done:
        told: dict[str, Any] = done.answer.headers | {REPLAYED: "true"}
        return Response(done.answer.body, done.answer.status, told)
    act: Act | None = getattr(request.state, "act", None)
    if act is not None:
        await run_in_threadpool(act.keep, response)
    return response
