"""Proposing, approving, starting, pausing, cancelling: who may, what follows, what is written."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission
from app.audit.models import Event
from app.clock import now
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StepUpNeeded
from app.federations import service as federations
from app.federations.models import Federation
from app.runs import queries, service
from app.runs.models import Run, RunApproval
from app.runs.schemas import Proposal
from app.runs.states import Choice, RoundState, RunState
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.protocol.canonical import digest_of

HUB_APPROVAL = POLICY.model_copy(update={"approval": "hub"})


def kinds_of(session: Session, subject: str) -> list[str]:
    found = session.scalars(
        select(Event.kind).where(Event.subject == subject).order_by(Event.at, Event.number)
    )
    return list(found)


def asking(world: World, *members: int) -> str:
    """A proposed run whose approval these members' policies want at the hub."""
    with world.hub.db.session() as session:
        for number in members:
            acting.set_policy(session, world.members[number], HUB_APPROVAL)
    return acting.propose(world)


def decide(world: World, run_id: str, number: int, choice: Choice) -> None:
    member = world.members[number]
    act = service.approve if choice is Choice.APPROVE else service.decline
    with world.hub.db.session() as session:
        act(session, member.officer, session.get_one(Run, run_id), member.institution)


def test_without_approval_at_the_hub_a_run_is_approved_at_once(world: World) -> None:
    run_id = acting.propose(world)
    run = acting.run_of(world, run_id)
    assert run.state is RunState.APPROVED
    assert run.plan_digest == digest_of(queries.plan_of(run))
    with world.hub.db.session() as session:
        assert kinds_of(session, run_id) == ["run.proposed", "run.started"]


def test_everyone_asked_answers(world: World) -> None:
    run_id = asking(world, 1, 2)
    assert acting.run_of(world, run_id).state is RunState.PROPOSED
    decide(world, run_id, 1, Choice.APPROVE)
    assert acting.run_of(world, run_id).state is RunState.PROPOSED
    decide(world, run_id, 2, Choice.DECLINE)
    assert acting.run_of(world, run_id).state is RunState.APPROVED
    with world.hub.db.session() as session:
        written = set(kinds_of(session, run_id))
        given = queries.approval(session, run_id, world.members[1].institution)
        assert given is not None
        assert given.decided_by == world.members[1].officer.person
        assert given.policy_version_id is not None
    assert written == {
        "run.proposed",
        "run.asked",
        "run.approved",
        "run.declined",
        "run.started",
    }


def test_too_few_yes_is_no_run(world: World) -> None:
    run_id = asking(world, 0, 1, 2, 3)
    for number in (0, 1, 2):
        decide(world, run_id, number, Choice.DECLINE)
    decide(world, run_id, 3, Choice.APPROVE)
    run = acting.run_of(world, run_id)
    assert run.state is RunState.PROPOSED
    assert run.reason == "too-few-approvals 1 2"


def test_the_lead_starts_with_enough_approvals(world: World) -> None:
    run_id = asking(world, 0, 1, 2, 3)
    lead = world.lead.administrator
    decide(world, run_id, 0, Choice.APPROVE)
    with world.hub.db.session() as session, pytest.raises(Conflict, match="1 of the 2"):
        service.start(session, lead, session.get_one(Run, run_id))
    decide(world, run_id, 1, Choice.APPROVE)
    with world.hub.db.session() as session:
        service.start(session, lead, session.get_one(Run, run_id))
    world.work()
    with world.hub.db.session() as session:
        first = queries.open_round(session, run_id)
        assert first is not None
        assert set(first.cohort) == {m.site for m in world.members[:2]}
    # A late yes joins with the next round.
    decide(world, run_id, 2, Choice.APPROVE)
    for member in world.members[:2]:
        acting.train(world, member)
    world.work()
    with world.hub.db.session() as session:
        second = queries.open_round(session, run_id)
        assert second is not None
        assert second.number == 2
        assert set(second.cohort) == {m.site for m in world.members[:3]}


def test_time_to_answer_runs_out(world: World) -> None:
    run_id = asking(world, 3)
    world.sweep()
    assert acting.run_of(world, run_id).state is RunState.PROPOSED
    with world.hub.db.session() as session:
        asked = session.scalars(select(RunApproval)).one()
        asked.expires = now() - timedelta(seconds=1)
    with world.hub.db.session() as session, pytest.raises(Conflict, match="time to answer"):
        member = world.members[3]
        run = session.get_one(Run, run_id)
        service.approve(session, member.officer, run, member.institution)
    world.sweep()
    assert acting.run_of(world, run_id).state is RunState.RUNNING


