"""The real application over each database, its hub's effects collected instead of sent."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.db import Database
from app.main import create_app
from tests.api.stage import Stage, set_up
from tests.runs import world as making


@pytest.fixture
def stage(db: Database, tmp_path: Path) -> Iterator[Stage]:
    world = making.make(db, tmp_path, count=3)
    application = create_app(world.hub.settings)
    application.state.hub.close()
    application.state.hub = world.hub
    with TestClient(application, raise_server_exceptions=False) as client:
        yield set_up(world, client)
