"""Holding a job: renewed while it moves, stopped by the hub, by the machine, or because it does not move."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.sites import inbox
from app.sites.states import JobState
from tests.servers import wait_until
from tests.site.stage import Stage, stage
from worker.protocol.codes import Failure, Lane, Phase
from worker.site.client import connect
from worker.site.door import Door
from worker.site.faults import ClaimLost, JobStopped
from worker.site.holding import Holding, Terms

LEASE_S = 3


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: object) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path, lease_s=LEASE_S) as built:  # type: ignore[arg-type]
        yield built


class Held:
    """A claimed job, what became of its process, and the run it is of."""

    def __init__(self, live: Stage) -> None:
        self.live = live
        self.door = Door(connect(live.home(live.world.members[0])))
        self.run = live.propose()
        live.world.work()
        offer = self.door.claim(Lane.TRAIN, 0)
        assert offer is not None
        self.door.confirm(offer.job, offer.claim)
        self.offer = offer
        self.ended: list[bool] = []

    def holding(self, **changes: object) -> Holding:
        terms = Terms(LEASE_S, 60, 60, end_process=lambda: self.ended.append(True))
        return Holding(self.door, self.offer.job, self.offer.claim, replace(terms, **changes))  # type: ignore[arg-type]

    def work(self, held: Holding, seconds: float = 10) -> JobStopped:
        """Batches until something stops them."""
        end = time.monotonic() + seconds
        step = 0
        while time.monotonic() < end:
            step += 1
            try:
                held.hook(Phase.TRAINING, step, 1000)
            except JobStopped as stop:
                return stop
            time.sleep(0.02)
        raise AssertionError("nothing stopped the job")


@pytest.fixture
def held(live: Stage) -> Held:
    return Held(live)


def test_a_job_longer_than_its_lease_keeps_it(held: Held) -> None:
    with held.holding() as holding:
        begun = time.monotonic()
        while (past := time.monotonic() - begun) < 2 * LEASE_S:
            holding.hook(Phase.TRAINING, int(10 * past), 1000)
            held.live.expire()
            time.sleep(0.1)
    job = held.live.job(held.offer.job)
    assert (job.state, job.claim) == (JobState.CLAIMED, 1)
    assert job.phase is Phase.TRAINING
    assert job.progress["steps"] == 1000
    assert job.progress["seconds_left"] > 0, "the run's page tells how long it takes"


@pytest.mark.parametrize(
    "phase", [Phase.FETCHING, Phase.ENCODING, Phase.EVALUATING, Phase.UPLOADING]
)
def test_every_phase_that_counts_tells_the_time_left(held: Held, phase: Phase) -> None:
    noted: list[int | None] = []
    with held.holding(note=lambda *said: noted.append(said[3])) as holding:
        begun = time.monotonic()

        def told() -> bool:
            holding.hook(phase, int(10 * (time.monotonic() - begun)), 10_000)
            return "seconds_left" in held.live.job(held.offer.job).progress

        wait_until(told, seconds=30, what="the time left")
    job = held.live.job(held.offer.job)
    assert job.phase is phase
    assert 300 < job.progress["seconds_left"] < 3000, "a tenth of a second a step, 10,000 steps"
    assert noted[0] is None, "before enough is done"
    assert noted[-1] is not None, "and the people at the site are told too"


def test_progress_alone_keeps_no_lease(held: Held) -> None:
    job = held.offer.job
    before = held.live.job(job).lease_until
    from worker.protocol.messages import Progress

    held.door.progress(job, Progress(claim=1, phase=Phase.TRAINING, step=1, steps=2))
    assert held.live.job(job).lease_until == before


@pytest.mark.parametrize(
    ("ask", "code"),
    [(inbox.pause_jobs, Failure.PAUSED), (inbox.cancel_jobs, Failure.CANCELLED)],
    ids=["pause", "cancel"],
)
def test_the_hub_s_word_reaches_the_next_batch(
    held: Held, ask: Callable[..., int], code: Failure
) -> None:
    with held.holding() as holding:
        with held.live.world.hub.db.session() as session:
            ask(session, run=held.run)
        assert held.work(holding).code is code


def test_a_claim_another_took_ends_the_job(held: Held) -> None:
    with held.holding() as holding:
        held.live.lose_lease(held.offer.job)
        assert held.door.claim(Lane.TRAIN, 0) is not None
        assert isinstance(held.work(holding), ClaimLost)


def test_a_claim_another_took_ends_a_process_that_does_not_listen(held: Held) -> None:
    with held.holding(grace_s=0.5):
        held.live.lose_lease(held.offer.job)
        taken = held.door.claim(Lane.TRAIN, 0)
        wait_until(lambda: bool(held.ended), seconds=10, what="the end")
    assert taken is not None
    assert held.live.job(held.offer.job).claim == taken.claim, "and said nothing about it"


def test_a_job_that_does_not_move_is_given_back_and_ends(held: Held) -> None:
    with held.holding(stall_s=1):
        wait_until(lambda: bool(held.ended), seconds=10, what="the end")
    job = held.live.job(held.offer.job)
    assert job.state is JobState.WAITING
    assert job.attempts == 1
    assert held.live.events(job.id)[-1] == "job.returned"


def test_the_hard_limit_of_the_manifest(held: Held) -> None:
    with held.holding(hard_limit_s=0.5) as holding:
        assert held.work(holding).code is Failure.HARD_LIMIT


@pytest.mark.parametrize("code", [Failure.STOPPED, Failure.OUTSIDE_HOURS])
def test_the_machine_s_own_reasons(held: Held, code: Failure) -> None:
    wanted: list[Failure] = []
    with held.holding(wants=lambda: wanted[0] if wanted else None) as holding:
        holding.hook(Phase.TRAINING, 1, 2)
        wanted.append(code)
        assert held.work(holding).code is code


def test_a_pause_between_two_tries_ends_when_the_job_must(held: Held) -> None:
    with held.holding(wants=lambda: Failure.STOPPED) as holding:
        began = time.monotonic()
        with pytest.raises(JobStopped):
            holding.wait(30)
        assert time.monotonic() - began < 3
