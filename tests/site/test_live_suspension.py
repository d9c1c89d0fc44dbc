"""An institution is suspended while its site trains: the site puts the job down, the round goes on, and it is let in
again.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.institutions import service as institutions
from app.institutions.states import Decision
from app.runs import queries
from app.sites.states import JobState
from tests.runs import world as acting
from tests.runs.world import Member
from tests.site.stage import Stage, environment, lane, stage
from worker.protocol.codes import Phase
from worker.site.home import Home

pytestmark = pytest.mark.live


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    """Three sites, two of which are enough. Leases are short: a site is told within a second."""
    terms = {"leaves": ("updates",), "rounds": 3}
    with stage(sqlite_url, redis_url, tmp_path, 3, terms=terms, lease_s=3) as built:
        yield built


def decide(live: Stage, member: Member, decision: Decision) -> None:
    with live.world.hub.db.session() as session:
        institutions.decide(
            session, live.world.operator, member.institution, decision, "A test of the rules."
        )


def says(home: Home, *command: str) -> str:
    program = [sys.executable, "-m", "worker.site", "--home", str(home.root), *command]
    done = subprocess.run(program, capture_output=True, text=True, env=environment())
    return " ".join((done.stdout + done.stderr).split())


def cohorts(live: Stage, run: str) -> list[list[str]]:
    with live.world.hub.db.reading() as session:
        return [found.cohort for found in queries.rounds(session, run)]


def close_a_round(live: Stage, run: str, members: list[Member]) -> None:
    """By the members who are there; their sites are not real ones."""
    opened = len(cohorts(live, run))
    for member in members:
        acting.train(live.world, member)
    live.wait(lambda: len(cohorts(live, run)) == opened + 1, 60, "the next round")


def test_a_site_stops_when_its_institution_is_suspended_and_is_let_in_again(live: Stage) -> None:
    *others, gone = live.world.members
    home = live.home(gone, records=600)
    run = live.propose(epochs=100, batch=1)

    def trains() -> bool:
        return live.jobs(gone)[-1].phase is Phase.TRAINING if live.jobs(gone) else False

    with lane(home):
        live.wait(trains, 240, "training")
        decide(live, gone, Decision.SUSPEND)
        live.wait(lambda: live.jobs(gone)[0].state is JobState.CANCELLED, 60, "the end of the job")
        written = (home.logs / "train.log").read_text(encoding="utf-8")
        assert "suspended this institution" in written
        assert "suspended" in says(home, "status")
        assert "suspended your institution, so no job comes" in says(home, "check")
        close_a_round(live, run, others)
        assert gone.site not in cohorts(live, run)[1]

        decide(live, gone, Decision.RESTORE)
        assert "suspended" not in says(home, "status")
        close_a_round(live, run, others)
        assert gone.site in cohorts(live, run)[2]
        live.wait(trains, 240, "training again")
    assert live.updates(run, gone) == []
