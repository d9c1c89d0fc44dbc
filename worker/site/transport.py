"""The Kombu transport `hub+https://`: a stock Celery worker whose broker is the hub.

The hub sends no Celery message. A claim brings a job's id, kind, claim and signed manifest; the message is
built here, from a closed list, and carries no retry, ETA, expiry, link or chain. A site publishes nothing.
"""

import json
import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty
from typing import Any

from celery.worker import state as worker_state
from kombu.transport import TRANSPORT_ALIASES, virtual

from worker.protocol.codes import Failure, JobKind, Lane
from worker.protocol.messages import Claimed
from worker.site import hours, stopping, telling
from worker.site.client import connect
from worker.site.door import Door
from worker.site.faults import DiskFull, HubFault, NotJoined, Revoked, SiteFault
from worker.site.home import find
from worker.site.polling import Poller, give_back

logger = logging.getLogger(__name__)

SCHEME = "hub"
TASKS: dict[JobKind, str] = {kind: f"site.{kind.value}" for kind in JobKind}
"""Every task a message can name."""
REVOKED_EVERY_S = 300.0
_LOOK_S = 0.25
"""How long one look waits: a signal is served this soon, a job that arrives at once."""


def is_stopping() -> bool:
    """Asked to stop: nothing is claimed from now on."""
    asked = worker_state.should_stop, worker_state.should_terminate
    return stopping.is_asked() or any(one is not None and one is not False for one in asked)


class Gate:
    """Jobs this process holds. One at a time, also across reconnections: prefetch is 1."""

    def __init__(self) -> None:
        self._held: dict[str, Claimed] = {}
        self._changed = threading.Condition()

    def enter(self, tag: str, claimed: Claimed) -> None:
        with self._changed:
            self._held[tag] = claimed

    def leave(self, tag: str) -> Claimed | None:
        with self._changed:
            claimed = self._held.pop(tag, None)
            self._changed.notify_all()
            return claimed

    def is_free(self, wait_s: float) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: not self._held, wait_s)


gate = Gate()


