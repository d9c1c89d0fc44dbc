"""The doorbell: wakes whoever waits for a topic. It carries no data, and losing a ring loses nothing.

One Redis subscription per web process, one asyncio event per waiter. While Redis is away a ring reaches the
waiters of its own process only; everyone else looks by themselves every 20 to 30 seconds.
"""

import asyncio
import contextlib
import logging
import random
import threading
import time
from collections.abc import Iterator

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)

_PREFIX = "collegium:bell:"
_chance = random.Random()
"""Our own: whoever counts on `random` being left alone, as Hypothesis does, is not disturbed by a thread."""
_TIMEOUT_S = 1.0
_QUIET_S = 1.0
"""After a failed ring Redis is left alone this long, so its absence cannot slow every commit."""
_LONGEST_BACK_OFF_S = 5.0


def own_look_s() -> float:
    """How long a waiter trusts the bell before it looks by itself; spread, so they do not look together."""
    return _chance.uniform(20.0, 30.0)


class Waiter:
    """One who waits. Belongs to the event loop it was made on."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """From any thread."""
        with contextlib.suppress(RuntimeError):  # its loop has closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self, timeout_s: float) -> bool:
        """True when rung since the last wait, False when the time passed."""
        try:
            async with asyncio.timeout(max(timeout_s, 0.0)):
                await self._event.wait()
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Doorbell:
    """`ring` from any thread or process; `listen` and `wait` on an event loop."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._waiters: dict[str, set[Waiter]] = {}
        self._lock = threading.Lock()
        self._task: asyncio.Task[None] | None = None
        self._quiet_until = 0.0
        self._live = False
        self.closing = False
        """This process is asked to stop: whoever waits answers now, so that nobody is cut off."""
        self._client: redis.Redis | None = None
        if redis_url:
            self._client = redis.Redis.from_url(
                redis_url,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                retry=Retry(NoBackoff(), 1),
            )

    def ring(self, topic: str) -> None:
        """Wakes everyone listening to `topic`, in every process. Never raises, never blocks long."""
        if not (self._publish(topic) and self._live):
            self._wake(topic)

    def _publish(self, topic: str) -> bool:
        if self._client is None or time.monotonic() < self._quiet_until:
            return False
        try:
            heard = self._client.publish(_PREFIX + topic, b"1")
        except (RedisError, OSError) as error:
            self._quiet_until = time.monotonic() + _QUIET_S
            log.warning("Redis is away, rings stay in this process: %s", type(error).__name__)
            return False
        return bool(heard)

    def answers(self) -> bool:
        """Whether Redis is there now, for the operators' page."""
        if self._client is None:
            return False
        try:
            return bool(self._client.ping())
        except (RedisError, OSError):
            return False

    def _wake(self, topic: str) -> None:
        with self._lock:
            waiters = list(self._waiters.get(topic, ()))
        for waiter in waiters:
            waiter.wake()

    @contextlib.contextmanager
    def listen(self, topic: str) -> Iterator[Waiter]:
        """Registers before the caller looks, so that no ring falls between look and wait."""
        self._subscribe_once()
        waiter = Waiter()
        with self._lock:
            self._waiters.setdefault(topic, set()).add(waiter)
        try:
            yield waiter
        finally:
            self._forget(topic, waiter)

    def _forget(self, topic: str, waiter: Waiter) -> None:
        with self._lock:
            here = self._waiters.get(topic, set())
            here.discard(waiter)
            if not here:
                self._waiters.pop(topic, None)

    def close_up(self) -> None:
        """From any thread. Every wait ends at once from now on."""
        self.closing = True
        with self._lock:
            waiters = [waiter for here in self._waiters.values() for waiter in here]
        for waiter in waiters:
            waiter.wake()

    @property
    def hears(self) -> bool:
        """Whether rings of other processes reach this one now."""
        return self._live

    async def wait(self, topic: str, timeout_s: float) -> bool:
        """For those who look after every wait anyway. True when rung."""
        with self.listen(topic) as waiter:
            return await waiter.wait(timeout_s)

    @property
    def listeners(self) -> int:
        with self._lock:
            return sum(len(waiters) for waiters in self._waiters.values())

    def _subscribe_once(self) -> None:
        if not self._url:
            return
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._subscription(), name="doorbell")

    async def _subscription(self) -> None:
        back_off = 0.1
        while True:
            client = redis.asyncio.Redis.from_url(
                self._url,
                socket_connect_timeout=_TIMEOUT_S,
                socket_timeout=None,  # silence is normal here; keep-alive finds a dead line
                socket_keepalive=True,
                retry=AsyncRetry(NoBackoff(), 0),
            )
            try:
                async with client, client.pubsub() as heard:
                    await heard.psubscribe(_PREFIX + "*")
                    async for message in heard.listen():
                        back_off, self._live = 0.1, True
                        self._hear(message)
            except (RedisError, OSError) as error:
                log.info("the doorbell waits for Redis: %s", type(error).__name__)
            finally:
                self._live = False
            await asyncio.sleep(back_off * _chance.uniform(0.5, 1.5))
            back_off = min(back_off * 2, _LONGEST_BACK_OFF_S)

    def _hear(self, message: dict[str, object]) -> None:
        channel = message.get("channel")
        if message.get("type") == "pmessage" and isinstance(channel, bytes):
            self._wake(channel.decode().removeprefix(_PREFIX))

    async def aclose(self) -> None:
        """Ends the subscription; call it when the web process stops."""
        if self._task is not None and self._task.get_loop() is asyncio.get_running_loop():
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if self._client is not None:
            self._client.close()
