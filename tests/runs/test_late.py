"""A site that is still at work when its round ends: its update counts in the next round, less, and once."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.clock import now
from app.runs import queries
from app.runs.models import Round, Run, Update
from app.runs.progress import progress, round_view
from app.runs.states import RoundState, RunState, UpdateState
from app.runs.views import Part
from app.sites.models import Job, Site
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import Member, World
from worker.hub.contributions import opened
from worker.learning.aggregation import Rule, combine
from worker.protocol import codec
from worker.protocol.codec import Unacceptable
from worker.protocol.codes import JobKind, UploadRefusal
from worker.protocol.update import UpdateHeader


def current(world: World, run_id: str) -> Round:
    with world.hub.db.reading() as session:
        found = queries.open_round(session, run_id)
        assert found is not None
        return found


def begin(world: World, member: Member) -> tuple[Job, int]:
    """The member's site takes its training job and works on it."""
    got = acting.claim(world, member, JobKind.TRAIN)
    assert got is not None and got[0].kind is JobKind.TRAIN
    return got


def made_for(
    world: World, member: Member, job: Job, claim: int, seed: int = 3
) -> tuple[bytes, UpdateHeader]:
    made = acting.delta(world, acting.manifest_of(job), seed)
    body = acting.body_of(made)
    return body, acting.header_for(member, job, claim, body, dict.fromkeys(made, 100.0))


def finish(world: World, member: Member, job: Job, claim: int, seed: int = 3) -> None:
    acting.send(world, member, job, claim, *made_for(world, member, job, claim, seed))


def close_without(world: World, run_id: str, slow: Member) -> Round:
    """Everyone else sends, the deadline passes. Returns the round that is open then."""
    for member in world.members:
        if member is not slow:
            acting.train(world, member)
    pass_deadline(world, run_id)
    world.sweep()
    return current(world, run_id)


def pass_deadline(world: World, run_id: str) -> None:
    with world.hub.db.session() as session:
        found = queries.open_round(session, run_id)
        assert found is not None
        found.deadline = now() - timedelta(seconds=1)


def job_of(world: World, job: Job) -> Job:
    with world.hub.db.reading() as session:
        return session.get_one(Job, job.id)


def test_it_goes_over_and_counts_less(world: World) -> None:
    run_id, slow = acting.running(world), world.members[3]
    job, claim = begin(world, slow)
    second = close_without(world, run_id, slow)
    assert (second.number, job_of(world, job).round_id) == (2, second.id)
    assert (job_of(world, job).state, job_of(world, job).cancel_asked) == (JobState.CLAIMED, False)
    assert slow.site in second.cohort
    with world.hub.db.reading() as session:
        assert len(queries.train_jobs(session, second.id)) == 4
    finish(world, slow, job, claim)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    with world.hub.db.reading() as session:
        taken = {u.site_id: u for u in queries.updates(session, second.id)}
        weights = taken[slow.site].weights
        run = session.get_one(Run, run_id)
        view = round_view(session, run, second, slow.administrator)
    assert list(weights.values()) == pytest.approx([100 * 2**-0.5] * len(second.base))
    assert taken[world.members[0].site].weights.keys() == weights.keys()
    assert [(line.own, line.late) for line in view.updates] == [(True, True)]


def test_an_update_that_is_in_does_not_go_over_for_want_of_its_answer(world: World) -> None:
    """Between its last byte and its answer the round closes and the next one opens."""
    run_id, slow = acting.running(world), world.members[3]
    job, claim = begin(world, slow)
    for member in world.members[:3]:
        acting.train(world, member)
    body, header = made_for(world, slow, job, claim)
    acting.upload(world, slow, job, claim, body, header)
    world.work()
    second = current(world, run_id)
    assert second.number == 2
    assert (job_of(world, job).state, job_of(world, job).cancel_asked) == (JobState.CLAIMED, False)
    acting.answer(world, slow, job, claim, header)
    assert job_of(world, job).state is JobState.DONE
    for member in world.members:
        acting.train(world, member)
    world.work()
    with world.hub.db.reading() as session:
        for one in queries.rounds(session, run_id)[:2]:
            assert one.state is RoundState.CLOSED
            assert {u.state for u in queries.updates(session, one.id)} == {UpdateState.DELETED}
            assert len(queries.updates(session, one.id)) == 4


