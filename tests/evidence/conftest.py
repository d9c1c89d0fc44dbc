"""The federated world of the runs' tests."""

from pathlib import Path

import pytest

from app.db import Database
from tests.runs import world as making
from tests.runs.world import World


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    return making.make(db, tmp_path)
