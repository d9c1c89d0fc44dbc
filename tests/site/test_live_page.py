"""The page of a site that really works: what it does now, and the button that stops it."""

import re
import time
from pathlib import Path

import psutil
import pytest

from app.sites.states import JobState
from tests.servers import free_port, wait_until
from tests.site.served import Served
from tests.site.stage import Stage, running
from worker.protocol.codes import Lane, Phase
from worker.site import current, locks, supervisor
from worker.site.home import Home
from worker.site.page import server

pytestmark = pytest.mark.live


def test_stop_puts_the_job_down_and_ends_everything(live: Stage) -> None:
    """Checkpoint, nack, leave: as Ctrl-C does."""
    member = live.world.members[0]
    home = live.home(member, page_port=free_port())
    live.propose(epochs=100, batch=1)
    with running(home, "--page") as process:
        wait_until(lambda: server.served_at(home) is not None, seconds=30, what="the page")
        page = Served(home, home.config().page_port)
        visitor = page.visitor()
        live.wait(lambda: _told(home), 90, "the time left of some steps of training")
        shown = visitor.get("/").text
        assert "Training" in shown
        assert re.search(
            r"[0-9]+ of [0-9]+ steps, about [0-9]+ (second|minute|hour)s? to go", shown
        )
        assert "Train for a round, round 1." in shown
        assert live.jobs(member)[0].id in shown

        begun = time.monotonic()
        answer = visitor.post("/stop")
        assert answer.headers["location"] == "/?done=stopping"
        assert "Stopping" in visitor.get("/").text
        process.wait(supervisor.STOP_S)
        assert process.returncode == 0
        assert time.monotonic() - begun < 30
    assert live.jobs(member)[0].state is JobState.WAITING, "given back"
    assert list(home.checkpoints.glob("*.safetensors")), "goes on there"
    assert current.read(home) == {}
    assert locks.holder(home.page_lock) is None
    assert locks.holder(home.run_lock) is None
    folder = str(home.root)
    assert [p for p in psutil.process_iter() if _of(p, folder)] == []


def test_the_page_of_a_run_ends_with_its_supervisor(live: Stage) -> None:
    home = live.home(live.world.members[0], page_port=free_port())
    with running(home, "--page") as process:
        wait_until(lambda: server.served_at(home) is not None, seconds=30, what="the page")
        process.kill()
        process.wait()
        wait_until(lambda: server.served_at(home) is None, seconds=30, what="the page's end")
    log = home.logs / "page.log"
    assert log.read_text() == "", "nothing to say, so nothing said"
    assert "page-codes" not in (home.logs / "supervisor.log").read_text()


def test_without_the_setting_no_page_is_served(live: Stage, tmp_path: Path) -> None:
    home = live.home(live.world.members[0], page_port=free_port())
    with running(home):
        wait_until(lambda: (home.logs / "quick.log").is_file(), seconds=30, what="a lane")
        time.sleep(1)
        assert not (home.logs / "page.log").exists()


def _told(home: Home) -> bool:
    job = current.read(home).get(Lane.TRAIN)
    return bool(job and job.phase is Phase.TRAINING and job.step > 5 and job.seconds_left)


def _of(process: psutil.Process, folder: str) -> bool:
    try:
        return process.environ().get("COLLEGIUM_SITE_HOME") == folder
    except psutil.Error:
        return False
