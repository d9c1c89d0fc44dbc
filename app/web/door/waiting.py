"""The long poll: waits on the doorbell, looks off the loop, and claims only for a connection still open."""

import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ParamSpec, TypeVar

from anyio import to_thread

from app.clock import now
from app.events import own_look_s
from app.hub import Hub
from app.sites import inbox, queries
from app.web.door.admission import Caller, threads
from worker.protocol.codes import Lane
from worker.protocol.messages import Claimed, ClaimRequest

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


async def off_the_loop(
    work: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """Database work never runs on the event loop that holds a thousand polls."""
    return await to_thread.run_sync(lambda: work(*args, **kwargs), limiter=threads())


async def wait_for_job(
    hub: Hub, caller: Caller, said: ClaimRequest, is_gone: Callable[[], Awaitable[bool]]
) -> Claimed | None:
    """A job, or None when the time is over or the site has hung up.

    It listens before it first looks, so a job posted in between rings; and it looks by itself every 20 to 30
    seconds, so a lost ring costs a wait, not a job. When rung it claims without looking first.
    """
    end = time.monotonic() + said.wait_s
    with hub.doorbell.listen(f"inbox:{caller.site}:{said.lane.value}") as bell:
        rung = False
        while not hub.doorbell.closing:
            due = None if rung else await off_the_loop(_next_due, hub, caller, said.lane)
            if rung or (due is not None and due <= now()):
                if await is_gone():
                    return None
                claimed = await off_the_loop(_claim, hub, caller, said.lane)
                if claimed is not None:
                    return claimed
                due = await off_the_loop(_next_due, hub, caller, said.lane) if rung else None
            left = end - time.monotonic()
            if left <= 0:
                return None
            rung = await bell.wait(min(left, own_look_s(), _until(due)))
            if not rung and time.monotonic() >= end:
                return None  # the next poll looks when it arrives
    return None


def _until(due: datetime | None) -> float:
    return float("inf") if due is None else max((due - now()).total_seconds(), 0.01)


def _next_due(hub: Hub, caller: Caller, lane: Lane) -> datetime | None:
    with hub.db.one_statement() as connection:
        return queries.next_due(connection, caller.site, lane)


def _claim(hub: Hub, caller: Caller, lane: Lane) -> Claimed | None:
    with hub.db.session() as session:
        site = caller.load(session)
        return inbox.claim(session, site, lane, hub.settings.first_lease_s)
