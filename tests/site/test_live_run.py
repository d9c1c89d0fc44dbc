"""A whole run with real site processes: trained, uploaded, evaluated, released; nothing unlisted left."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from app.runs.states import RunState
from app.sites.states import JobState
from tests.runs import world as runs
from tests.site.stage import Stage, environment, running, stop
from worker.protocol.codes import JobKind
from worker.site.home import Home

pytestmark = pytest.mark.live


def test_two_sites_complete_a_run(live: Stage) -> None:
    for member in live.world.members:
        live.home(member)
    run = runs.propose(live.world)
    live.approve(run)
    with ExitStack() as stack:
        for home in live.homes.values():
            stack.enter_context(running(home))
        live.wait(lambda: live.run(run).state is RunState.COMPLETED, 240, "the end of the run")


def test_a_stock_celery_worker_serves_both_lanes(live: Stage) -> None:
    """As a technician would type it, without any of the options that `collegium-site run` adds."""
    stock, other = live.world.members
    live.home(stock)
    live.home(other)
    run = live.propose()
    with celery(live.homes[stock.site]), running(live.homes[other.site]):
        live.wait(lambda: live.is_completed(run), 240, "the end of the run")
        settled = [job for job in live.posted(stock) if job.kind is JobKind.TRAIN]
        assert [job.state for job in settled] == [JobState.DONE]


@contextmanager
def celery(home: Home) -> Iterator[None]:
    home.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "celery", "-A", "worker.site.celery", "worker", "-l", "INFO"]
    with (home.logs / "stock.log").open("ab") as log:
        environ = environment(COLLEGIUM_SITE_HOME=str(home.root))
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
    try:
        yield
    finally:
        stop(process)
