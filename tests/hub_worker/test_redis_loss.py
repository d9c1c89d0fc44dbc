"""Redis killed while a task runs: the acknowledgement fails, and the worker takes work again."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue
from kombu.exceptions import KombuError
from redis.exceptions import ConnectionError as RedisAway

from app.settings import Settings
from tests import needs, servers
from worker.hub import transport

QUEUE = Queue("light", Exchange("light"), routing_key="light")


@contextmanager
def redis_on(port: int) -> Iterator[subprocess.Popen[bytes]]:
    binary = needs.need("redis-server")
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([str(binary), *options], stdout=subprocess.DEVNULL)
    try:
        servers.wait_until(
            lambda: servers._pings(f"redis://127.0.0.1:{port}/0"), seconds=15, what="Redis"
        )
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("act", ["ack", "reject"])
def test_a_message_that_cannot_be_settled_frees_its_place(act: str) -> None:
    transport.register()
    port = servers.free_port()
    seen: list[Any] = []
    with redis_on(port) as server:
        connection = Connection(f"redis://127.0.0.1:{port}/0", transport=transport.Transport)
        channel = connection.channel()
        Producer(channel).publish(
            {"n": 1}, exchange=QUEUE.exchange, routing_key="light", declare=[QUEUE]
        )
        consumer = Consumer(
            channel, [QUEUE], callbacks=[lambda body, message: seen.append(message)]
        )
        consumer.qos(prefetch_count=1)
        consumer.consume()
        connection.drain_events(timeout=5)
        assert not channel.qos.can_consume()
        server.kill()
        server.wait()
        with pytest.raises((RedisAway, KombuError, OSError)):
            getattr(seen[0], act)()
        assert channel.qos.can_consume()


def test_the_hub_s_workers_use_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLLEGIUM_ENVIRONMENT", "test")
    from worker.hub.app import make

    made = make(Settings(environment="test", REDIS_URL="redis://127.0.0.1:1/0"))
    assert isinstance(made.connection_for_read().transport, transport.Transport)
