"""What probes get: alive without asking anything, ready only with what pages need; whatever the Host."""

from dataclasses import replace
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from app.db import Database
from app.events import Doorbell
from app.objects.disk import DiskStore
from app.settings import Settings
from tests.servers import free_port
from tests.web.populated import Populated


@pytest.fixture
def probe(made: Populated) -> TestClient:
    return TestClient(made.app, base_url="http://10.1.2.3:8000")


@pytest.fixture
def other(made: Populated, monkeypatch: pytest.MonkeyPatch) -> object:
    """Puts another part into the hub for this test."""
    kept = made.app.state.hub

    def put(**fields: object) -> None:
        made.app.state.hub = replace(kept, **fields)

    yield put
    made.app.state.hub = kept


def test_ready_needs_no_redis(probe: TestClient) -> None:
    answer = probe.get("/health/ready")
    assert answer.json() == {"database": "up", "objects": "up", "redis": "away"}
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers


def test_a_database_that_is_away(probe: TestClient, other: object) -> None:
    url = f"postgresql+psycopg://hub@127.0.0.1:{free_port()}/hub"
    other(db=Database(url))  # type: ignore[operator]
    answer = probe.get("/health/ready")
    assert (answer.status_code, answer.json()["database"]) == (503, "away")
    assert probe.get("/health/live").status_code == 200


def test_a_full_disk(probe: TestClient, other: object, tmp_path: Path) -> None:
    other(objects=DiskStore(tmp_path, reserve_bytes=1 << 62))  # type: ignore[operator]
    answer = probe.get("/health/ready")
    assert (answer.status_code, answer.json()["objects"]) == (503, "full")


def test_a_process_that_leaves_is_not_ready(
    probe: TestClient, other: object, settings: Settings
) -> None:
    bell = Doorbell("")
    other(doorbell=bell)  # type: ignore[operator]
    assert probe.get("/health/ready").status_code == 200
    bell.close_up()
    assert probe.get("/health/ready").status_code == 503
