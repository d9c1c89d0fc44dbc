"""Updates that must not be summed: refused by name, shown, and the round goes on with the others."""

from collections.abc import Callable

import numpy as np
import pytest

from app.clock import now
from app.runs import module_states, queries
from app.runs.models import Update
from app.runs.states import RoundState, UpdateState
from tests.runs import test_late as late
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub.aggregate import aggregate
from worker.protocol import codec
from worker.protocol.canonical import digest
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, UploadRefusal
from worker.protocol.kept import KeptRows

Modules = dict[str, Tensors]
Spoil = Callable[[Modules], Modules]


def first_tensor(modules: Modules) -> tuple[str, str]:
    module = sorted(modules)[0]
    return module, sorted(modules[module])[0]


def with_value(value: float) -> Spoil:
    def spoil(modules: Modules) -> Modules:
        module, name = first_tensor(modules)
        spoilt = modules[module][name].copy()
        spoilt.flat[0] = value
        modules[module][name] = spoilt
        return modules

    return spoil


def other_shape(modules: Modules) -> Modules:
    module, name = first_tensor(modules)
    modules[module][name] = np.zeros((3, 1, 2), np.float32)
    return modules


def renamed(modules: Modules) -> Modules:
    module, name = first_tensor(modules)
    modules[module]["../../escape"] = modules[module].pop(name)
    return modules


def missing(modules: Modules) -> Modules:
    module, name = first_tensor(modules)
    del modules[module][name]
    return modules


def extra_module(modules: Modules) -> Modules:
    modules["head/other"] = {"weight": np.zeros((2, 2), np.float32)}
    return modules


def no_module(modules: Modules) -> Modules:
    return {**modules, "": {"bare": np.zeros(2, np.float32)}}


CASES: dict[str, tuple[Spoil, UploadRefusal]] = {
    "not a number": (with_value(np.nan), UploadRefusal.NOT_FINITE),
    "infinite": (with_value(np.inf), UploadRefusal.NOT_FINITE),
    "huge": (with_value(1e6), UploadRefusal.NORM_TOO_LARGE),
    "another shape": (other_shape, UploadRefusal.WRONG_SHAPE),
    "another name": (renamed, UploadRefusal.WRONG_NAMES),
    "a tensor missing": (missing, UploadRefusal.WRONG_NAMES),
    "a module nobody named": (extra_module, UploadRefusal.WRONG_NAMES),
    "a name without a module": (no_module, UploadRefusal.WRONG_NAMES),
}


def send_spoilt(world: World, number: int, spoil: Spoil) -> None:
    member = world.members[number]
    job, claim = acting.claim_training(world, member)
    honest = acting.delta(world, acting.manifest_of(job), number)
    told = dict.fromkeys(honest, 100.0)
    body = acting.body_of(spoil({m: dict(own) for m, own in honest.items()}))
    header = acting.header_for(member, job, claim, body, told)
    acting.send(world, member, job, claim, body, header)


@pytest.mark.parametrize("case", CASES)
def test_refused_by_name(world: World, case: str) -> None:
    spoil, code = CASES[case]
    run_id = acting.running(world)
    for number in (0, 1, 2):
        acting.train(world, world.members[number])
    send_spoilt(world, 3, spoil)
    world.work()
    with world.hub.db.reading() as session:
        round_ = queries.rounds(session, run_id)[0]
        assert round_.state is RoundState.CLOSED
        updates = {u.site_id: u for u in queries.updates(session, round_.id)}
    spoilt = updates[world.members[3].site]
    assert (spoilt.refusal, spoilt.weights) == (code, {})
    assert (
        ".." not in spoilt.refusal_detail.replace("....//escape", "")
        or "/" in spoilt.refusal_detail
    )
    assert all(u.refusal is None for s, u in updates.items() if s != spoilt.site_id)


def test_the_others_are_summed_as_if_it_had_not_come(world: World) -> None:
    """theta + sum w d / sum w over the three honest sites, in float64, in the order of site ids."""
    run_id = acting.running(world)
    jobs = [acting.train(world, world.members[number]) for number in (0, 1, 2)]
    send_spoilt(world, 3, with_value(np.nan))
    world.work()
    honest = [acting.delta(world, acting.manifest_of(j), n) for n, j in enumerate(jobs)]
    wanted = {}
    for module, ref in acting.manifest_of(jobs[0]).modules.items():
        base = codec.decode(world.hub.objects.get(ref.digest))
        total = {
            name: sum(100.0 * d[module][name].astype(np.float64) for d in honest) for name in base
        }
        after = {n: (base[n].astype(np.float64) + total[n] / 300.0) for n in base}
        encoded = codec.encode({n: a.astype(np.float32) for n, a in after.items()})
        wanted[module] = digest(encoded)
    assert acting.states(world, run_id, 1) == wanted


KEPT = KeptRows(rows={"weight": ((1, 1),)})


def send_row(world: World, number: int, *, moved: bool) -> None:
    """An honest update but for one row of `encoder/table`, which it moves or not."""

    def spoil(modules: Modules) -> Modules:
        if not moved:
            modules["encoder/table"]["weight"][1] = 0.0
        return modules

    send_spoilt(world, number, spoil)


