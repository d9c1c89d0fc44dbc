"""The hub's tasks: load by id, one call, and say in a log line how long it took. Rerunning one does no harm."""

import logging
import time
from collections.abc import Callable

from celery import Celery, Task
from sqlalchemy.exc import InterfaceError, OperationalError

from app import schema  # noqa: F401  (every table and follower is known first)
from app.errors import Busy, DiskFull
from app.hub import Hub
from app.jobs import HubTask
from app.objects import UnknownStore
from worker.hub import process
from worker.hub.aggregate import aggregate
from worker.hub.checkpoints import store
from worker.hub.delivering import deliver
from worker.hub.domains import check
from worker.hub.finish import finish
from worker.hub.holding import LeaseLost
from worker.hub.letters import post
from worker.hub.opening import open_next
from worker.hub.prepare import prepare
from worker.hub.sweep import sweep, tidy
from worker.hub.telling import tell

log = logging.getLogger(__name__)

Work = Callable[..., object]
WORK: dict[HubTask, Work] = {
    HubTask.RUN_PREPARE: prepare,
    HubTask.ROUND_OPEN: open_next,
    HubTask.ROUND_AGGREGATE: aggregate,
    HubTask.RUN_FINISH: finish,
    HubTask.DOMAIN_CHECK: check,
    HubTask.TELL: tell,
    HubTask.LETTER: post,
    HubTask.WEBHOOK_DELIVER: deliver,
    HubTask.CHECKPOINT: store,
    HubTask.SWEEP: sweep,
    HubTask.TIDY: tidy,
}
"""Each takes this process's hub, then the ids that came with the message."""

PASSING: tuple[type[Exception], ...] = (
    OperationalError,
    InterfaceError,
    Busy,
    DiskFull,
    UnknownStore,
    OSError,
)
"""Worth another try: the database restarts, a disk is full, a bucket's key is renewed. Everything else is a fault that
a retry repeats."""
TRIES = 5


def register(app: Celery) -> None:
    """Every task of `HubTask`, under its name."""
    for name, work in WORK.items():
        app.task(name=name.value, bind=True, max_retries=TRIES, shared=False)(
            _body(name, work, process.current)
        )


def _body(name: HubTask, work: Work, hub: Callable[[], Hub]) -> Callable[..., None]:
    def body(self: Task, *ids: str) -> None:
        begun = time.monotonic()
        try:
            outcome = str(work(hub(), *ids))
        except LeaseLost:
            outcome = "lease lost"
        except PASSING as error:
            _say(name, ids, begun, f"retry after {type(error).__name__}")
            raise self.retry(exc=error, countdown=2**self.request.retries) from error
        except Exception:
            _say(name, ids, begun, "fault", failed=True)
            return
        _say(name, ids, begun, outcome)

    body.__name__ = name.name.lower()
    return body


def _say(
    name: HubTask, ids: tuple[str, ...], begun: float, outcome: str, *, failed: bool = False
) -> None:
    fields = {
        "task": name.value,
        "ids": ids,
        "seconds": round(time.monotonic() - begun, 4),
        "outcome": outcome,
    }
    level = logging.ERROR if failed else logging.INFO
    log.log(level, "%s", name.value, extra={"fields": fields}, exc_info=failed)
