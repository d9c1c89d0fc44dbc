"""What a policy would do if it were in force: federations, runs, and the members it would shut out."""

from app.runs import consequences
from app.runs.consequences import Consequence
from tests.runs import world as acting
from tests.runs.world import POLICY, World
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument


def found(world: World, document: PolicyDocument, number: int = 1) -> Consequence:
    member = world.members[number]
    with world.hub.db.reading() as session:
        (one,) = consequences.of(session, member.administrator, member.institution, document)
    return one


def test_the_same_policy_changes_nothing(world: World) -> None:
    one = found(world, POLICY)
    assert (one.fit.allowed, one.was, one.leaves, one.shuts_out) == (True, True, False, False)
    assert (one.runs, one.left) == ((), 4)


def test_a_stricter_one_leaves_and_says_by_which_rule(world: World) -> None:
    one = found(world, POLICY.model_copy(update={"blocked_inputs": ("clicks",)}))
    assert one.leaves and not one.shuts_out
    assert [r.code for r in one.fit.reasons] == [Refusal.INPUT]
    assert one.left == 3, "the others could go on"


def test_runs_it_would_refuse_are_named(world: World) -> None:
    run_id = acting.running(world)
    one = found(world, POLICY.model_copy(update={"purposes": ("research",)}))
    assert [run.id for run in one.runs] == [run_id]
    assert found(world, POLICY).runs == ()


def test_members_it_would_shut_out(world: World) -> None:
    """Two of four are strict already: if a third goes, too few are left for anyone."""
    with world.hub.db.session() as session:
        for member in world.members[2:]:
            strict = POLICY.model_copy(update={"purposes": ("research",)})
            acting.set_policy(session, member, strict)
    one = found(world, POLICY.model_copy(update={"purposes": ("research",)}))
    assert (one.left, one.shuts_out) == (1, one.need > 1)
    assert one.need > 1
