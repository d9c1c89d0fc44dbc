"""The site's Celery app: two lanes, one job at a time, nothing published, no results, no remote control.

`celery -A worker.site.celery worker -Q train` runs a lane; `collegium-site run` starts and supervises both.
"""

import logging
from typing import Any

from celery import Celery
from celery.signals import worker_process_init, worker_shutting_down
from kombu import Queue

from worker.protocol.codes import Lane
from worker.site import orphan, stopping, transport
from worker.site.faults import SiteFault
from worker.site.home import find


def _broker() -> str:
    """The hub's address, without a secret. A folder without a site is reported when the worker connects."""
    try:
        return f"{transport.SCHEME}+{find().config().hub}"
    except SiteFault:
        return f"{transport.SCHEME}+https://not-joined.invalid"


app = Celery("collegium-site", broker=_broker(), include=["worker.site.tasks"])
app.conf.update(
    accept_content=["json"],
    broker_connection_max_retries=None,
    broker_connection_retry_on_startup=True,
    broker_heartbeat=0,
    broker_pool_limit=1,
    event_serializer="json",
    result_backend=None,
    task_acks_late=True,
    task_create_missing_queues=False,
    task_default_queue=Lane.TRAIN.value,
    task_ignore_result=True,
    task_queues=[Queue(lane.value) for lane in Lane],
    task_reject_on_worker_lost=True,
    task_serializer="json",
    task_send_sent_event=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    worker_concurrency=1,
    worker_deduplicate_successful_tasks=False,
    worker_enable_prefetch_count_reduction=False,
    worker_enable_remote_control=False,
    worker_lost_wait=1.0,
    worker_pool="prefork",
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)


# One line per request would fill the site's log; faults are logged where they are met.
logging.getLogger("httpx").setLevel(logging.WARNING)


@worker_shutting_down.connect  # type: ignore[untyped-decorator]
def _ask_the_job_to_stop(**_: Any) -> None:
    stopping.ask()


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _watch_the_parent(**_: Any) -> None:
    orphan.watch()
