"""Sending tasks: by name with ids, on their queue; a dead Redis costs a request about a second at most."""

import json
import time

import pytest
import redis
from celery import Celery

from app.jobs import HubTask, Queue, QueueAway, Sender
from app.settings import Settings
from tests.servers import free_port
from worker.hub import tasks


def test_a_task_waits_in_its_queue(redis_url: str) -> None:
    Sender(redis_url).send(HubTask.ROUND_AGGREGATE, "round_1")
    client = redis.Redis.from_url(redis_url)
    message = json.loads(client.lpop(Queue.ROUNDS.value))
    client.close()
    assert message["headers"]["task"] == "rounds.aggregate"
    assert message["headers"]["argsrepr"] == "['round_1']"


def test_a_dead_redis_does_not_hold_a_request() -> None:
    sender = Sender(f"redis://127.0.0.1:{free_port()}/0")
    begun = time.monotonic()
    for _ in range(5):
        with pytest.raises(QueueAway):
            sender.send(HubTask.SWEEP)
    assert time.monotonic() - begun < 1.5


def test_a_silent_redis_does_not_hold_a_request() -> None:
    """A port that accepts and never answers."""
    import socket

    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        sender = Sender(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        begun = time.monotonic()
        for _ in range(5):
            with pytest.raises(QueueAway):
                sender.send(HubTask.SWEEP)
        assert time.monotonic() - begun < 1.5


@pytest.fixture
def worker_app(monkeypatch: pytest.MonkeyPatch) -> Celery:
    for name, value in {"COLLEGIUM_ENVIRONMENT": "test", "SECRET_KEY": "k" * 40}.items():
        monkeypatch.setenv(name, value)
    from app.settings import get_settings

    get_settings.cache_clear()
    from worker.hub.app import make

    made = make(Settings())
    get_settings.cache_clear()
    return made


def test_every_task_has_a_worker_function(worker_app: Celery) -> None:
    assert set(tasks.WORK) == set(HubTask)
    assert {t.value for t in HubTask} <= set(worker_app.tasks)


def test_a_message_goes_to_one_queue(worker_app: Celery) -> None:
    """Queues that shared an exchange would each get every message."""
    found = {q.name: (q.exchange.name, q.routing_key) for q in worker_app.conf.task_queues}
    assert found == {q.value: (q.value, q.value) for q in Queue}


def test_the_visibility_timeout_is_longer_than_any_task(worker_app: Celery) -> None:
    conf = worker_app.conf
    assert conf.broker_transport_options["visibility_timeout"] > conf.task_time_limit
    assert conf.task_soft_time_limit < conf.task_time_limit
    assert conf.task_acks_late
    assert conf.task_reject_on_worker_lost
    assert conf.worker_prefetch_multiplier == 1
