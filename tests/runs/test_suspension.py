"""A suspended institution's open jobs: none is handed out, what is held is put down, and the rounds go on."""

import pytest
from sqlalchemy import select

from app.clock import now
from app.institutions import service as institutions
from app.institutions.states import Decision
from app.runs import queries
from app.runs.models import Round, Run, Update
from app.runs.progress import progress
from app.runs.states import RoundState, RunState
from app.runs.views import Part, Progress
from app.sites import inbox, standing
from app.sites.errors import Withdrawn
from app.sites.models import Job, Site
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import POLICY, Member, World
from worker.protocol.codes import Failure, JobKind, Verdict
from worker.protocol.messages import Answer, Lease


def decide(world: World, member: Member, decision: Decision) -> None:
    with world.hub.db.session() as session:
        institutions.decide(session, world.operator, member.institution, decision, "Asked by them.")


def suspend(world: World, member: Member) -> None:
    decide(world, member, Decision.SUSPEND)


def jobs(world: World, run_id: str, member: Member) -> list[Job]:
    with world.hub.db.reading() as session:
        found = queries.jobs_of_run(session, run_id, tuple(JobKind))
        return [job for job in found if job.site_id == member.site]


def training(world: World, run_id: str, member: Member) -> list[Job]:
    return [job for job in jobs(world, run_id, member) if job.kind is JobKind.TRAIN]


def renew(world: World, member: Member, job: Job, claim: int) -> Lease:
    with world.hub.db.session() as session:
        return inbox.renew(session, session.get_one(Site, member.site), job.id, claim, 60)


def seen(world: World, run_id: str, member: Member) -> Progress:
    with world.hub.db.reading() as session:
        run = session.get_one(Run, run_id)
        return progress(session, run, member.administrator, seen_recently_s=120)


def rounds(world: World, run_id: str) -> list[Round]:
    with world.hub.db.reading() as session:
        return list(queries.rounds(session, run_id))


def test_its_waiting_jobs_are_taken_back_and_the_round_goes_on(world: World) -> None:
    run_id, gone = acting.running(world), world.members[3]
    suspend(world, gone)
    assert acting.claim(world, gone, JobKind.TRAIN) is None, "before the sweep, too"
    world.work()
    assert {job.state for job in jobs(world, run_id, gone)} == {JobState.CANCELLED}
    for member in world.members[:3]:
        acting.train(world, member)
    world.work()
    first, second = rounds(world, run_id)[:2]
    assert (first.state, gone.site in first.cohort) == (RoundState.CLOSED, True)
    assert gone.site not in second.cohort
    assert len(training(world, run_id, gone)) == 1


def test_a_held_job_is_told_to_stop_and_the_round_closes_when_it_has(world: World) -> None:
    run_id, gone = acting.running(world), world.members[3]
    job, claim = acting.claim_training(world, gone)
    for member in world.members[:3]:
        acting.train(world, member)
    suspend(world, gone)
    world.work()
    assert rounds(world, run_id)[0].state is RoundState.TRAINING
    lease = renew(world, gone, job, claim)
    assert (lease.verdict, lease.suspended) == (Verdict.CANCEL, True)
    with world.hub.db.session() as session:
        site = session.get_one(Site, gone.site)
        said = Answer(claim=claim, failed=Failure.CANCELLED)
        assert inbox.answer(session, site, job.id, said) is not None
    world.sweep()
    assert rounds(world, run_id)[0].state is RoundState.CLOSED
    assert training(world, run_id, gone)[0].state is JobState.CANCELLED


def test_without_a_word_its_lease_runs_out_and_the_round_goes_on(world: World) -> None:
    run_id, gone = acting.running(world), world.members[3]
    job, _ = acting.claim_training(world, gone)
    for member in world.members[:3]:
        acting.train(world, member)
    suspend(world, gone)
    world.work()
    with world.hub.db.session() as session:
        session.get_one(Job, job.id).lease_until = now()
    world.sweep()
    assert rounds(world, run_id)[0].state is RoundState.CLOSED


def test_what_came_before_counts_and_what_comes_after_does_not(world: World) -> None:
    run_id, before, after = acting.running(world), world.members[2], world.members[3]
    acting.train(world, before)
    job, claim = acting.claim_training(world, after)
    for member in (before, after):
        suspend(world, member)
    made = acting.delta(world, acting.manifest_of(job), 3)
    body = acting.body_of(made)
    header = acting.header_for(after, job, claim, body, dict.fromkeys(made, 100.0))
    with pytest.raises(Withdrawn):
        acting.send(world, after, job, claim, body, header)
    with world.hub.db.reading() as session:
        first = rounds(world, run_id)[0]
        wanted = select(Update.site_id).where(Update.round_id == first.id)
        assert set(session.scalars(wanted)) == {before.site}


def test_its_figures_are_not_taken_either(world: World) -> None:
    acting.running(world)
    gone = world.members[3]
    while (got := acting.claim(world, gone, JobKind.BASELINE)) is not None:
        job, claim = got
        if job.kind is JobKind.BASELINE:
            break
    suspend(world, gone)
    with pytest.raises(Withdrawn):
        acting.settle_other(world, gone, job, claim)


def test_the_run_page_says_it_to_the_lead_and_to_the_institution(world: World) -> None:
    run_id, gone = acting.running(world), world.members[3]
    acting.claim_training(world, gone)
    suspend(world, gone)
    for reader in (world.lead, gone):
        row = next(
            r for r in seen(world, run_id, reader).sites if r.institution == gone.institution
        )
        assert (row.part, row.takes_part) == (Part.SUSPENDED, False)
    other = seen(world, run_id, world.members[1]).sites
    row = next(r for r in other if r.institution == gone.institution)
    assert (row.part, row.takes_part) == (None, False)


def test_a_run_that_loses_its_quorum_waits_and_opens_when_it_is_lifted(world: World) -> None:
    run_id, gone = acting.running(world), world.members[1:]
    for member in gone:
        suspend(world, member)
    world.work()
    assert [r.state for r in rounds(world, run_id)] == [RoundState.TRAINING]
    acting.train(world, world.lead)
    world.sweep()
    assert [r.state for r in rounds(world, run_id)] == [RoundState.VOID]
    assert acting.run_of(world, run_id).reason == "waits-for-sites 1 2"
    for member in gone:
        decide(world, member, Decision.RESTORE)
    world.work()
    second = rounds(world, run_id)[1]
    assert second.cohort == sorted(m.site for m in world.members)
    assert acting.claim_training(world, gone[0])


def test_a_proposed_run_does_not_wait_for_its_answer(world: World) -> None:
    asked = world.members[3]
    with world.hub.db.session() as session:
        acting.set_policy(session, asked, POLICY.model_copy(update={"approval": "hub"}))
    run_id = acting.propose(world)
    world.work()
    assert acting.run_of(world, run_id).state is RunState.PROPOSED
    suspend(world, asked)
    world.work()
    assert acting.run_of(world, run_id).state is RunState.RUNNING
    assert asked.site not in rounds(world, run_id)[0].cohort


def test_only_the_suspended_are_meant(world: World) -> None:
    suspend(world, world.members[3])
    with world.hub.db.reading() as session:
        sites = [session.get_one(Site, member.site) for member in world.members]
        found = [standing.is_suspended(session, site) for site in sites]
    assert found == [False, False, False, True]
