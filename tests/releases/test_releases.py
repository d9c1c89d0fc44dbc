"""Publishing once, switching sites, rolling back, and who may."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from app.access.permissions import Permission
from app.audit.models import Event
from app.errors import Conflict, NotAllowed, NotFound, StepUpNeeded
from app.federations.models import Federation
from app.releases import queries, service
from app.releases.models import Release
from app.runs import queries as run_queries
from app.runs.models import Run
from app.runs.schemas import Proposal
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub.finish import finish
from worker.protocol.codes import JobKind


def finished(world: World, seed: int = 1) -> str:
    run_id = acting.running(world, Proposal(rounds=1, seed=seed))
    for number, member in enumerate(world.members):
        acting.train(world, member, seed * 10 + number)
    world.work()
    return run_id


def released(world: World) -> list[Release]:
    with world.hub.db.reading() as session:
        return list(queries.of_federation(session, world.federation))


def switch_jobs(world: World, run_id: str) -> int:
    with world.hub.db.reading() as session:
        return len(run_queries.jobs_of_run(session, run_id, (JobKind.SWITCH_RELEASE,)))


def test_a_finished_run_is_released_once(world: World) -> None:
    run_id = finished(world)
    (release,) = released(world)
    assert (release.number, release.current, release.run_id) == (1, True, run_id)
    assert release.modules == acting.states(world, run_id, 1)
    assert switch_jobs(world, run_id) == 4
    assert finish(world.hub, run_id)
    world.sweep()
    assert len(released(world)) == 1
    assert switch_jobs(world, run_id) == 4
    with world.hub.db.reading() as session:
        kinds = session.scalars(select(Event.kind).where(Event.subject == release.id)).all()
    assert kinds == ["release.published"]


def test_an_unfinished_run_is_not_released(world: World) -> None:
    run_id = acting.running(world)
    assert not finish(world.hub, run_id)
    with world.hub.db.session() as session, pytest.raises(Conflict, match="completed"):
        service.publish(session, session.get_one(Run, run_id))


def test_a_lost_finish_is_found_by_the_sweep(world: World) -> None:
    run_id = acting.running(world, Proposal(rounds=1))
    for member in world.members:
        acting.train(world, member)
    while world.sent:
        effect = world.sent.pop(0)
        if effect.task != "runs.finish":
            acting.WORK[effect.task](world.hub, *effect.args)
    assert released(world) == []
    world.sweep()
    assert [r.run_id for r in released(world)] == [run_id]


def test_rolling_back(world: World) -> None:
    first_run = finished(world)
    second_run = finished(world, seed=2)
    second, first = released(world)
    assert (first.current, second.current) == (False, True)
    lead = world.lead.administrator
    with world.hub.db.session() as session:
        row = queries.get(session, lead, Permission.RUN_LEAD, first.id)
        service.roll_back(session, lead, row, world.hub.key)
    second, first = released(world)
    assert (first.current, second.current) == (True, False)
    assert switch_jobs(world, first_run) == 8
    assert switch_jobs(world, second_run) == 4
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        now_current = service.current(session, federation)
        assert now_current is not None
        assert now_current.id == first.id
        with pytest.raises(Conflict, match="in use already"):
            service.roll_back(session, lead, now_current, world.hub.key)
        rolled = session.scalars(select(Event).where(Event.kind == "release.rolled-back")).one()
    assert rolled.body == {
        "federation": world.federation,
        "from_release": second.id,
        "number": 1,
    }


def test_who_may_see_and_roll_back(world: World) -> None:
    finished(world)
    (release,) = released(world)
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        for actor in (world.stranger, world.operator, world.lead.instructor):
            with pytest.raises(NotFound):
                queries.get(session, actor, Permission.RUN_READ, release.id)
            with pytest.raises(NotFound):
                queries.visible_to(session, actor, federation)
        member = world.members[1]
        assert queries.get(session, member.officer, Permission.RUN_READ, release.id)
        row = session.get_one(Release, release.id)
        with pytest.raises(NotFound):
            service.roll_back(session, member.administrator, row, world.hub.key)
        with pytest.raises(NotAllowed):
            service.roll_back(session, world.lead.officer, row, world.hub.key)
        with pytest.raises(StepUpNeeded):
            tired = replace(world.lead.administrator, stepped_up=None)
            service.roll_back(session, tired, row, world.hub.key)
