"""A database with one institution and one confirmed site."""

from dataclasses import dataclass

import pytest

from app.db import Database
from tests.sites import world as worlds
from tests.sites.world import World
from worker.protocol.signatures import PrivateKey


@dataclass
class Enrolled:
    """A confirmed site, its key, and the hub's."""

    world: World
    site: str
    key: PrivateKey
    hub_key: PrivateKey


@pytest.fixture
def hub_key() -> PrivateKey:
    return PrivateKey()


@pytest.fixture
def world(db: Database) -> World:
    with db.session() as session:
        return worlds.make(session)


@pytest.fixture
def enrolled(db: Database, world: World, hub_key: PrivateKey) -> Enrolled:
    key = PrivateKey()
    with db.session() as session:
        site = worlds.ready_site(session, world, hub_key, key)
        return Enrolled(world, site.id, key, hub_key)


@pytest.fixture
def job(db: Database, enrolled: Enrolled) -> str:
    with db.session() as session:
        return worlds.post(session, enrolled.world, enrolled.hub_key, enrolled.site).id
