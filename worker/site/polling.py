"""The long poll on a thread: it waits for a job, confirms it at once, and hands it to whoever looks."""

import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress

from worker.protocol import limits
from worker.protocol.codes import Failure, Lane, Verdict
from worker.protocol.messages import Answer, Claimed
from worker.site.door import Door, UnknownKind
from worker.site.faults import DiskFull, HubFault, StaleClaim

logger = logging.getLogger(__name__)
_SHORT_S = 2.0
"""How long one lane is asked when a worker serves several in turn."""


class Poller:
    """One poll at a time. `is_stopping` is asked when a job arrives: then it goes back. `first` is done before each."""

    def __init__(
        self,
        door: Door,
        is_stopping: Callable[[], bool],
        wait_s: float = limits.LONG_POLL_S,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        self._first = first
        self._door = door
        self._is_stopping = is_stopping
        self._wait_s = wait_s
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._found: Claimed | Exception | None = None
        self._closed = False
        self._turn = 0

    def look(self, lanes: Sequence[Lane], wait_s: float) -> Claimed | None:
        """What has arrived, after at most `wait_s`. Raises what the poll met. Starts a poll if none is under way."""
        if self._thread is None:
            self._start(lanes)
        assert self._thread is not None
        self._thread.join(wait_s)
        if self._thread.is_alive():
            return None
        self._thread = None
        with self._lock:
            found, self._found = self._found, None
        if isinstance(found, Exception):
            raise found
        return found

    def _start(self, lanes: Sequence[Lane]) -> None:
        lane = lanes[self._turn % len(lanes)]
        self._turn += 1
        wait_s = self._wait_s if len(lanes) == 1 else _SHORT_S
        self._thread = threading.Thread(
            target=self._poll, args=(lane, wait_s), name=f"poll-{lane}", daemon=True
        )
        self._thread.start()

    def _poll(self, lane: Lane, wait_s: float) -> None:
        try:
            found: Claimed | Exception | None = self._ask(lane, wait_s)
        except (HubFault, DiskFull) as error:
            found = error if isinstance(error, HubFault) else None
        with self._lock:
            if not self._closed:
                self._found = found
                return
        if isinstance(found, Claimed):
            give_back(self._door, found, Failure.STOPPED)

    def _ask(self, lane: Lane, wait_s: float) -> Claimed | None:
        self._first()
        try:
            claimed = self._door.claim(lane, wait_s)
        except UnknownKind as unknown:
            logger.warning("the hub offers a kind of job this version does not know")
            self._door.refuse_unknown(unknown)
            return None
        if claimed is None:
            return None
        if self._is_stopping():
            give_back(self._door, claimed, Failure.STOPPED)
            return None
        return self._confirmed(claimed)

    def _confirmed(self, claimed: Claimed) -> Claimed | None:
        try:
            lease = self._door.confirm(claimed.job, claimed.claim)
        except StaleClaim:
            return None
        if lease.verdict is Verdict.PAUSE:
            give_back(self._door, claimed, Failure.PAUSED)
            return None
        if lease.verdict is Verdict.CANCEL:
            said = Answer(claim=claimed.claim, failed=Failure.CANCELLED)
            self._door.answer(claimed.job, said)
            return None
        return claimed.model_copy(update={"lease_s": lease.lease_s})

    def close(self) -> None:
        """What was found and not taken goes back; so does what the poll under way may still bring."""
        with self._lock:
            self._closed = True
            found, self._found = self._found, None
        if isinstance(found, Claimed):
            give_back(self._door, found, Failure.STOPPED)


def give_back(door: Door, claimed: Claimed, code: Failure) -> None:
    with suppress(HubFault, DiskFull):
        door.nack(claimed.job, claimed.claim, code)
