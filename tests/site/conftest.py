"""A hub in a thread, sites in processes."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.needs import leave_out
from tests.site.stage import Stage, stage


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path) as built:
        yield built


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Two megabytes, really."""
    if os.geteuid() != 0:
        leave_out("needs root to mount a small disk; CI runs as root")
    folder = tmp_path / "small"
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)])
    if made.returncode != 0:
        leave_out("needs the right to mount a small disk; run in a privileged container")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
