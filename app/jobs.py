"""The hub's background tasks by name, and the sender. Ids travel, never rows: the database is the truth."""

import contextlib
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import redis
from celery import Celery
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

_CONNECT_S = 0.4
_SILENCE_S = 2.0


class HubTask(StrEnum):
    """Every task of the hub's workers (`worker.hub.tasks`)."""

    RUN_PREPARE = "runs.prepare"
    ROUND_OPEN = "rounds.open"
    ROUND_AGGREGATE = "rounds.aggregate"
    RUN_FINISH = "runs.finish"
    DOMAIN_CHECK = "institutions.check-domain"
    TELL = "notices.tell"
    LETTER = "letters.post"
    WEBHOOK_DELIVER = "webhooks.deliver"
    CHECKPOINT = "audit.checkpoint"
    SWEEP = "sweep"
    TIDY = "tidy"

    @property
    def queue(self) -> "Queue":
        heavy = {HubTask.RUN_PREPARE, HubTask.ROUND_AGGREGATE}
        if self is HubTask.WEBHOOK_DELIVER:
            return Queue.OUTBOUND
        return Queue.ROUNDS if self in heavy else Queue.LIGHT


class Queue(StrEnum):
    """A queue per kind of work, so that neither a long combination nor a slow server elsewhere delays the sweep."""

    ROUNDS = "rounds"
    LIGHT = "light"
    OUTBOUND = "outbound"


class QueueAway(ConnectionError):
    """Redis does not answer. Nothing is lost: the sweep finds the work in the database."""


class Sender:
    """Sends tasks by name over Redis. Safe to share between threads."""

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self._lock = threading.Lock()
        self._silent_until = 0.0

    def send(self, task: HubTask, *ids: str) -> None:
        """Raises QueueAway within about a second; for two seconds after that, at once, so that several
        effects of one request do not each wait."""
        with self._lock:
            if time.monotonic() < self._silent_until:
                raise QueueAway("the queue was away a moment ago")
        try:
            self._app.send_task(task.value, args=list(ids), queue=task.queue.value, retry=False)
        except Exception as error:
            with self._lock:
                self._silent_until = time.monotonic() + _SILENCE_S
            raise QueueAway(f"{task.value} was not sent") from error

    @cached_property
    def _app(self) -> Celery:
        producer = Celery("collegium-sender", broker=self._redis_url, set_as_current=False)
        producer.conf.update(options(), task_ignore_result=True)
        return producer


def options() -> dict[str, Any]:
    """Broker options that sender and worker share: the same queues, plain keys, JSON only."""
    return {
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_default_queue": Queue.LIGHT.value,
        "task_publish_retry": False,
        "broker_connection_timeout": _CONNECT_S,
        "broker_transport_options": {
            "socket_timeout": _CONNECT_S,
            "socket_connect_timeout": _CONNECT_S,
            "retry_on_timeout": False,
            "max_retries": 0,
        },
    }


@dataclass(frozen=True)
class Look:
    """What Redis says of the queues. `listening` workers wait for a message now, busy ones do not; None: not told."""

    waiting: dict[Queue, int]
    listening: int | None


def look(redis_url: str) -> Look:
    """For the operators' page. Raises QueueAway within about a second."""
    client = redis.Redis.from_url(
        redis_url,
        socket_timeout=_CONNECT_S,
        socket_connect_timeout=_CONNECT_S,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    with contextlib.closing(client):
        try:
            waiting = {queue: int(client.llen(queue.value)) for queue in Queue}
        except (RedisError, OSError) as error:
            raise QueueAway("the queues were not looked at") from error
        try:
            clients = client.client_list()
        except (RedisError, OSError):  # a managed Redis may keep this to itself
            return Look(waiting, None)
    blocked = [one for one in clients if "b" in str(one.get("flags", ""))]
    return Look(waiting, sum(str(one.get("cmd", "")) == "brpop" for one in blocked))
