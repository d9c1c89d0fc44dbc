"""The federated world of the runs' tests."""

from pathlib import Path

import pytest

from app.db import Database
from app.releases import queries
from app.runs.schemas import Proposal
from tests.runs import world as making
from tests.runs.world import World


@pytest.fixture
def world(db: Database, tmp_path: Path) -> World:
    return making.make(db, tmp_path)


@pytest.fixture
def release(world: World) -> str:
    """Of a run of one round that every site trained."""
    run_id = making.running(world, Proposal(rounds=1))
    for member in world.members:
        making.train(world, member)
    world.work()
    with world.hub.db.reading() as session:
        found = queries.of_run(session, run_id)
        assert found is not None
        return found.id
