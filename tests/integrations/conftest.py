"""A receiver over real TLS, and settings under which the hub may reach it on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.db import Database
from app.settings import Settings
from tests.integrations import receiver as receiving
from tests.integrations import world as making
from tests.integrations.receiver import HOST, Authority, Receiver
from tests.integrations.world import Later
from tests.runs import world as acting
from tests.runs.world import World


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return receiving.authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def receiver(authority: Authority) -> Iterator[Receiver]:
    with receiving.receiver(authority.vouch(HOST)) as made:
        yield made


@pytest.fixture
def reaching(settings: Settings, receiver: Receiver, authority: Authority) -> Settings:
    return settings.model_copy(
        update={
            "outbound_test_targets": receiver.target,
            "outbound_test_ca": str(authority.file),
        }
    )


@pytest.fixture
def world(db: Database, tmp_path: Path, reaching: Settings) -> World:
    made = acting.make(db, tmp_path, count=3)
    making.rehub(made, reaching)
    return made


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    return Later(monkeypatch)