def test_a_plan_keeps_to_the_terms(world: World) -> None:
    for proposal, field in (
        (Proposal(rounds=99), "rounds"),
        (Proposal(sheets=("other",)), "sheets"),
        (Proposal(sheets=()), "sheets"),
    ):
        with world.hub.db.session() as session, pytest.raises(Invalid) as caught:
            federation = session.get_one(Federation, world.federation)
            service.propose(session, world.lead.administrator, federation, proposal)
        assert field in caught.value.errors


def test_a_draft_proposes_nothing(world: World) -> None:
    with world.hub.db.session() as session, pytest.raises(Conflict, match="Open the federation"):
        lead = world.lead
        draft = federations.found(
            session,
            lead.administrator,
            lead.institution,
            name="Another",
            purpose="Another purpose of ours.",
        )
        service.propose(session, lead.administrator, draft, Proposal())


Act = Callable[[Session, Actor, Run], object]
LEADING: dict[str, Act] = {
    "start": service.start,
    "pause": service.pause,
    "resume": service.resume,
    "cancel": service.cancel,
}


@pytest.mark.parametrize("act", LEADING)
def test_only_the_leads_administrator(world: World, act: str) -> None:
    run_id = acting.propose(world)
    with world.hub.db.session() as session:
        run = session.get_one(Run, run_id)
        for actor in (world.lead.officer, world.lead.instructor):
            with pytest.raises(NotAllowed):
                LEADING[act](session, actor, run)
        for actor in (world.members[1].administrator, world.stranger, world.operator):
            with pytest.raises(NotFound):
                LEADING[act](session, actor, run)


def test_only_an_officer_answers_and_says_again_who_it_is(world: World) -> None:
    run_id = asking(world, 1)
    member = world.members[1]
    with world.hub.db.session() as session:
        run = session.get_one(Run, run_id)
        with pytest.raises(NotAllowed, match="privacy officer"):
            service.approve(session, member.administrator, run, member.institution)
        with pytest.raises(StepUpNeeded):
            tired = replace(member.officer, stepped_up=None)
            service.approve(session, tired, run, member.institution)
        with pytest.raises(NotFound):
            service.approve(session, world.stranger, run, member.institution)
        with pytest.raises(NotFound):
            service.approve(session, world.members[2].officer, run, world.members[2].institution)
        token = replace(
            member.officer,
            token="token_1",
            scopes=frozenset(Permission),
            token_institution=member.institution,
        )
        with pytest.raises(NotAllowed, match="No API token"):
            service.approve(session, token, run, member.institution)


def test_who_sees_a_run(world: World) -> None:
    run_id = acting.propose(world)
    with world.hub.db.session() as session:
        for member in world.members:
            found = queries.get(session, member.administrator, Permission.RUN_READ, run_id)
            assert [r.id for r in queries.visible_to(session, member.officer)] == [found.id]
        for actor in (world.stranger, world.operator, world.lead.instructor):
            with pytest.raises(NotFound):
                queries.get(session, actor, Permission.RUN_READ, run_id)
            assert list(queries.visible_to(session, actor)) == []
        with pytest.raises(NotFound):
            queries.get(session, world.members[1].administrator, Permission.RUN_LEAD, run_id)
        with pytest.raises(NotAllowed):
            queries.get(session, world.lead.officer, Permission.RUN_LEAD, run_id)


def test_pausing_lets_the_round_finish(world: World) -> None:
    run_id = acting.running(world)
    lead = world.lead.administrator
    with world.hub.db.session() as session:
        service.pause(session, lead, session.get_one(Run, run_id))
    assert acting.run_of(world, run_id).state is RunState.RUNNING
    for member in world.members:
        acting.train(world, member)
    world.work()
    world.sweep()
    run = acting.run_of(world, run_id)
    assert (run.state, run.reason) == (RunState.PAUSED, "paused-by-lead")
    with world.hub.db.session() as session:
        assert queries.open_round(session, run_id) is None
        service.resume(session, lead, session.get_one(Run, run_id))
    world.work()
    with world.hub.db.session() as session:
        again = queries.open_round(session, run_id)
        assert again is not None
        assert again.number == 2


def test_cancelling_ends_jobs_and_keeps_nothing(world: World) -> None:
    run_id = acting.running(world)
    acting.train(world, world.members[0])
    with world.hub.db.session() as session:
        service.cancel(session, world.lead.administrator, session.get_one(Run, run_id))
    world.sweep()
    with world.hub.db.session() as session:
        run = session.get_one(Run, run_id)
        assert run.state is RunState.CANCELLED
        round_ = queries.rounds(session, run_id)[0]
        assert round_.state is RoundState.VOID
        jobs = queries.train_jobs(session, round_.id)
        assert {j.state for j in jobs} == {JobState.DONE, JobState.CANCELLED}
        update = queries.updates(session, round_.id)[0]
        assert not world.hub.objects.exists(update.digest)
        with pytest.raises(Conflict):
            service.cancel(session, world.lead.administrator, run)
