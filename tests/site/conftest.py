"""A hub in a thread, sites in processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import disks
from tests.site.stage import Stage, stage


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path) as built:
        yield built


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small(tmp_path / "small", megabytes=2) as folder:
        yield folder
