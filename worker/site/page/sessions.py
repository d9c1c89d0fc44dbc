"""Who has opened the page: sessions in this process's memory only, and a brake on guessing codes."""

import hashlib
import hmac
import secrets
import threading
import time
from dataclasses import dataclass, field

IDLE_S = 2 * 3600.0
LIVES_S = 12 * 3600.0
_MOST = 20
_TRIES = 10
_WITHIN_S = 60.0


@dataclass
class Session:
    """One browser. `account` is the one that signed in, None where the system does not tell."""

    csrf: str
    account: int | None
    since: float
    used: float


class Sessions:
    """Found by the digest of the cookie, so a comparison tells nothing about it."""

    def __init__(self) -> None:
        self._held: dict[str, Session] = {}
        self._lock = threading.Lock()

    def open(self, account: int | None) -> str:
        """The cookie of a new session. The oldest of too many ends."""
        cookie, now = secrets.token_urlsafe(32), time.monotonic()
        with self._lock:
            while len(self._held) >= _MOST:
                del self._held[next(iter(self._held))]
            self._held[_digest(cookie)] = Session(secrets.token_urlsafe(32), account, now, now)
        return cookie

    def find(self, cookie: str, account: int | None) -> Session | None:
        """The session of this cookie, in the hands of the account that opened it."""
        now = time.monotonic()
        with self._lock:
            found = self._held.get(_digest(cookie))
            if found is None or found.account != account:
                return None
            if now - found.used > IDLE_S or now - found.since > LIVES_S:
                del self._held[_digest(cookie)]
                return None
            found.used = now
            return found

    def end(self, cookie: str) -> None:
        with self._lock:
            self._held.pop(_digest(cookie), None)


def same(given: str, wanted: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(given.encode(), wanted.encode())


def _digest(cookie: str) -> str:
    return hashlib.sha256(cookie.encode()).hexdigest()


@dataclass
class Brake:
    """After ten wrong codes within a minute, none is looked at until the minute is over."""

    _failed: list[float] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def wait_s(self) -> int:
        """0 when the next code may be tried."""
        now = time.monotonic()
        with self._lock:
            self._failed = [at for at in self._failed if now - at < _WITHIN_S]
            if len(self._failed) < _TRIES:
                return 0
            return max(1, round(_WITHIN_S - (now - self._failed[0])))

    def note_failure(self) -> None:
        with self._lock:
            self._failed.append(time.monotonic())
