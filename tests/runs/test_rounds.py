"""When a round is due, what makes it void, when the next one opens and when the run gives up."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import now
from app.federations import queries as federation_queries
from app.federations import service as federations
from app.federations.models import Federation
from app.federations.schemas import Terms
from app.runs import queries, rounds
from app.runs.models import Round
from app.runs.rounds import Standing, Verdict
from app.runs.schemas import Proposal
from app.runs.states import RoundState, RunState, UpdateState
from app.sites import inbox
from app.sites.models import Job, Site
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.hub.opening import open_next
from worker.learning.seeds import training_seed
from worker.protocol.codes import JobKind, Refusal
from worker.protocol.messages import Answer

THEN = datetime(2026, 1, 1, 12, tzinfo=UTC)
LATER = THEN + timedelta(hours=1)


@pytest.mark.parametrize(
    ("updates", "awaited", "quorum", "at", "verdict"),
    [
        (0, 4, 2, THEN, Verdict.WAIT),
        (2, 2, 2, THEN, Verdict.WAIT),
        (3, 1, 2, THEN, Verdict.WAIT),
        (4, 0, 2, THEN, Verdict.COMBINE),
        (2, 0, 2, THEN, Verdict.COMBINE),
        (1, 0, 2, THEN, Verdict.VOID_NONE_LEFT),
        (2, 2, 2, LATER, Verdict.COMBINE),
        (1, 3, 2, LATER, Verdict.VOID_DEADLINE),
        (0, 0, 2, LATER, Verdict.VOID_DEADLINE),
    ],
)
def test_due(updates: int, awaited: int, quorum: int, at: datetime, verdict: Verdict) -> None:
    assert rounds.due(Standing(updates, awaited, quorum), LATER, at) is verdict


def current(world: World, run_id: str) -> Round:
    with world.hub.db.reading() as session:
        found = queries.open_round(session, run_id)
        assert found is not None
        return found


def pass_deadline(world: World, round_id: str) -> None:
    with world.hub.db.session() as session:
        session.get_one(Round, round_id).deadline = now() - timedelta(seconds=1)


def refuse(world: World, number: int, code: Refusal = Refusal.NEEDS_NOISE) -> None:
    member = world.members[number]
    got = acting.claim(world, member, JobKind.TRAIN)
    assert got is not None
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, got[0].id, Answer(claim=got[1], refused=code))
        assert ended is not None
        rounds.answered(session, ended)


def test_a_round_freezes_its_cohort_and_posts_a_job_each(world: World) -> None:
    run_id = acting.running(world)
    first = current(world, run_id)
    assert first.cohort == sorted(m.site for m in world.members)
    with world.hub.db.reading() as session:
        jobs = queries.train_jobs(session, first.id)
        plan = queries.plan_of(session.get_one(type(acting.run_of(world, run_id)), run_id))
        assert len(queries.jobs_of_run(session, run_id, (JobKind.BASELINE,))) == 4
    assert [j.site_id for j in jobs] == first.cohort
    for job in jobs:
        manifest = acting.manifest_of(job)
        assert {n: r.digest for n, r in manifest.modules.items()} == first.base
        assert manifest.training.seed == training_seed(plan.seed, 1, job.site_id)
        assert manifest.leaves == ("updates",)
        assert manifest.cohort == 4
        # One round more: an update may come late.
        assert manifest.expires == first.deadline + timedelta(seconds=plan.deadline_s)
        assert set(job.objects) == set(first.base.values())


def test_opening_twice_opens_once(world: World) -> None:
    run_id = acting.running(world)
    before = current(world, run_id)
    assert open_next(world.hub, run_id)
    assert open_next(world.hub, run_id)
    assert current(world, run_id).id == before.id
    with world.hub.db.reading() as session:
        assert len(queries.rounds(session, run_id)) == 1
        assert len(queries.jobs_of_run(session, run_id, (JobKind.TRAIN,))) == 4


def test_one_offline_site_does_not_block_the_rest(world: World) -> None:
    run_id = acting.running(world)
    first = current(world, run_id)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    assert current(world, run_id).id == first.id
    pass_deadline(world, first.id)
    world.sweep()
    second = current(world, run_id)
    assert second.number == 2
    with world.hub.db.reading() as session:
        closed = session.get_one(Round, first.id)
        assert closed.state is RoundState.CLOSED
        jobs = {j.site_id: j.state for j in queries.train_jobs(session, first.id)}
    assert jobs[world.members[3].site] is JobState.CANCELLED


def test_refusals_leave_a_quorum(world: World) -> None:
    run_id = acting.running(world)
    first = current(world, run_id)
    refuse(world, 3)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    second = current(world, run_id)
    with world.hub.db.reading() as session:
        assert session.get_one(Round, first.id).state is RoundState.CLOSED
    # Its policy did not change: it stays out of the run.
    assert world.members[3].site not in second.cohort


def test_a_new_policy_lets_a_site_back_in(world: World) -> None:
    run_id = acting.running(world)
    refuse(world, 3)
    with world.hub.db.session() as session:
        acting.set_policy(session, world.members[3], POLICY.model_copy(update={"minimum_cell": 9}))
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    assert world.members[3].site in current(world, run_id).cohort


def test_a_missing_approval_at_the_site_is_asked_again(world: World) -> None:
    run_id = acting.running(world)
    refuse(world, 3, Refusal.APPROVAL_MISSING)
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    assert world.members[3].site in current(world, run_id).cohort


def test_a_round_without_a_quorum_is_void(world: World) -> None:
    run_id = acting.running(world)
    first = current(world, run_id)
    acting.train(world, world.members[0])
    pass_deadline(world, first.id)
    world.sweep()
    with world.hub.db.reading() as session:
        void = session.get_one(Round, first.id)
        assert (void.state, void.reason) == (RoundState.VOID, "no-quorum-by-deadline 1 2")
        update = queries.updates(session, first.id)[0]
        assert update.state is UpdateState.DELETED
        assert not world.hub.objects.exists(update.digest)
    second = current(world, run_id)
    assert second.number == 2
    assert second.base == first.base


def test_three_void_rounds_end_the_run(world: World) -> None:
    run_id = acting.running(world)
    for _ in range(3):
        pass_deadline(world, current(world, run_id).id)
        world.sweep()
    run = acting.run_of(world, run_id)
    assert (run.state, run.reason) == (RunState.FAILED, "void-rounds 3")
    with world.hub.db.reading() as session:
        assert all(j.state is JobState.CANCELLED for j in queries.jobs_of_run(session, run_id))


def test_a_run_waits_for_sites_and_says_so(world: World) -> None:
    with world.hub.db.session() as session:
        for member in world.members[1:]:
            session.get_one(Site, member.site).last_seen = now() - timedelta(hours=1)
    run_id = acting.running(world)
    run = acting.run_of(world, run_id)
    assert (run.state, run.reason) == (RunState.RUNNING, "waits-for-sites 1 2")
    with world.hub.db.session() as session:
        session.get_one(Site, world.members[1].site).last_seen = now()
    world.sweep()
    assert set(current(world, run_id).cohort) == {m.site for m in world.members[:2]}
    assert acting.run_of(world, run_id).reason == ""


def test_schools_of_one_district_count_once(world: World) -> None:
    """A lead cannot make a cohort of its own schools to look at one victim."""
    terms = Terms(rounds=3, quorum=2, minimum_cohort=3, leaves=("updates",))
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        federations.change_terms(
            session,
            world.lead.administrator,
            federation,
            terms=terms,
            revision=federation.revision,
        )
        for member in world.members[1:]:
            federations.accept(
                session,
                member.administrator,
                federation,
                member.institution,
                digest=federation.agreement_digest,
            )
            home = federation_queries.institution(session, member.institution)
            assert home is not None
            if member is not world.members[3]:
                home.parent_id = world.lead.institution
    run_id = acting.running(world, Proposal())
    run = acting.run_of(world, run_id)
    assert run.reason == "waits-for-cohort 2 3"


def test_a_forecast_refusal_is_not_asked(world: World) -> None:
    with world.hub.db.session() as session:
        strict = POLICY.model_copy(update={"protections": ("noise",)})
        acting.set_policy(session, world.members[2], strict)
    run_id = acting.running(world)
    assert world.members[2].site not in current(world, run_id).cohort


def test_a_large_minimum_cohort_drops_one_site_after_another(world: World) -> None:
    with world.hub.db.session() as session:
        for number, wanted in ((2, 4), (3, 5)):
            policy = POLICY.model_copy(update={"minimum_cohort": wanted})
            acting.set_policy(session, world.members[number], policy)
    run_id = acting.running(world)
    assert set(current(world, run_id).cohort) == {m.site for m in world.members[:2]}


def test_who_leaves_is_asked_no_more(world: World) -> None:
    run_id = acting.running(world)
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        member = world.members[3]
        federations.leave(session, member.administrator, federation, member.institution)
    world.work()
    with world.hub.db.reading() as session:
        first = queries.open_round(session, run_id)
        assert first is not None
        jobs = {j.site_id: j for j in queries.train_jobs(session, first.id)}
        assert jobs[world.members[3].site].state is JobState.CANCELLED
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    assert world.members[3].site not in current(world, run_id).cohort


def test_a_closed_training_policy_sends_no_metrics(world: World) -> None:
    """Metrics closed: it trains, and is asked for no figure."""
    closed = POLICY.model_copy(
        update={"leaves": POLICY.leaves.model_copy(update={"metrics": False})}
    )
    with world.hub.db.session() as session:
        acting.set_policy(session, world.members[1], closed)
    run_id = acting.running(world)
    for member in world.members:
        acting.train(world, member)
    world.work()
    with world.hub.db.reading() as session:
        figures: list[Job] = list(
            queries.jobs_of_run(session, run_id, (JobKind.EVALUATE, JobKind.BASELINE))
        )
    assert {j.site_id for j in figures} == {m.site for m in world.members} - {world.members[1].site}
