"""How often each site was heard: by hand over four rounds, and what each reader sees of it."""

from app.clock import now
from app.runs import queries
from app.runs.participation import participation
from app.runs.states import RoundState
from app.runs.tallies import rounds_shown
from app.runs.views import Participation
from tests.runs import world as acting
from tests.runs.world import World


def round_with(world: World, run_id: str, *numbers: int) -> None:
    """A round in which these members train and nobody else does before its deadline."""
    for number in numbers:
        acting.train(world, world.members[number])
    with world.hub.db.session() as session:
        round_ = queries.open_round(session, run_id)
        if round_ is not None:
            round_.deadline = now()
    world.come_by()
    world.sweep()


def heard(
    world: World, run_id: str, *own: int, leads: bool = False
) -> tuple[Participation | None, dict[int, tuple[int, int]]]:
    members = world.members
    with world.hub.db.reading() as session:
        inside = frozenset(members[number].institution for number in own)
        found = participation(session, run_id, rounds_shown(session, run_id), inside, leads=leads)
    place = {member.site: number for number, member in enumerate(members)}
    shown = {} if found is None else {place[h.site]: (h.counted, h.offered) for h in found.sites}
    return found, shown


def test_rounds_counted_of_rounds_offered(world: World) -> None:
    """Member 3 is slow in the last round; the void one in between counts for nobody."""
    run_id = acting.running(world)
    assert heard(world, run_id, 0, leads=True) == (None, {})
    round_with(world, run_id, 0, 1, 2, 3)
    round_with(world, run_id, 0)
    round_with(world, run_id, 0, 1, 2)
    with world.hub.db.reading() as session:
        states = [one.state for one in rounds_shown(session, run_id)]
    assert states == [RoundState.CLOSED, RoundState.VOID, RoundState.CLOSED]
    led, shown = heard(world, run_id, 0, leads=True)
    assert shown == {0: (2, 2), 1: (2, 2), 2: (2, 2), 3: (1, 2)}
    assert led is not None and (led.closed, led.least) == (2, 0.5)
    assert [one.own for one in led.sites] == [True, False, False, False]


def test_a_member_reads_its_own_and_a_quarter(world: World) -> None:
    run_id = acting.running(world)
    round_with(world, run_id, 0, 1, 2, 3)
    round_with(world, run_id, 0, 1, 2)
    round_with(world, run_id, 0, 1)
    member, shown = heard(world, run_id, 2)
    assert member is not None and shown == {2: (2, 3)}
    assert member.least == 0.25, "a third, rounded down to a quarter"
    (own,) = member.sites
    assert own.own and own.institution_name == "School 2"
    nobody, none_shown = heard(world, run_id)
    assert nobody is not None and (none_shown, nobody.least) == ({}, 0.25)
