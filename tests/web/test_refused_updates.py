"""What the hub did not take stands on the round's page, by name; and the round went on."""

import pytest

from app.runs import queries
from app.runs.states import RoundState
from tests.hub_worker.test_hostile import CASES, send_spoilt
from tests.runs import world as acting
from tests.web.populated import Populated
from worker.protocol.code_words import upload_refusal


@pytest.mark.parametrize("case", ["not a number", "another shape", "huge"])
def test_the_round_s_page_names_what_was_refused(hub: Populated, case: str) -> None:
    spoil, code = CASES[case]
    world, run = hub.world, hub.ids["run_id"]
    with world.hub.db.reading() as session:
        number = next(r.number for r in queries.rounds(session, run) if r.closed is None)
    for member in (world.members[0], world.members[2]):
        acting.train(world, member)
    send_spoilt(world, 3, spoil)
    world.work()
    with world.hub.db.reading() as session:
        assert queries.rounds(session, run)[number - 1].state is RoundState.CLOSED
    page = hub.client("administrator").get(f"/runs/{run}/rounds/{number}").text
    assert upload_refusal(code) in page
