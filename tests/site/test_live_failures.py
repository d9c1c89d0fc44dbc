"""What a failure does at a site, with real processes, real signals and a real hub."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.sites.states import JobState
from tests.runs.world import Member
from tests.servers import wait_until
from tests.site.stage import Stage, descendants, lane, lane_child, running, stage
from tests.site.wire import between
from worker.protocol.canonical import digest
from worker.protocol.codes import Phase

pytestmark = pytest.mark.live
EPOCHS, BEGUN = 20, 150
"""Some 1,700 steps of one record; at step `BEGUN` an epoch is on disk and enough are left to be cut off in."""


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    """Nothing but training: these tests wait for it, and other jobs would only take the processor."""
    with stage(sqlite_url, redis_url, tmp_path, terms={"leaves": ("updates",)}) as built:
        yield built


def step_of(live: Stage, member: Member) -> int:
    """The last training step the hub heard of, 0 outside training."""
    jobs = live.jobs(member)
    if not jobs or jobs[0].phase is not Phase.TRAINING:
        return 0
    return int(jobs[0].progress.get("step", 0))


def state_of(live: Stage, member: Member) -> JobState | None:
    jobs = live.jobs(member)
    return jobs[0].state if jobs else None


def test_a_killed_child_gives_one_nack_a_second_claim_and_one_answer(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    run = live.propose(epochs=EPOCHS, batch=1)
    with lane(home) as worker:
        live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
        lane_child(worker).send_signal(signal.SIGKILL)
        before = step_of(live, member)
        live.wait(lambda: live.jobs(member)[0].claim == 2, 150, "the second claim")
        live.wait(lambda: step_of(live, member) > 0, 150, "training again")
        resumed = step_of(live, member)
        live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
    events = live.events(live.jobs(member)[0].id)
    assert events.count("job.claimed") == 2
    assert events.count("job.returned") == 1
    assert events.count("job.answered") == 1
    assert resumed >= before - 100, "it began from the start"
    assert len(live.updates(run, member)) == 1


def kill_everything(process: subprocess.Popen[bytes]) -> None:
    """As a power failure would: supervisor, lanes and their children, none of them asked."""
    every = [psutil.Process(process.pid), *descendants(process.pid)]
    for one in every:
        one.send_signal(signal.SIGSTOP)
    for one in every:
        one.kill()
    process.wait()
    psutil.wait_procs(every, timeout=10)


@pytest.mark.slow
def test_a_killed_site_is_waited_for_claimed_again_and_trains_on(
    sqlite_url: str, redis_url: str, tmp_path: Path
) -> None:
    """The lease runs out by itself, on the hub's clock; the sweep hands the job out again."""
    only = {"terms": {"leaves": ("updates",)}, "lease_s": 6}
    with stage(sqlite_url, redis_url, tmp_path, **only) as live:
        member = live.world.members[0]
        home = live.home(member)
        run = live.propose(epochs=EPOCHS, batch=1)
        with running(home) as site:
            live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
            before = step_of(live, member)
            kill_everything(site)
        assert state_of(live, member) is JobState.CLAIMED

        def waits_again() -> bool:
            live.expire()
            return state_of(live, member) is JobState.WAITING

        live.wait(waits_again, 20, "the end of the lease")
        with running(home):
            live.wait(lambda: step_of(live, member) > 0, 240, "training again")
            assert step_of(live, member) >= before - 100, "it began from the start"
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
        found = live.jobs(member)[0]
        assert (found.claim, found.attempts) == (2, 2)
        assert live.events(found.id).count("job.expired") == 1
        assert len(live.updates(run, member)) == 1


@pytest.mark.slow
def test_killed_with_a_finished_update_it_sends_those_very_bytes(live: Stage) -> None:
    member = live.world.members[0]
    with between(live.url) as wire:
        home = live.home(member, url=wire.url)
        run = live.propose(epochs=EPOCHS, batch=1)
        stored = home.outbox / f"{run}.1" / "update.json"
        with running(home) as site:
            live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
            wire.cut()
            wait_until(stored.is_file, seconds=150, what="the stored update")
            kill_everything(site)
        body = (stored.parent / "update.safetensors").read_bytes()
        wire.restore()
        live.lose_lease(live.jobs(member)[0].id)
        with running(home):
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
    assert (stored.parent / "update.safetensors").read_bytes() == body
    (update,) = live.updates(run, member)
    assert update.digest == digest(body)


