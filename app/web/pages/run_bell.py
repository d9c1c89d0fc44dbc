"""The run page's doorbell: a stream of events that rings when a row of the run has changed. It carries no data.

The page polls by itself as well, so a lost ring, a full house or a cut stream costs a few seconds, nothing else.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from anyio import to_thread
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Busy, HubError
from app.hub import Hub
from app.people import sessions
from app.runs import queries
from app.runs.states import RUN_ENDED
from app.text import _
from app.web.visit import Here, page_router

router = page_router(prefix="/runs")

STEP_S = 1.0
BEAT_S = 15.0
CHECK_S = 30.0
"""A person who signed out, or lost the right to see the run, is out after so long."""
LONGEST_S = 1800.0
"""Then the browser asks again, and perhaps reaches another web process."""
MANY_S = 0.2
"""So long after a ring, more of them are one."""
AGAIN_S = 30


class Streams:
    """How many are open in this process. Each costs a socket and some memory, never a thread or a connection."""

    def __init__(self, limit: int) -> None:
        self.limit, self.open = limit, 0

    @contextmanager
    def one(self) -> Iterator[None]:
        self.open += 1
        try:
            yield
        finally:
            self.open -= 1


@dataclass(frozen=True)
class Listener:
    """Who listens to which run; asked again while the stream is open."""

    hub: Hub
    cookie: str | None
    run: str

    def may_stay(self) -> bool:
        """False when the session or the right has ended, or the run itself."""
        with self.hub.db.reading() as session:
            found = sessions.actor_for(session, self.cookie, self.hub.settings)
            if found is None:
                return False
            try:
                run = queries.get(session, found[1], Permission.RUN_READ, self.run)
            except HubError:
                return False
            return run.state not in RUN_ENDED


@router.get("/{run_id}/bell")
def bell(visit: Here, run_id: str) -> Response:
    """204 once the run has ended; 503 when this process has as many listeners as it takes."""
    run = queries.get(visit.session, visit.who, Permission.RUN_READ, run_id)
    if run.state in RUN_ENDED:
        return Response(status_code=204)
    streams: Streams = visit.request.app.state.streams
    if streams.open >= streams.limit:
        raise Busy(_("Too many pages listen here now. This page looks by itself."), AGAIN_S)
    listener = Listener(visit.hub, visit.cookie, run_id)
    return StreamingResponse(
        rings(listener, streams),
        media_type="text/event-stream",
        headers={"X-Accel-Buffering": "no"},
    )


async def rings(listener: Listener, streams: Streams) -> AsyncIterator[bytes]:
    """`up` or `down`: whether rings of other processes reach this one. `ring`: look. `end`: do not ask again."""
    doorbell = listener.hub.doorbell
    begun = checked = beaten = time.monotonic()
    told = False
    with streams.one(), doorbell.listen(f"run:{listener.run}") as waiter:
        yield b"retry: 5000\nevent: down\ndata:\n\n"
        while time.monotonic() - begun < LONGEST_S and not doorbell.closing:
            rung = await waiter.wait(STEP_S)
            if doorbell.hears != told:
                told = doorbell.hears
                yield b"event: up\ndata:\n\n" if told else b"event: down\ndata:\n\n"
            at = time.monotonic()
            if rung or at - checked >= CHECK_S:
                checked = at
                if not await to_thread.run_sync(listener.may_stay):
                    yield b"event: ring\ndata:\n\nevent: end\ndata:\n\n"
                    return
            if rung:
                yield b"event: ring\ndata:\n\n"
                await asyncio.sleep(MANY_S)
            elif at - beaten >= BEAT_S:
                yield b": still here\n\n"
            else:
                continue
            beaten = at
