"""The Celery app of the hub's workers: `celery -A worker.hub.app worker`, and `beat` for the sweep.

Messages may be lost or come twice: tasks are idempotent, and the database says what is still to be done.
"""

from typing import Any

from celery import Celery
from celery.signals import setup_logging
from kombu import Exchange
from kombu import Queue as KombuQueue

from app import logs
from app.jobs import HubTask, Queue
from app.settings import Settings, get_settings
from worker.hub import tasks, transport

SOFT_LIMIT_S = 1700
HARD_LIMIT_S = 1800
TIDY_S = 600.0
CHECKPOINT_S = 600.0
"""How often chains are looked at; a checkpoint is stored after a day or a thousand events (`app.audit.queries`)."""
VISIBILITY_S = 2 * HARD_LIMIT_S
"""Longer than the longest task, so that Redis never hands a running one to a second worker."""


def make(settings: Settings) -> Celery:
    """An app of its own settings; the module's `app` has this process's."""
    transport.register()
    made = Celery("collegium-hub", broker=settings.redis_url, set_as_current=False)
    made.conf.update(
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_soft_time_limit=SOFT_LIMIT_S,
        task_time_limit=HARD_LIMIT_S,
        task_queues=[KombuQueue(q.value, Exchange(q.value), q.value) for q in Queue],
        task_default_queue=Queue.LIGHT.value,
        task_routes={task.value: {"queue": task.queue.value} for task in HubTask},
        worker_prefetch_multiplier=1,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={"visibility_timeout": VISIBILITY_S},
        timezone="UTC",
        beat_schedule=_schedule(settings),
    )
    tasks.register(made)
    return made


def _schedule(settings: Settings) -> dict[str, dict[str, Any]]:
    """What beat sends by the clock. A worker that was away does not have to do every missed one."""
    return {
        "sweep": {
            "task": HubTask.SWEEP.value,
            "schedule": settings.sweep_s,
            "options": {"queue": Queue.LIGHT.value, "expires": 4 * settings.sweep_s},
        },
        "tell": {
            "task": HubTask.TELL.value,
            "schedule": settings.tell_s,
            "options": {"queue": Queue.LIGHT.value, "expires": settings.tell_s},
        },
        "tidy": {
            "task": HubTask.TIDY.value,
            "schedule": TIDY_S,
            "options": {"queue": Queue.LIGHT.value, "expires": TIDY_S},
        },
        "checkpoint": {
            "task": HubTask.CHECKPOINT.value,
            "schedule": CHECKPOINT_S,
            "options": {"queue": Queue.LIGHT.value, "expires": CHECKPOINT_S},
        },
    }


setup_logging.connect(logs.of_worker, weak=False)
app = make(get_settings())