def test_a_row_one_site_moved_is_kept_and_moving_it_again_is_refused(world: World) -> None:
    run_id = acting.running(world)
    for number in range(4):
        send_row(world, number, moved=number == 3)
    world.work()
    with world.hub.db.reading() as session:
        states = queries.states_after(session, run_id, 1)
        assert module_states.kept(states) == {"encoder/table": KEPT}
        held = codec.decode(world.hub.objects.get(states["encoder/table"].digest))["weight"][1]
        first = queries.states_after(session, run_id, 0)["encoder/table"].digest
        assert held.tolist() == codec.decode(world.hub.objects.get(first))["weight"][1].tolist(), (
            "nobody else learns it"
        )
        for kind in (JobKind.TRAIN, JobKind.EVALUATE):
            jobs = queries.jobs_of_run(session, run_id, (kind,))[-4:]
            assert all(acting.manifest_of(j).kept == {"encoder/table": KEPT} for j in jobs)
    for number in range(4):
        send_row(world, number, moved=number == 3)
    world.work()
    with world.hub.db.reading() as session:
        second = queries.rounds(session, run_id)[1]
        assert second.state is RoundState.CLOSED
        refused = {u.site_id: u.refusal for u in queries.updates(session, second.id) if u.refusal}
        assert refused == {world.members[3].site: UploadRefusal.KEPT_ROW}
        after = queries.states_after(session, run_id, 2)["encoder/table"]
        assert (
            codec.decode(world.hub.objects.get(after.digest))["weight"][1].tolist() == held.tolist()
        )
        assert module_states.kept({"encoder/table": after}) == {"encoder/table": KEPT}


def test_nothing_is_kept_for_a_site_that_is_late_in_the_first_rounds(world: World) -> None:
    """Three of four came: the fourth may have moved the row too, so it is held and asked for again."""
    run_id = acting.running(world)
    for number in range(3):
        send_row(world, number, moved=number == 0)
    with world.hub.db.session() as session:
        round_ = queries.open_round(session, run_id)
        assert round_ is not None
        round_.deadline = now()
    world.sweep()
    with world.hub.db.reading() as session:
        assert queries.rounds(session, run_id)[0].state is RoundState.CLOSED
        states = queries.states_after(session, run_id, 1)
        assert {s.round for s in states.values()} == {1}
        assert module_states.kept(states) == {}


def test_a_late_update_that_could_not_know_of_a_kept_row_is_taken(world: World) -> None:
    """Its manifest is of the round before: the row counts for nothing, the rest of it does."""
    run_id, slow = acting.running(world), world.members[3]
    job, claim = acting.claim_training(world, slow)
    second = late.close_without(world, run_id, slow)
    with world.hub.db.session() as session:
        state = queries.states_after(session, run_id, 1)["encoder/table"]
        state.kept = KEPT.model_dump(mode="json")
        before = codec.decode(world.hub.objects.get(state.digest))["weight"]
    late.finish(world, slow, job, claim)
    for number in range(3):
        send_row(world, number, moved=False)
    world.work()
    with world.hub.db.reading() as session:
        assert all(u.refusal is None for u in queries.updates(session, second.id))
        digest_after = queries.states_after(session, run_id, 2)["encoder/table"].digest
    after = codec.decode(world.hub.objects.get(digest_after))["weight"]
    assert (after != before).any(axis=1).tolist() == [True, False]


def test_too_few_usable_is_void(world: World) -> None:
    run_id = acting.running(world)
    acting.train(world, world.members[0])
    for number in (1, 2, 3):
        send_spoilt(world, number, with_value(np.nan))
    world.work()
    with world.hub.db.reading() as session:
        first, second = queries.rounds(session, run_id)
        assert (first.state, first.reason) == (RoundState.VOID, "too-few-usable 1 2")
        assert second.base == first.base
        assert {u.state for u in queries.updates(session, first.id)} == {UpdateState.DELETED}


def test_bytes_that_went_bad_in_the_store(world: World) -> None:
    run_id = acting.running(world)
    for member in world.members:
        acting.train(world, member)
    with world.hub.db.session() as session:
        round_ = queries.open_round(session, run_id)
        assert round_ is not None
        bad, gone = queries.updates(session, round_.id)[:2]
    world.hub.objects.path(bad.digest).write_bytes(b"rotten")
    world.hub.objects.delete(gone.digest)
    assert aggregate(world.hub, round_.id)
    with world.hub.db.reading() as session:
        for one in (bad, gone):
            assert session.get_one(Update, one.id).refusal is UploadRefusal.UNREADABLE
        assert queries.rounds(session, run_id)[0].state is RoundState.CLOSED


def test_a_heavy_site_counts_no_more_than_the_cap(world: World) -> None:
    """A weight is a number a site says of itself: at most the cohort's 90th percentile is used."""
    run_id = acting.running(world)
    for member in world.members[:3]:
        acting.train(world, member)
    boaster = world.members[3]
    got = acting.claim(world, boaster, JobKind.TRAIN)
    assert got is not None
    job, claim = got
    made = acting.delta(world, acting.manifest_of(job), 3)
    body = acting.body_of(made)
    header = acting.header_for(boaster, job, claim, body, dict.fromkeys(made, 1e9))
    acting.send(world, boaster, job, claim, body, header)
    world.work()
    with world.hub.db.reading() as session:
        round_ = queries.rounds(session, run_id)[0]
        used = {u.site_id: u.weights["fusion"] for u in queries.updates(session, round_.id)}
    assert used[boaster.site] == pytest.approx(np.percentile([100, 100, 100, 1e9], 90))
    assert used[boaster.site] < 1e9