class Channel(virtual.Channel):  # type: ignore[misc]
    """Looks for jobs; acknowledging says nothing to the hub, whom the child has answered already."""

    do_restore = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._door: Door = self.connection.door
        self._is_open: Callable[[], bool] = self.connection.is_open
        home, door = self.connection.home, self._door
        self._poller = Poller(door, is_stopping, first=lambda: telling.tell(home, door))

    def drain_events(self, timeout: float | None = None, callback: Any = None) -> Any:
        """Waits here while a job runs, so that the worker neither spins nor claims another."""
        if self._consumers and not gate.is_free(_LOOK_S):
            raise Empty
        return super().drain_events(timeout=timeout, callback=callback)

    def _get(self, queue: str, timeout: float | None = None) -> dict[str, Any]:
        if is_stopping() or not self._is_open():
            time.sleep(_LOOK_S)
            raise Empty
        lanes = [Lane(name) for name in dict.fromkeys(self._active_queues)]
        claimed = self._poller.look(lanes, _LOOK_S)
        if claimed is None:
            raise Empty
        if is_stopping():
            give_back(self._door, claimed, Failure.STOPPED)
            raise Empty
        tag = f"{claimed.job}.{claimed.claim}"
        gate.enter(tag, claimed)
        return message(claimed, tag)

    def _put(self, queue: str, message: Any, **kwargs: Any) -> None:
        raise PermissionError("a site publishes no jobs")

    def _size(self, queue: str) -> int:
        return 0

    def _purge(self, queue: str) -> int:
        return 0

    def _has_queue(self, queue: str, **kwargs: Any) -> bool:
        return queue in set(Lane)

    def _new_queue(self, queue: str, **kwargs: Any) -> None:
        """Queues are the hub's: a lane exists there for every site."""

    def basic_ack(self, delivery_tag: str, multiple: bool = False) -> None:
        super().basic_ack(delivery_tag, multiple)
        gate.leave(delivery_tag)

    def basic_reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Celery lost the child, or cannot run the task: the job goes back to the hub, whatever `requeue` says."""
        self.qos._quick_ack(delivery_tag)
        claimed = gate.leave(delivery_tag)
        if claimed is not None:
            logger.warning("job %s lost its process; it goes back to the hub", claimed.job)
            code = Failure.STOPPED if is_stopping() else Failure.LOST_CHILD
            give_back(self._door, claimed, code)

    def close(self) -> None:
        if not self.closed:
            self._poller.close()
        super().close()


def message(claimed: Claimed, tag: str) -> dict[str, Any]:
    """A Celery message, protocol 2, of our own making."""
    options = {"callbacks": None, "errbacks": None, "chain": None, "chord": None}
    body = json.dumps([[claimed.model_dump(mode="json")], {}, options])
    headers = {
        "lang": "py",
        "task": TASKS[claimed.kind],
        "id": tag,
        "root_id": tag,
        "parent_id": None,
        "group": None,
        "retries": 0,
        "eta": None,
        "expires": None,
        "timelimit": [None, None],
        "argsrepr": f"({claimed.job!r},)",
        "kwargsrepr": "{}",
        "origin": "hub",
        "ignore_result": True,
    }
    lane = claimed.kind.lane.value
    return {
        "body": body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": headers,
        "properties": {
            "correlation_id": tag,
            "delivery_tag": tag,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": lane},
            "priority": 0,
        },
    }


class _Last:
    """What the hub last said to this process about connecting."""

    revoked_at: float | None = None
    failed = False


class Transport(virtual.Transport):  # type: ignore[misc]
    """One connection: a signed hello opens it."""

    Channel = Channel
    default_port = 443
    polling_interval = None
    driver_type = SCHEME
    driver_name = SCHEME
    connection_errors = (OSError,)
    channel_errors = (SiteFault,)

    def __init__(self, client: Any, **kwargs: Any) -> None:
        super().__init__(client, **kwargs)
        self.home = home = find()
        try:
            self.is_open = hours.opening(home.config().window)
            self.door = Door(connect(home))
        except NotJoined as error:
            raise HubFault(str(error)) from error

    def establish_connection(self) -> Any:
        """Raises HubFault, so that Celery waits and tries again: with jitter, and every 5 minutes once revoked."""
        self._wait_a_little()
        try:
            said = self.door.hello(worker=True)
        except (HubFault, DiskFull) as error:
            _Last.failed = True
            if isinstance(error, Revoked):
                _Last.revoked_at = time.monotonic()
            if isinstance(error, DiskFull):
                raise HubFault(str(error)) from error
            raise
        _Last.failed, _Last.revoked_at = False, None
        if said.state == "waiting-for-confirmation":
            logger.warning("the hub waits: compare the six words in the browser, then jobs come")
        if said.suspended:
            logger.warning(
                "the hub's operators suspended this institution: no job comes until they lift it"
            )
        return super().establish_connection()

    def _wait_a_little(self) -> None:
        since = _Last.revoked_at
        if since is not None and time.monotonic() - since < REVOKED_EVERY_S:
            raise Revoked(
                "This site was revoked. Ask an administrator of your institution. "
                "The hub is asked again every 5 minutes.",
                code="revoked",
                status=401,
            )
        if _Last.failed:
            end = time.monotonic() + random.uniform(0, 2)
            while time.monotonic() < end and not is_stopping():
                time.sleep(0.1)

    def close_connection(self, connection: Any) -> None:
        super().close_connection(connection)
        with suppress(HubFault):
            self.door.close()

    def driver_version(self) -> str:
        return "1"


def register() -> None:
    """Lets Kombu resolve hub+https:// and hub+http://."""
    TRANSPORT_ALIASES[SCHEME] = "worker.site.transport:Transport"


register()
