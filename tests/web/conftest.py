"""One populated hub for the area; a fresh copy of its database for whoever changes it."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import migrations
from tests.web import populated
from tests.web.populated import Populated


@pytest.fixture(scope="session")
def hub_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hub")


@pytest.fixture(scope="session")
def made(hub_home: Path) -> Iterator[Populated]:
    url = f"sqlite:///{hub_home / 'hub.sqlite'}"
    migrations.upgrade(url)
    world = populated.make(url, hub_home)
    world.world.hub.db.engine.dispose()
    shutil.copy(hub_home / "hub.sqlite", hub_home / "kept.sqlite")
    yield world
    world.world.hub.db.engine.dispose()


@pytest.fixture(autouse=True, scope="module")
def _as_made(made: Populated, hub_home: Path) -> None:
    """No module sees what another one changed, in whatever order they run."""
    restore(made, hub_home)


@pytest.fixture
def hub(made: Populated, hub_home: Path) -> Iterator[Populated]:
    """As it was made, and as it was made again afterwards."""
    restore(made, hub_home)
    yield made
    restore(made, hub_home)


def restore(made: Populated, home: Path) -> None:
    made.world.hub.db.engine.dispose()
    for name in ("hub.sqlite-wal", "hub.sqlite-shm"):
        (home / name).unlink(missing_ok=True)
    shutil.copy(home / "kept.sqlite", home / "hub.sqlite")