def test_the_sum_is_the_discounted_mean_on_the_newer_base(world: World) -> None:
    run_id, slow = acting.running(world), world.members[3]
    job, claim = begin(world, slow)
    second = close_without(world, run_id, slow)
    finish(world, slow, job, claim)
    for member in world.members[:3]:
        acting.train(world, member)
    paths, weights = {}, {}
    with world.hub.db.reading() as session:
        for update in queries.updates(session, second.id):
            copy = world.hub.settings.home / f"{update.site_id}.safetensors"
            copy.write_bytes(world.hub.objects.get(update.digest))
            paths[update.site_id] = copy
            weights[update.site_id] = 100.0 * (2**-0.5 if update.site_id == slow.site else 1)
    world.work()
    with world.hub.db.reading() as session:
        after = {s.module: s.digest for s in queries.states_of_round(session, run_id, 2)}
    for module, base in second.base.items():
        given = [(site, weights[site], opened(path)[module]) for site, path in paths.items()]
        wanted = combine(codec.decode(world.hub.objects.get(base)), given, Rule())
        assert codec.encode(wanted.state) == world.hub.objects.get(after[module]), module


def test_a_round_waits_for_it_and_closes_without_it(world: World) -> None:
    """Two rounds old is too old: the site is told to stop and asked anew."""
    run_id, slow = acting.running(world), world.members[3]
    job, claim = begin(world, slow)
    second = close_without(world, run_id, slow)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    assert current(world, run_id).id == second.id
    with world.hub.db.reading() as session:
        seen = progress(
            session, session.get_one(Run, run_id), slow.administrator, seen_recently_s=120
        )
    mine = next(row for row in seen.sites if row.own)
    assert (mine.part, mine.late, seen.awaited) == (Part.WORKING, True, 1)
    pass_deadline(world, run_id)
    world.sweep()
    third = current(world, run_id)
    assert job_of(world, job).cancel_asked
    assert job_of(world, job).round_id == second.id
    with world.hub.db.reading() as session:
        fresh = {j.site_id: j for j in queries.train_jobs(session, third.id)}
    assert fresh[slow.site].state is JobState.WAITING
    with pytest.raises(Unacceptable) as refused:
        finish(world, slow, job, claim)
    assert refused.value.code is UploadRefusal.ROUND_CLOSED


def test_after_a_void_round_it_counts_in_full(world: World) -> None:
    """The next round has the same base, so nothing is stale: a site slower than the deadline still gets there."""
    run_id, slow = acting.running(world), world.members[3]
    job, claim = begin(world, slow)
    pass_deadline(world, run_id)
    world.sweep()
    second = current(world, run_id)
    assert job_of(world, job).round_id == second.id
    finish(world, slow, job, claim)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    with world.hub.db.reading() as session:
        taken = {u.site_id: u for u in queries.updates(session, second.id)}
        assert session.get_one(Round, second.id).state is RoundState.CLOSED
    assert set(taken[slow.site].weights.values()) == {100.0}


def test_what_nobody_began_ends_with_its_round(world: World) -> None:
    run_id, slow = acting.running(world), world.members[3]
    first = current(world, run_id)
    second = close_without(world, run_id, slow)
    with world.hub.db.reading() as session:
        old = {j.site_id: j for j in queries.train_jobs(session, first.id)}
        new = {j.site_id: j for j in queries.train_jobs(session, second.id)}
    assert old[slow.site].state is JobState.CANCELLED
    assert new[slow.site].state is JobState.WAITING


def test_a_site_that_fell_silent_does_not_go_over(world: World) -> None:
    run_id, slow = acting.running(world), world.members[3]
    job, _claim = begin(world, slow)
    with world.hub.db.session() as session:
        session.get_one(Site, slow.site).last_seen = now() - timedelta(hours=1)
    second = close_without(world, run_id, slow)
    assert slow.site not in second.cohort
    assert job_of(world, job).cancel_asked


def test_after_the_last_round_it_is_told_to_stop(world: World) -> None:
    from app.runs.schemas import Proposal

    run_id, slow = acting.running(world, Proposal(rounds=1)), world.members[3]
    job, claim = begin(world, slow)
    for member in world.members[:3]:
        acting.train(world, member)
    pass_deadline(world, run_id)
    world.sweep()
    assert acting.run_of(world, run_id).state is RunState.COMPLETED
    assert job_of(world, job).cancel_asked
    with pytest.raises(Unacceptable):
        finish(world, slow, job, claim)
    with world.hub.db.reading() as session:
        assert _states(session, slow) == [UpdateState.DELETED] or _states(session, slow) == []


def _states(session: Session, member: Member) -> list[UpdateState]:
    return [u.state for u in session.query(Update).filter(Update.site_id == member.site)]
