"""A worker killed at any step, then another one: the same digests, nothing counted twice, nothing left behind."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.clock import now
from app.runs import holds, jobs, module_states, queries, rounds, updates
from app.runs.models import ModuleState, Round, Run
from app.runs.schemas import Proposal
from app.runs.states import RoundState, RunState, UpdateState
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub import aggregate as step
from worker.hub import prepare as preparing
from worker.hub.aggregate import aggregate
from worker.hub.holding import LeaseLost, holding
from worker.hub.prepare import prepare
from worker.learning.aggregation import averaged
from worker.protocol.codec import decode, encode
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Training


class Killed(BaseException):
    """As `kill -9`: nothing catches it."""


def dies(*_: Any, **__: Any) -> Any:
    raise Killed


def after(original: Callable[..., Any]) -> Callable[..., Any]:
    """The step is done, and then the process dies before it is committed or the next one begins."""

    def run(*args: Any, **more: Any) -> Any:
        original(*args, **more)
        raise Killed

    return run


BEFORE = {
    "checking": (step, "check"),
    "combining": (step, "combine"),
    "summing": (step.aggregation, "combine"),
    "writing a state": (module_states, "keep"),
    "closing": (step, "close"),
    "taking an update": (updates, "take"),
    "closing the round": (rounds, "close"),
    "opening the next": (rounds, "open_round"),
    "asking for figures": (jobs, "post_evaluation"),
    "deleting": (updates, "delete"),
}


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("where", BEFORE)
def test_killed_while(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str, late: bool
) -> None:
    run_id = acting.running(world)
    whole = undisturbed(world)
    for member in world.members:
        acting.train(world, member)
    with world.hub.db.reading() as session:
        first = queries.open_round(session, run_id)
        assert first is not None
    module, name = BEFORE[where]
    with monkeypatch.context() as patch:
        killer = after(getattr(module, name)) if late else dies
        patch.setattr(module, name, killer)
        with pytest.raises(Killed):
            aggregate(world.hub, first.id)
    lease_runs_out(world)
    world.sweep()
    assert acting.states(world, run_id, 1) == whole
    with world.hub.db.reading() as session:
        one, two = queries.rounds(session, run_id)
        assert (one.state, two.state) == (RoundState.CLOSED, RoundState.TRAINING)
        assert {u.state for u in queries.updates(session, one.id)} == {UpdateState.DELETED}
        assert all(u.weights for u in queries.updates(session, one.id))
        assert len(queries.train_jobs(session, two.id)) == 4
        figures = queries.jobs_of_run(session, run_id, (JobKind.EVALUATE,))
        assert len(figures) == 4
        states = queries.states_of_round(session, run_id, 1)
        assert len({s.module for s in states}) == len(states) == len(one.base)


def undisturbed(world: World) -> dict[str, str]:
    """What round 1 gives when nobody is killed: the same plan, updates and site ids in another run."""
    run_id = acting.running(world)
    for member in world.members:
        acting.train(world, member)
        acting.train(world, member)
    with world.hub.db.reading() as session:
        found = [r for r in queries.rounds(session, run_id) if r.number == 1]
    aggregate(world.hub, found[0].id)
    return acting.states(world, run_id, 1)


def lease_runs_out(world: World) -> None:
    with world.hub.db.session() as session:
        for kind in (Round, Run):
            for row in session.query(kind).filter(kind.held_until.is_not(None)):
                row.held_until = now() - timedelta(seconds=1)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("where", ["first_states", "_begin"])
def test_killed_while_preparing(
    world: World, monkeypatch: pytest.MonkeyPatch, where: str, late: bool
) -> None:
    run_id = acting.propose(world)
    with monkeypatch.context() as patch:
        patch.setattr(preparing, where, after(getattr(preparing, where)) if late else dies)
        with pytest.raises(Killed):
            prepare(world.hub, run_id)
    lease_runs_out(world)
    world.sent.clear()
    world.sweep()
    assert acting.run_of(world, run_id).state is RunState.RUNNING
    with world.hub.db.reading() as session:
        assert len(queries.rounds(session, run_id)) == 1
        states = queries.states_of_round(session, run_id, 0)
        assert len({s.module for s in states}) == len(states)


def test_two_workers_do_not_combine_one_round(world: World) -> None:
    run_id = acting.running(world)
    for member in world.members:
        acting.train(world, member)
    with world.hub.db.reading() as session:
        first = queries.open_round(session, run_id)
        assert first is not None
    with holding(world.hub, Round, first.id) as held:
        assert held is not None
        assert not aggregate(world.hub, first.id)
    assert aggregate(world.hub, first.id)
    assert not aggregate(world.hub, first.id)


def test_a_worker_that_lost_its_lease_stops(world: World) -> None:
    run_id = acting.running(world)
    quick = world.hub.settings.model_copy(update={"row_lease_s": 0.3})
    hub = type(world.hub)(quick, world.hub.db, world.hub.objects, world.hub.doorbell, world.hub.key)
    with holding(hub, Run, run_id) as held:
        assert held is not None
        held.check()
        with hub.db.session() as session:
            session.get_one(Run, run_id).owner = "another"
        held._lost.wait(5)
        with pytest.raises(LeaseLost):
            held.check()
    with hub.db.reading() as session:
        assert session.get_one(Run, run_id).owner == "another"


def test_a_lease_is_renewed_while_work_goes_on(world: World) -> None:
    run_id = acting.running(world)
    quick = world.hub.settings.model_copy(update={"row_lease_s": 0.3})
    hub = type(world.hub)(quick, world.hub.db, world.hub.objects, world.hub.doorbell, world.hub.key)
    with holding(hub, Run, run_id) as held:
        assert held is not None
        held._lost.wait(1.0)
        held.check()
        with hub.db.session() as session:
            at = now()
            until = at + timedelta(seconds=1)
            assert not holds.take(session, Run, run_id, "another", at, until)


def test_a_module_with_too_few_sites_is_held(world: World) -> None:
    """Never averaged with zeros: it stays as it was, and its row says so."""
    run_id = acting.running(world)
    for number, member in enumerate(world.members):
        got = acting.claim(world, member, JobKind.TRAIN)
        assert got is not None
        job, claim = got
        made = acting.delta(world, acting.manifest_of(job), number)
        if number:
            del made["head/pass"]
        body = acting.body_of(made)
        header = acting.header_for(member, job, claim, body, dict.fromkeys(made, 50.0))
        acting.send(world, member, job, claim, body, header)
    world.work()
    before, now_ = acting.states(world, run_id, 0), acting.states(world, run_id, 1)
    assert now_["head/pass"] == before["head/pass"]
    assert now_["fusion"] != before["fusion"]
    with world.hub.db.reading() as session:
        rows: dict[str, ModuleState] = {
            s.module: s for s in queries.states_of_round(session, run_id, 1)
        }
    assert (rows["head/pass"].held, rows["head/pass"].sites) == (True, 1)
    assert (rows["fusion"].held, rows["fusion"].sites) == (False, 4)


def test_the_last_round_is_averaged_with_those_before(world: World) -> None:
    plain, mean = (
        acting.running(world, Proposal(rounds=3, training=Training(average=average)))
        for average in (1, 2)
    )
    for number in (1, 2, 3):
        for member in world.members:
            acting.train(world, member)
            acting.train(world, member)
        for run_id in (plain, mean):
            with world.hub.db.reading() as session:
                found = [r for r in queries.rounds(session, run_id) if r.number == number]
            aggregate(world.hub, found[0].id)
        same = acting.states(world, plain, number) == acting.states(world, mean, number)
        assert same == (number < 3)
    for module, digest in acting.states(world, mean, 3).items():
        last = [acting.states(world, plain, number)[module] for number in (2, 3)]
        wanted = averaged(decode(world.hub.objects.get(one)) for one in last)
        assert encode(decode(world.hub.objects.get(digest))) == encode(wanted)
