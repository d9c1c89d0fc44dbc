"""A served hub over each database, and a confirmed site that speaks to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.hub import Hub
from app.main import create_app
from app.settings import Settings
from tests.door.live import serving
from tests.door.sender import Sender
from tests.sites import world as worlds
from tests.sites.world import World
from worker.protocol.signatures import PrivateKey


@dataclass
class Door:
    """A hub that is served, its only site, and the institution around them."""

    hub: Hub
    url: str
    world: World
    site: str
    key: PrivateKey
    sender: Sender

    def post(self, **fields: object) -> str:
        """Puts a job into the site's inbox."""
        with self.hub.db.session() as session:
            return worlds.post(session, self.world, self.hub.key, self.site, **fields).id

    def other(self, client: httpx.Client) -> Sender:
        """Another confirmed site of the same institution."""
        key = PrivateKey()
        with self.hub.db.session() as session:
            site = worlds.ready_site(session, self.world, self.hub.key, key, "Other").id
        return Sender(client, site, key)

    def begun(self) -> tuple[str, int]:
        """A job the site has claimed and confirmed."""
        job = self.post()
        claim = self.sender.claim().json()["claim"]
        assert self.sender.send(f"/jobs/{job}/confirm", {"claim": claim}).status_code == 200
        return job, claim


@pytest.fixture
def store_url(request: pytest.FixtureRequest, database_url: str) -> str:
    """Objects on disk beside SQLite, in a bucket beside PostgreSQL: as hubs are run."""
    if database_url.startswith("sqlite"):
        return ""
    return str(request.getfixturevalue("s3").new_bucket())


@pytest.fixture
def application(database_url: str, redis_url: str, store_url: str, tmp_path: Path) -> FastAPI:
    """The real one, with the real database, Redis, and objects of the test's own."""
    plain = Settings(environment="test", home=tmp_path)
    own = {
        "database_url": database_url,
        "redis_url": redis_url,
        "secret_key": "k" * 40,
        "disk_reserve_mb": 0,
        "object_store_url": store_url,
    }
    return create_app(plain.model_copy(update=own))


@pytest.fixture
def hub(application: FastAPI) -> Hub:
    built: Hub = application.state.hub
    return built


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(timeout=40) as client:
        yield client


@pytest.fixture
def door(application: FastAPI, hub: Hub, client: httpx.Client) -> Iterator[Door]:
    key = PrivateKey()
    with hub.db.session() as session:
        world = worlds.make(session)
        site = worlds.ready_site(session, world, hub.key, key).id
    with serving(application) as url:
        client.base_url = httpx.URL(url)
        yield Door(hub, url, world, site, key, Sender(client, site, key))
