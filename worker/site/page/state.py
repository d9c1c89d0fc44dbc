"""What the page's process keeps between requests: who has opened it, and the last looks at hub and records."""

import threading
from dataclasses import dataclass, field

from worker.protocol.text import current_locale
from worker.site.home import Home, Identity
from worker.site.page.looks import Look
from worker.site.page.sessions import Brake, Sessions


@dataclass
class State:
    home: Home
    identity: Identity
    port: int
    sessions: Sessions = field(default_factory=Sessions)
    brake: Brake = field(default_factory=Brake)
    stopping: bool = False
    _looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def cookie(self) -> str:
        """Cookies are shared by every port of a host, so the name tells sites apart."""
        return f"collegium-site-{self.port}"

    def look(self, name: str) -> Look:
        """`readiness` or `data`, in the reader's language: a child process says its sentences in one."""
        key = (name, current_locale())
        with self._lock:
            if key not in self._looks:
                self._looks[key] = Look(name, self.home, key[1])
            return self._looks[key]

    def close(self) -> None:
        for look in self._looks.values():
            look.close()
