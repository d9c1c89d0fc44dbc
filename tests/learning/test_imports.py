"""No process that forks may import torch: what hub and site import before a job must not."""

import subprocess
import sys

import pytest

QUIET = (
    "worker.learning.aggregation",
    "worker.learning.personalization",
    "worker.learning.seeds",
    "worker.learning.data.records",
    "worker.learning.data.folder",
    "worker.learning.local",
    "worker.learning.simulate",
    "worker.learning.faults",
    "worker.learning.model.layout",
)


@pytest.mark.parametrize("module", QUIET)
def test_importing_loads_no_torch(module: str) -> None:
    program = (
        f"import sys, {module}; sys.exit(any(m in sys.modules for m in ('torch', 'transformers')))"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


@pytest.mark.parametrize("module", QUIET)
def test_the_core_knows_no_web_queue_or_database(module: str) -> None:
    names = (
        "fastapi",
        "starlette",
        "celery",
        "kombu",
        "sqlalchemy",
        "redis",
        "app",
        "worker.hub",
        "worker.site",
    )
    program = f"import sys, {module}; sys.exit(any(m in sys.modules for m in {names!r}))"
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0


def test_first_modules_are_made_without_torch() -> None:
    program = (
        "import sys; from worker.learning import local; from tests.learning import build;"
        "local.initial_modules(build.MODEL, [build.binary_sheet()], bases={});"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], timeout=60).returncode == 0
