"""The hub's tasks: load by id, one call, and say in a log line how long it took. Rerunning one does no harm."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

from celery import Task
from sqlalchemy.exc import OperationalError

from app.errors import Busy, DiskFull
from app.hub import Hub
from app.jobs import HubTask
from worker.hub import process
from worker.hub.aggregate import aggregate
from worker.hub.app import app
from worker.hub.finish import finish
from worker.hub.holding import LeaseLost
from worker.hub.opening import open_next
from worker.hub.prepare import prepare
from worker.hub.sweep import sweep

log = logging.getLogger(__name__)

PASSING: tuple[type[Exception], ...] = (OperationalError, Busy, DiskFull, ConnectionError, OSError)
"""Worth another try: the database restarts, a disk is full. Everything else is a fault that a retry repeats."""
TRIES = 5


def task(name: HubTask) -> Callable[[Callable[..., object]], Any]:
    """Registers `work(hub, *ids)` under its name, with this process's hub."""

    def register(work: Callable[..., object]) -> Any:
        @wraps(work)
        def run(self: Task, *ids: str) -> None:
            begun = time.monotonic()
            try:
                outcome = work(process.current(), *ids)
            except LeaseLost:
                outcome = "lease lost"
            except PASSING as error:
                _say(name, ids, begun, f"retry after {type(error).__name__}")
                raise self.retry(exc=error, countdown=2**self.request.retries) from error
            except Exception:
                _say(name, ids, begun, "fault", exc_info=True)
                return
            _say(name, ids, begun, str(outcome))

        return app.task(name=name.value, bind=True, max_retries=TRIES)(run)

    return register


def _say(
    name: HubTask, ids: tuple[str, ...], begun: float, outcome: str, exc_info: bool = False
) -> None:
    fields = {
        "task": name.value,
        "ids": ids,
        "seconds": round(time.monotonic() - begun, 4),
        "outcome": outcome,
    }
    level = logging.ERROR if exc_info else logging.INFO
    log.log(level, "%s", name.value, extra={"fields": fields}, exc_info=exc_info)


@task(HubTask.RUN_PREPARE)
def run_prepare(hub: Hub, run_id: str) -> bool:
    return prepare(hub, run_id)


@task(HubTask.ROUND_OPEN)
def round_open(hub: Hub, run_id: str) -> bool:
    return open_next(hub, run_id)


@task(HubTask.ROUND_AGGREGATE)
def round_aggregate(hub: Hub, round_id: str) -> bool:
    return aggregate(hub, round_id)


@task(HubTask.RUN_FINISH)
def run_finish(hub: Hub, run_id: str) -> bool:
    return finish(hub, run_id)


@task(HubTask.SWEEP)
def sweep_all(hub: Hub) -> None:
    sweep(hub)
