"""Redis may lose everything: whatever was sent and lost, the sweep brings forward from the database."""

import logging
from datetime import timedelta

import pytest

from app.clock import now
from app.runs import queries
from app.runs.states import RoundState, RunState
from app.sites.models import Job
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub import sweep as sweeping
from worker.hub.aggregate import aggregate
from worker.hub.checkpoints import store
from worker.hub.telling import tell
from worker.protocol import limits
from worker.protocol.codes import JobKind


def test_a_whole_run_with_every_message_lost(world: World) -> None:
    """Nothing that services send arrives; only the sweep's own messages do."""

    def only_sweep() -> None:
        world.sent.clear()
        world.sweep()

    run_id = acting.propose(world)
    only_sweep()
    assert acting.run_of(world, run_id).state is RunState.RUNNING
    for _ in range(3):
        for member in world.members:
            acting.train(world, member)
            world.sent.clear()
        only_sweep()
    only_sweep()
    run = acting.run_of(world, run_id)
    assert run.state is RunState.COMPLETED
    with world.hub.db.reading() as session:
        assert [r.state for r in queries.rounds(session, run_id)] == [RoundState.CLOSED] * 3
        switched = queries.jobs_of_run(session, run_id, (JobKind.SWITCH_RELEASE,))
        figures = queries.jobs_of_run(session, run_id, (JobKind.EVALUATE,))
        assert (len(switched), len(figures)) == (4, 12)


def test_sweeping_again_changes_nothing(world: World) -> None:
    run_id = acting.running(world)
    for member in world.members:
        acting.train(world, member)
    world.work()

    def picture() -> tuple[object, ...]:
        with world.hub.db.reading() as session:
            jobs = [(j.id, j.state) for j in queries.jobs_of_run(session, run_id)]
            rounds = [(r.id, r.state) for r in queries.rounds(session, run_id)]
            return (jobs, rounds, acting.states(world, run_id, 9))

    before = picture()
    for _ in range(3):
        world.sweep()
    assert picture() == before


def test_a_silent_site_is_claimed_from_again_and_fails_in_the_end(world: World) -> None:
    run_id = acting.running(world)
    for member in world.members[:3]:
        acting.train(world, member)
    silent = world.members[3]
    for attempt in range(limits.JOB_ATTEMPTS):
        got = acting.claim(world, silent, JobKind.TRAIN)
        assert got is not None, f"attempt {attempt}"
        with world.hub.db.session() as session:
            held = session.get_one(Job, got[0].id)
            held.lease_until = now() - timedelta(seconds=1)
        world.sweep()
    with world.hub.db.reading() as session:
        first, second = queries.rounds(session, run_id)
        assert session.get_one(Job, got[0].id).state is JobState.FAILED
        # With three updates in and nobody left to wait for, the round closed before its deadline.
        assert (first.state, second.state) == (RoundState.CLOSED, RoundState.TRAINING)
        assert first.closed is not None
        assert first.closed < first.deadline


def test_one_part_that_fails_does_not_stop_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run_id = acting.propose(world)
    world.sent.clear()

    def broken(hub: object) -> None:
        raise ValueError("a fault")

    monkeypatch.setattr(sweeping, "PARTS", (broken, *sweeping.PARTS))
    with caplog.at_level(logging.ERROR):
        world.sweep()
    assert "a part of the sweep failed: broken" in caplog.text
    assert acting.run_of(world, run_id).state is RunState.RUNNING


def test_unknown_ids_do_nothing(world: World) -> None:
    assert not aggregate(world.hub, "round_unknown")
    for work in acting.WORK.values():
        if work not in (sweeping.sweep, sweeping.tidy, tell, store):
            assert work(world.hub, "nothing_here") in (None, False, "not due")
