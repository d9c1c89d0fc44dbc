"""A key changed under a site that works: the job goes on, is counted once, and nothing is claimed twice."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.sites.states import JobState
from tests.site.stage import Stage, environment, lane, stage
from tests.site.test_live_failures import BEGUN, EPOCHS, state_of, step_of

pytestmark = pytest.mark.live


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path, terms={"leaves": ("updates",)}) as built:
        yield built


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_site_that_trains_goes_on_under_its_new_key(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    run = live.propose(epochs=EPOCHS, batch=1)
    with lane(home):
        live.wait(lambda: step_of(live, member) > BEGUN, 400, "training")
        old = home.keys().signing.public
        command = [sys.executable, "-m", "worker.site", "--home", str(home.root), "key", "rotate"]
        done = subprocess.run(command, env=environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert home.keys().signing.public != old
        live.wait(lambda: state_of(live, member) is JobState.DONE, 600, "the answer")
        run = live.propose(epochs=1, batch=32)
        live.wait(lambda: len(live.jobs(member)) == 2, 60, "the next run's job")
        live.wait(lambda: live.jobs(member)[1].state is JobState.DONE, 240, "its answer")
    assert [job.claim for job in live.jobs(member)] == [1, 1]
    assert len(live.updates(run, member)) == 1
