"""How often one may ask: a number of requests per window, counted in Redis for every web process together.

While Redis is away each process counts for itself, so a limit is then at most that many times as wide, never gone.
"""

import logging
import threading
import time
from dataclasses import dataclass

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

log = logging.getLogger(__name__)
_PREFIX = "collegium:limit:"
_TIMEOUT_S = 0.5
_QUIET_S = 2.0
"""After a failed count Redis is left alone this long, so its absence cannot slow every request."""


@dataclass(frozen=True)
class Policy:
    """`quota` requests in `window_s` seconds, told to callers under `name`."""

    name: str
    quota: int
    window_s: int = 60


@dataclass(frozen=True)
class Spent:
    """After one request: how many are left, and for how many seconds."""

    policy: Policy
    left: int
    reset_s: int
    over: bool

    @property
    def headers(self) -> dict[str, str]:
        """`RateLimit` and `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers-10 has them."""
        name, policy = f'"{self.policy.name}"', self.policy
        return {
            "RateLimit-Policy": f"{name};q={policy.quota};w={policy.window_s}",
            "RateLimit": f"{name};r={self.left};t={self.reset_s}",
        }


class Limiter:
    """One per process; safe to share between threads."""

    def __init__(self, redis_url: str) -> None:
        self._lock = threading.Lock()
        self._own: dict[str, int] = {}
        self._window = 0
        self._quiet_until = 0.0
        self._client: redis.Redis | None = None
        if redis_url:
            self._client = redis.Redis.from_url(
                redis_url,
                socket_timeout=_TIMEOUT_S,
                socket_connect_timeout=_TIMEOUT_S,
                retry=Retry(NoBackoff(), 0),
            )

    def spend(self, policy: Policy, who: str) -> Spent:
        """Counts one request of `who`."""
        moment = time.time()
        window = int(moment // policy.window_s)
        key = f"{policy.name}:{who}:{window}"
        count = self._in_redis(key, policy.window_s)
        if count is None:
            count = self._here(key, window)
        left = max(policy.quota - count, 0)
        reset = max(1, round((window + 1) * policy.window_s - moment))
        return Spent(policy, left, reset, count > policy.quota)

    def _in_redis(self, key: str, window_s: int) -> int | None:
        if self._client is None or time.monotonic() < self._quiet_until:
            return None
        try:
            with self._client.pipeline(transaction=False) as pipe:
                pipe.incr(_PREFIX + key)
                pipe.expire(_PREFIX + key, 2 * window_s)
                return int(pipe.execute()[0])
        except (RedisError, OSError) as error:
            self._quiet_until = time.monotonic() + _QUIET_S
            log.warning("Redis is away, limits are this process's own: %s", type(error).__name__)
            return None

    def _here(self, key: str, window: int) -> int:
        with self._lock:
            if window != self._window:
                self._own.clear()
                self._window = window
            self._own[key] = self._own.get(key, 0) + 1
            return self._own[key]

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
