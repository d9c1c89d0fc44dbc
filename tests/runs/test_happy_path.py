"""A whole run through services and tasks: proposed, prepared, three rounds, evaluated, released."""

from app.federations.models import Federation
from app.releases import queries as releases
from app.runs import queries, tallies
from app.runs.states import RoundState, RunState, UpdateState
from tests.runs import world as acting
from tests.runs.world import World


def test_a_run_from_proposal_to_release(world: World) -> None:
    run_id = acting.running(world)
    first = acting.states(world, run_id, 0)
    for _ in range(3):
        for member in world.members:
            acting.train(world, member)
        world.work()
        assert acting.evaluate_all(world) == 4
    with world.hub.db.session() as session:
        run = queries.by_id(session, run_id)
        assert run is not None
        assert run.state is RunState.COMPLETED
        found = queries.rounds(session, run_id)
        assert [r.state for r in found] == [RoundState.CLOSED] * 3
        for one in found:
            assert {u.state for u in queries.updates(session, one.id)} == {UpdateState.DELETED}
            assert one.complete is not None
            assert one.closed is not None
        assert found[1].opened >= found[0].closed
        assert sum(s.sites for s in tallies.sums(session, run_id)) == 3 * 4 + 3 * 4 * 0 + 2 * 4
        federation = session.get_one(Federation, world.federation)
        release = releases.current(session, federation.id)
        assert release is not None
        assert release.modules == acting.states(world, run_id, 3)
        assert release.modules.keys() == first.keys()
        assert all(release.modules[name] != first[name] for name in first)
