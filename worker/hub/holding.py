"""Holding a row's lease while work goes on: a thread renews it, and each step asks whether it is still held."""

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from app.clock import now
from app.hub import Hub
from app.runs import holds
from app.runs.holds import Held

log = logging.getLogger(__name__)


class LeaseLost(RuntimeError):
    """Another worker may have taken over: stop before the next write. What is written so far is the same work."""


class Hold:
    """`check` before every step that writes."""

    def __init__(self, hub: Hub, kind: Held, row_id: str, owner: str) -> None:
        self._hub, self._kind, self._row_id, self.owner = hub, kind, row_id, owner
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"hold-{row_id}", daemon=True)

    def check(self) -> None:
        if self._lost.is_set():
            raise LeaseLost(self._row_id)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        with self._hub.db.session() as session:
            holds.release(session, self._kind, self._row_id, self.owner)

    def _renew(self) -> None:
        lease = self._hub.settings.row_lease_s
        while not self._ended.wait(lease / 3):
            try:
                with self._hub.db.session() as session:
                    until = now() + timedelta(seconds=lease)
                    kept = holds.renew(session, self._kind, self._row_id, self.owner, until)
            except Exception:
                # The database may be away for a moment; the lease itself says how long we may go on.
                log.warning("a row lease was not renewed", exc_info=True)
                continue
            if not kept:
                self._lost.set()
                return


@contextmanager
def holding(hub: Hub, kind: Held, row_id: str) -> Iterator[Hold | None]:
    """None while another worker holds the row."""
    owner = uuid.uuid4().hex
    with hub.db.session() as session:
        at = now()
        until = at + timedelta(seconds=hub.settings.row_lease_s)
        taken = holds.take(session, kind, row_id, owner, at, until)
    if not taken:
        yield None
        return
    hold = Hold(hub, kind, row_id, owner)
    hold.start()
    try:
        yield hold
    finally:
        hold.end()
