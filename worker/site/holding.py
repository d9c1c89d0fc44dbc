"""Holding a job while it runs: a thread that renews the lease, passes on progress and knows when to stop.

It renews only while work moves on. A job that is stuck, or whose claim another took, ends with its process.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType

from worker.protocol import limits
from worker.protocol.codes import Failure, Phase, Verdict
from worker.protocol.messages import Progress
from worker.protocol.pace import Pace
from worker.site.door import Door
from worker.site.faults import ClaimLost, DiskFull, HubFault, JobStopped, Revoked, StaleClaim

logger = logging.getLogger(__name__)

_TICK_S = 0.2
_PROGRESS_S = 1.0
_SUSPENDED = "the hub's operators suspended this institution; the job is put down"
_IN_BYTES = frozenset({Phase.FETCHING, Phase.UPLOADING})


def end_this_process() -> None:
    """The one sure way out of a computation that does not come back; the lane's parent forks a new child."""
    os.kill(os.getpid(), signal.SIGKILL)


@dataclass(frozen=True)
class Terms:
    """What a job may take. `wants` is asked every tick for a reason to stop that comes from this machine; `note` is
    told where the job stands and the seconds its phase still takes, as often as the hub is."""

    lease_s: float
    stall_s: float
    hard_limit_s: float
    grace_s: float = 30.0
    wants: Callable[[], Failure | None] = lambda: None
    end_process: Callable[[], None] = end_this_process
    note: Callable[[Phase, int, int, int | None], None] = lambda phase, step, steps, left: None


@dataclass
class _Place:
    phase: Phase = Phase.CLAIMED
    step: int = 0
    steps: int = 0
    changed: bool = True
    beat: float = field(default_factory=time.monotonic)
    left: int | None = None
    """Seconds this phase still takes; what follows it is not counted."""


class Holding:
    """`with Holding(...) as held:` renews until the block is left. `held.hook` is the job's progress hook."""

    def __init__(self, door: Door, job: str, claim: int, terms: Terms) -> None:
        self.job = job
        self.claim = claim
        self._door = door
        self._terms = terms
        self._place = _Place()
        self._pace = Pace()
        self._began = time.monotonic()
        self._stop: JobStopped | None = None
        self._stop_at = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name=f"renewal-{job}", daemon=True)
        self._renew_at = self._began + terms.lease_s / 3
        self._told = 0.0

    def __enter__(self) -> "Holding":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join(timeout=_TICK_S * 2)

    def hook(self, phase: Phase, step: int, steps: int) -> None:
        """Called at every step, batch and chunk. Raises JobStopped when the job must be put down."""
        place = self._place
        place.changed = place.changed or (phase, step, steps) != (
            place.phase,
            place.step,
            place.steps,
        )
        place.beat = time.monotonic()
        place.left = self._pace.left(phase, step, steps, place.beat)
        place.phase, place.step, place.steps = phase, step, steps
        if self._stop is not None:
            raise self._stop

    def wait(self, seconds: float) -> None:
        """A pause that counts as work and ends early when the job must be put down."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.hook(self._place.phase, self._place.step, self._place.steps)
            time.sleep(min(left, _TICK_S))

    def _watch(self) -> None:
        """An error of its own must not end it: a job that nobody renews is done twice."""
        while not self._done.wait(_TICK_S):
            try:
                if self._must_end(time.monotonic()):
                    return
                self._speak(time.monotonic())
            except Exception:
                logger.exception("while holding job %s", self.job)

    def _must_end(self, now: float) -> bool:
        """Ends the process of a job that does not move, or does not stop when it must."""
        stop = self._stop
        if stop is None:
            self._look(now)
        late = stop is not None and now - self._stop_at > self._terms.grace_s
        stuck = now - self._place.beat > self._terms.stall_s
        if not late and not stuck:
            return False
        code = stop.code if late and stop is not None else Failure.STALLED
        self._end(code, tell=not isinstance(stop, ClaimLost))
        return True

    def _speak(self, now: float) -> None:
        if now >= self._renew_at and not isinstance(self._stop, ClaimLost):
            self._renew(now)
        if self._place.changed and now - self._told >= _PROGRESS_S and self._stop is None:
            self._tell(now)

    def _look(self, now: float) -> None:
        wanted = self._terms.wants()
        if wanted is not None:
            self._ask_to_stop(JobStopped(wanted))
        elif now - self._began > self._terms.hard_limit_s:
            self._ask_to_stop(JobStopped(Failure.HARD_LIMIT))

    def _ask_to_stop(self, stop: JobStopped) -> None:
        if self._stop is None:
            self._stop, self._stop_at = stop, time.monotonic()

    def _renew(self, now: float) -> None:
        try:
            lease = self._door.renew(self.job, self.claim)
        except (StaleClaim, Revoked):
            logger.warning("job %s is not ours any more", self.job)
            self._ask_to_stop(ClaimLost())
        except (HubFault, DiskFull) as error:
            logger.warning("lease of job %s not renewed: %s", self.job, error)
            self._renew_at = now + min(2.0, self._terms.lease_s / 6)
        else:
            self._renew_at = now + lease.lease_s / 3
            if lease.verdict is Verdict.PAUSE:
                self._ask_to_stop(JobStopped(Failure.PAUSED))
            elif lease.verdict is Verdict.CANCEL:
                if lease.suspended:
                    logger.warning("job %s: %s", self.job, _SUSPENDED)
                self._ask_to_stop(JobStopped(Failure.CANCELLED))

    def _tell(self, now: float) -> None:
        place = self._place
        self._told, place.changed = now, False
        self._terms.note(place.phase, place.step, place.steps, place.left)
        said = Progress(claim=self.claim, phase=place.phase, **_numbers(place))
        try:
            self._door.progress(self.job, said)
        except (HubFault, DiskFull) as error:
            logger.info("progress of job %s not sent: %s", self.job, error)

    def _end(self, code: Failure, *, tell: bool) -> None:
        logger.error("job %s does not move on (%s); its process ends", self.job, code)
        if tell:
            with suppress(HubFault, DiskFull):
                self._door.nack(self.job, self.claim, code)
        self._terms.end_process()


def _numbers(place: _Place) -> dict[str, int]:
    names = ("bytes_done", "bytes_all") if place.phase in _IN_BYTES else ("step", "steps")
    found = dict(zip(names, (place.step, place.steps), strict=True))
    return found if place.left is None else found | {"seconds_left": place.left}


assert limits.LEASE_S > 3 * _TICK_S
