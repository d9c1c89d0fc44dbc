"""A run that goes on from an earlier one at the hub: which may be named, and what round 1 starts from."""

import pytest
from sqlalchemy.orm import Session

from app.errors import Invalid
from app.federations import service as federations
from app.federations.models import Federation
from app.runs import beginning, queries, service
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.runs.states import RunState
from tests.runs import world as runs
from tests.runs.world import World
from worker.learning import local, simulate
from worker.learning.model.carrying import Earlier, carried
from worker.protocol import codec
from worker.protocol.tasks import Input, TaskSheet

HEARD = TaskSheet(
    name="heard",
    target="Is the word spoken well?",
    label="well",
    labels=("no", "yes"),
    inputs=(Input(name="recording", kind="audio", modality="audio"),),
)
HEARS = runs.POLICY.model_copy(update={"modalities": ("table", "audio")})


def completed(world: World) -> str:
    """A run of one round that every site answered."""
    run = runs.running(world, Proposal(rounds=1))
    for member in world.members:
        runs.train(world, member)
    world.work()
    assert runs.run_of(world, run).state is RunState.COMPLETED
    return run


def _federation(session: Session, world: World) -> Federation:
    return session.get_one(Federation, world.federation)


def test_only_a_completed_run_of_the_federation_may_be_named(world: World) -> None:
    done, still = completed(world), runs.running(world)
    for named in (still, "run_none"):
        with pytest.raises(Invalid, match="completed run of this federation") as raised:
            runs.propose(world, Proposal(begin=named))
        assert raised.value.errors.keys() == {"begin"}
    with world.hub.db.session() as session:
        federation = _federation(session, world)
        assert [run.id for run in beginning.choices(session, federation)] == [done]
        elsewhere = federations.found(
            session,
            world.lead.administrator,
            world.lead.institution,
            name="Elsewhere",
            purpose="To see what another federation may not take.",
        )
        assert beginning.choices(session, elsewhere) == []
        with pytest.raises(Invalid):
            beginning.of(session, elsewhere, Proposal(begin=done))


def test_what_is_old_goes_on_and_what_is_new_starts_from_the_seed(world: World) -> None:
    earlier = completed(world)
    with world.hub.db.session() as session:
        federation = _federation(session, world)
        federations.add_sheet(session, world.lead.administrator, federation, HEARD)
        for member in world.members:
            runs.set_policy(session, member, HEARS)
        for member in world.members[1:]:
            federations.accept(
                session,
                member.administrator,
                federation,
                member.institution,
                digest=federation.agreement_digest,
            )
    run = runs.running(world, Proposal(begin=earlier))
    before, after = runs.states(world, earlier, 1), runs.states(world, run, 0)
    for module in ("encoder/table", "head/pass"):
        assert after[module] == before[module] != runs.states(world, earlier, 0)[module]
    with world.hub.db.reading() as session:
        old = queries.plan_of(session.get_one(Run, earlier))
        plan = queries.plan_of(session.get_one(Run, run))
    assert plan.begin is not None
    assert (plan.begin.run, plan.begin.number, plan.begin.modules) == (earlier, 1, before)
    known = {name: codec.decode(world.hub.objects.get(d)) for name, d in before.items()}
    first = local.initial_modules(plan.model, plan.sheets, bases={})
    assert after["encoder/audio"] == simulate.digests(first)["encoder/audio"]
    made = carried(Earlier(old.model, old.sheets, known), plan.model, plan.sheets, first)
    assert after == simulate.digests(made)


def test_without_one_a_run_starts_as_the_first_did(world: World) -> None:
    earlier = completed(world)
    run = runs.running(world)
    assert runs.states(world, run, 0) == runs.states(world, earlier, 0)


def test_what_members_approve_says_what_a_run_begins_from(world: World) -> None:
    """The plan's digest is what they approve."""
    earlier = completed(world)
    with world.hub.db.session() as session:
        federation, lead = _federation(session, world), world.lead.administrator
        plain = service.propose(session, lead, federation, Proposal())
        going = service.propose(session, lead, federation, Proposal(begin=earlier))
        assert plain.plan_digest != going.plan_digest
