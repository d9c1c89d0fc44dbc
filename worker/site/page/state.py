"""What the page's process keeps between requests: who has opened it, and the last looks at hub and records."""

import threading
from dataclasses import dataclass, field

from worker.protocol.text import current_locale
from worker.site import accepted
from worker.site.faults import SiteFault
from worker.site.home import Home, Identity
from worker.site.page.asking import Asking
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
    asking: Asking = field(init=False)
    _looks: dict[tuple[str, str], Look] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.asking = Asking(self.home)

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

    def forget(self, name: str) -> None:
        """After an act that changes what such a look finds."""
        with self._lock:
            gone = [self._looks.pop(key) for key in list(self._looks) if key[0] == name]
        for look in gone:
            look.close()

    @property
    def waits(self) -> int:
        """How many things at `/policy` wait for a person, as far as this computer knows."""
        last = self.asking.last
        offered = last.offered if last else None
        runs = len(accepted.waiting(self.home))
        if offered is None:
            return runs
        try:
            known = accepted.current(self.home)
        except SiteFault:
            known = None
        return runs + (known is None or known.digest != offered.digest)

    def close(self) -> None:
        self.asking.close()
        for look in self._looks.values():
            look.close()
