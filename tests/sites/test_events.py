"""The doorbell over a real Redis: heard in other processes, survives Redis going away, never blocks a commit."""

import asyncio
import subprocess
import sys
import time

import pytest

from app.events import Doorbell, own_look_s


def run(work) -> None:
    asyncio.run(asyncio.wait_for(work, 30))


def test_without_a_bell_each_waiter_looks_by_itself_at_its_own_moment() -> None:
    """Every 20 to 30 s: a thousand sites that joined at once do not come at once for ever."""
    waits = [own_look_s() for _ in range(200)]
    assert 20 <= min(waits) < 22
    assert 28 < max(waits) <= 30


def test_a_ring_wakes_every_waiter_of_its_topic_and_no_other(redis_url: str) -> None:
    async def work() -> None:
        bell = Doorbell(redis_url)
        with bell.listen("run:1") as one, bell.listen("run:1") as two, bell.listen("run:2") as no:
            bell.ring("run:1")
            assert await one.wait(5) and await two.wait(5)
            assert not await no.wait(0.1)
        await bell.aclose()
        assert bell.listeners == 0

    run(work())


def test_a_ring_before_the_wait_is_not_lost(redis_url: str) -> None:
    async def work() -> None:
        bell = Doorbell(redis_url)
        with bell.listen("run:1") as waiter:
            bell.ring("run:1")
            await asyncio.sleep(0.2)
            assert await waiter.wait(0.1)
            assert not await waiter.wait(0.1)
        await bell.aclose()

    run(work())


def test_another_process_rings(redis_url: str) -> None:
    code = f"from app.events import Doorbell; Doorbell({redis_url!r}).ring('inbox:s:train')"

    async def work() -> None:
        bell = Doorbell(redis_url)
        with bell.listen("inbox:s:train") as waiter:
            process = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", code])
            assert process.returncode == 0
            assert await waiter.wait(5)
        await bell.aclose()

    run(work())


def test_one_subscription_serves_a_thousand_waiters(redis_url: str) -> None:
    async def work() -> None:
        bell = Doorbell(redis_url)
        waits = [asyncio.create_task(bell.wait(f"inbox:{n}", 20)) for n in range(1000)]
        client = redis_client(redis_url)
        async with asyncio.timeout(15):
            while client.pubsub_numpat() == 0:
                await asyncio.sleep(0.05)
        assert client.pubsub_numpat() == 1
        for n in range(1000):
            bell.ring(f"inbox:{n}")
        assert all(await asyncio.gather(*waits))
        client.close()
        await bell.aclose()

    run(work())


def redis_client(url: str):
    import redis

    return redis.Redis.from_url(url)


def test_it_finds_redis_again(need) -> None:
    """Redis is killed and comes back on the same port: rings arrive again, nobody has to do anything."""
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    binary = str(need("redis-server"))
    url = f"redis://127.0.0.1:{port}/0"

    def start() -> subprocess.Popen:
        process = subprocess.Popen(
            [binary, "--port", str(port), "--save", ""], stdout=subprocess.DEVNULL
        )
        client = redis_client(url)
        for _ in range(200):
            try:
                client.ping()
                break
            except Exception:
                time.sleep(0.05)
        client.close()
        return process

    async def work() -> None:
        first = await asyncio.to_thread(start)
        bell, other = Doorbell(url), Doorbell(url)
        with bell.listen("run:1") as waiter:
            await asyncio.sleep(0.3)
            other.ring("run:1")
            assert await waiter.wait(5)
            first.kill()
            first.wait()
            bell.ring("run:1")  # its own process still hears it
            assert await waiter.wait(1)
            second = await asyncio.to_thread(start)
            try:
                end = time.monotonic() + 20
                while not await waiter.wait(0.2):
                    assert time.monotonic() < end
                    await asyncio.to_thread(other.ring, "run:1")
            finally:
                second.kill()
                second.wait()
        await bell.aclose()

    run(work())


@pytest.mark.parametrize("url", ["", "redis://127.0.0.1:1/0"])
def test_without_redis_rings_stay_in_the_process_and_are_fast(url: str) -> None:
    async def work() -> None:
        bell = Doorbell(url)
        with bell.listen("run:1") as waiter:
            begun = time.monotonic()
            for _ in range(200):
                bell.ring("run:1")
            assert time.monotonic() - begun < 1.5
            assert await waiter.wait(1)
        await bell.aclose()

    run(work())