def test_sigterm_ends_an_idle_worker_and_nothing_is_claimed_after_it(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    with lane(home) as worker:
        live.wait(lambda: b"ready" in (home.logs / "train.log").read_bytes(), 30, "the lane")
        time.sleep(1)
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        time.sleep(0.05)
        live.propose()
        live.world.work()
        assert live.posted(member)
        worker.wait(10)
        assert time.monotonic() - asked < 10
    for job in live.posted(member):
        assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_sigterm_puts_a_running_job_down_and_it_goes_on_later(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    live.propose(epochs=EPOCHS, batch=1)
    with running(home) as site:
        live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
        before = step_of(live, member)
        children = descendants(site.pid)
        site.send_signal(signal.SIGTERM)
        site.wait(30)
        _gone, alive = psutil.wait_procs(children, timeout=5)
        assert not alive, alive
    found = live.jobs(member)[0]
    assert (found.state, found.attempts) == (JobState.WAITING, 0)
    with lane(home):
        live.wait(lambda: step_of(live, member) > 0, 150, "training again")
        assert step_of(live, member) >= before
        live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")


def test_a_hub_that_is_away_as_a_job_ends_costs_no_second_training(live: Stage) -> None:
    member = live.world.members[0]
    with between(live.url) as wire:
        home = live.home(member, url=wire.url)
        run = live.propose(epochs=EPOCHS, batch=1)
        with lane(home):
            live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
            wire.cut()
            stored = home.outbox / f"{run}.1" / "update.json"
            wait_until(stored.is_file, seconds=150, what="the stored update")
            written = stored.stat().st_mtime_ns
            time.sleep(3)
            wire.restore()
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
            assert stored.stat().st_mtime_ns == written
    assert live.jobs(member)[0].claim == 1
    assert len(live.updates(run, member)) == 1


@pytest.mark.slow
def test_a_lease_that_ran_out_meanwhile_sends_the_very_same_bytes(live: Stage) -> None:
    member = live.world.members[0]
    with between(live.url) as wire:
        home = live.home(member, url=wire.url)
        run = live.propose(epochs=EPOCHS, batch=1)
        with lane(home):
            live.wait(lambda: step_of(live, member) > BEGUN, 240, "training")
            wire.cut()
            stored = home.outbox / f"{run}.1" / "update.json"
            wait_until(stored.is_file, seconds=150, what="the stored update")
            body = (stored.parent / "update.safetensors").read_bytes()
            live.lose_lease(live.jobs(member)[0].id)
            wire.restore()
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
    assert live.jobs(member)[0].claim == 2
    assert (stored.parent / "update.safetensors").read_bytes() == body
    assert len(live.updates(run, member)) == 1


def test_a_line_cut_in_the_middle_of_an_upload_resumes_and_counts_once(live: Stage) -> None:
    member = live.world.members[0]
    with between(live.url) as wire:
        home = live.home(member, url=wire.url, bandwidth_kib_s=8)
        run = live.propose(epochs=1, batch=32)
        with lane(home):
            stored = home.outbox / f"{run}.1" / "update.json"
            live.wait(stored.is_file, 240, "the stored update")
            wire.cut_after(1500)
            live.wait(lambda: not wire.is_up, 30, "the cut")
            time.sleep(1)
            wire.restore()
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")
    assert wire.cuts >= 1
    assert live.jobs(member)[0].claim == 1
    assert len(live.updates(run, member)) == 1


@pytest.mark.slow
def test_a_hub_that_is_away_is_asked_again_with_patience(live: Stage) -> None:
    """Celery's own back-off, with jitter: a stock virtual channel asked 25 times a second."""
    member = live.world.members[0]
    with between(live.url) as wire:
        home = live.home(member, url=wire.url)
        with lane(home) as worker:
            live.wait(lambda: b"ready" in (home.logs / "train.log").read_bytes(), 60, "the lane")
            time.sleep(1)
            wire.cut()
            before = wire.tries
            time.sleep(15)
            assert 1 <= wire.tries - before <= 12
            assert worker.poll() is None
            wire.restore()
            live.propose(epochs=1, batch=32)
            live.wait(lambda: state_of(live, member) is JobState.DONE, 240, "the answer")


def test_a_revoked_site_stays_up_and_says_so(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    with lane(home) as worker:
        live.wait(lambda: b"ready" in (home.logs / "train.log").read_bytes(), 30, "the lane")
        live.revoke(member)
        live.ring(member)
        live.wait(lambda: b"revoked" in (home.logs / "train.log").read_bytes(), 150, "the word")
        time.sleep(5)
        assert worker.poll() is None
        asked = time.monotonic()
        worker.send_signal(signal.SIGTERM)
        worker.wait(15)
        assert time.monotonic() - asked < 15


def test_a_lane_that_dies_is_started_again(live: Stage) -> None:
    home = live.home(live.world.members[0])
    with running(home) as site:
        wait_until(lambda: len(psutil.Process(site.pid).children()) == 2, seconds=20, what="lanes")
        first = psutil.Process(site.pid).children()
        first[0].kill()

        def again() -> bool:
            found = psutil.Process(site.pid).children()
            return len(found) == 2 and first[0].pid not in {p.pid for p in found}

        wait_until(again, seconds=30, what="the new lane")


def test_lanes_end_when_their_supervisor_is_killed(live: Stage) -> None:
    home = live.home(live.world.members[0])
    with running(home) as site:
        wait_until(lambda: len(descendants(site.pid)) >= 4, seconds=30, what="lanes")
        known = descendants(site.pid)
        site.kill()
        site.wait()
        _, alive = psutil.wait_procs(known, timeout=30)
        assert not alive, alive
