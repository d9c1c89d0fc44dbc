"""The full product: runs, rounds and updates move where their tables allow it, and nowhere else."""

from itertools import product
from typing import Any

import pytest

from app.errors import IllegalTransition
from app.runs import queries
from app.runs.models import Round, Run, Update
from app.runs.states import (
    ROUND_TRANSITIONS,
    RUN_ENDED,
    RUN_TRANSITIONS,
    UPDATE_TRANSITIONS,
    RoundState,
    RunState,
    UpdateState,
)
from app.states import move
from tests.runs import world as acting
from tests.runs.world import World


def every_move(session: Any, table: Any, row: Any, column: Any, states: Any) -> None:
    for source, target in product(states, repeat=2):
        row.state = source
        session.flush()
        if target in table[source]:
            move(session, table, row, column, target)
            assert row.state is target
        else:
            with pytest.raises(IllegalTransition):
                move(session, table, row, column, target)
            assert row.state is source


def test_every_move(world: World) -> None:
    run_id = acting.running(world)
    acting.train(world, world.lead)
    with world.hub.db.session() as session:
        run = queries.by_id(session, run_id)
        round_ = queries.open_round(session, run_id)
        assert run is not None
        assert round_ is not None
        update = queries.updates(session, round_.id)[0]
        every_move(session, RUN_TRANSITIONS, run, Run.state, RunState)
        every_move(session, ROUND_TRANSITIONS, round_, Round.state, RoundState)
        every_move(session, UPDATE_TRANSITIONS, update, Update.state, UpdateState)


def test_an_ended_run_goes_nowhere() -> None:
    assert {s for s, targets in RUN_TRANSITIONS.items() if not targets} == RUN_ENDED
