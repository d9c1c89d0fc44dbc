"""A whole run with real site processes: trained, uploaded, evaluated, released; nothing unlisted left."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import psutil
import pytest

from app.sites.states import JobState
from tests.site.stage import Stage, environment, running, stop
from worker.protocol.codes import JobKind
from worker.site.home import Home

pytestmark = pytest.mark.live


def test_two_sites_complete_a_run_and_no_process_that_forks_has_loaded_torch(live: Stage) -> None:
    for member in live.world.members:
        live.home(member)
    run = live.propose()
    with ExitStack() as stack:
        sites = [stack.enter_context(running(home)) for home in live.homes.values()]
        live.wait(lambda: live.is_completed(run), 240, "the end of the run")
        for supervisor in sites:
            lanes = psutil.Process(supervisor.pid).children()
            assert len(lanes) == 2
            for process in [psutil.Process(supervisor.pid), *lanes]:
                assert not has_torch(process), process.cmdline()
            assert any(has_torch(child) for own in lanes for child in own.children())


def has_torch(process: psutil.Process) -> bool:
    return any("libtorch" in mapped.path for mapped in process.memory_maps())


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
