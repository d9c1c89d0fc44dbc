"""A whole run with real site processes: trained, uploaded, evaluated, released; nothing unlisted left."""

from contextlib import ExitStack

import pytest

from app.runs.states import RunState
from tests.runs import world as runs
from tests.site.stage import Stage, running

pytestmark = pytest.mark.live


def test_two_sites_complete_a_run(live: Stage) -> None:
    for member in live.world.members:
        live.home(member)
    run = runs.propose(live.world)
    live.approve(run)
    with ExitStack() as stack:
        for home in live.homes.values():
            stack.enter_context(running(home))
        live.wait(lambda: live.run(run).state is RunState.COMPLETED, 120, "the end of the run")
