"""The hub's own disk really full: under its objects and under its SQLite file. Refused, told, nothing cut short."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest

import migrations
from app.audit.service import verify
from app.main import create_app
from app.settings import Settings
from tests import disks
from tests.door.conftest import Door
from tests.door.live import serving
from tests.door.sender import Sender
from tests.door.updates import Parcel
from tests.sites import world as worlds
from worker.protocol.canonical import digest
from worker.protocol.codec import encode
from worker.protocol.signatures import PrivateKey

SIZE = 300_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with disks.small(tmp_path / "small", megabytes=12) as folder:
        yield folder


def body() -> bytes:
    draw = np.random.default_rng(1).normal(size=SIZE // 8).astype(np.float32)
    return encode({"fusion::weight": draw, "head/pass::bias": draw})


def parcel(disk: Path, database_url: str, redis_url: str) -> Iterator[Parcel]:
    """One job begun, on a hub whose objects (and maybe database) lie on the small disk."""
    plain = Settings(environment="test", home=disk)
    own = {"database_url": database_url, "redis_url": redis_url, "disk_reserve_mb": 0}
    application = create_app(plain.model_copy(update={**own, "secret_key": "k" * 40}))
    hub, key = application.state.hub, PrivateKey()
    with hub.db.session() as session:
        world = worlds.make(session)
        site = worlds.ready_site(session, world, hub.key, key).id
    with serving(application) as url, httpx.Client(timeout=60, base_url=url) as client:
        door = Door(hub, url, world, site, key, Sender(client, site, key))
        yield Parcel(door, *door.begun(), body=body())
    hub.db.engine.dispose()


def says_full(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (507, "disk-full")
    assert "disk is full" in answer.json()["detail"]


def test_full_under_its_objects(disk: Path, database_url: str, redis_url: str) -> None:
    for sent in parcel(disk, database_url, redis_url):
        begun = sent.start().json()
        sent.put(begun["upload"], 0, sent.body[:100_000])
        staged = next(p for p in disk.rglob("*") if p.is_file() and p.stat().st_size == 100_000)
        disks.fill(disk)
        says_full(sent.put(begun["upload"], 100_000, sent.body[100_000:]))
        assert staged.read_bytes() == sent.body[:100_000], "something was cut short"
        (disk / "filler").unlink()
        assert sent.send(chunk=100_000).json()["complete"] is True
        assert sent.door.hub.objects.get(digest(sent.body)) == sent.body


def test_full_under_its_database(disk: Path, redis_url: str) -> None:
    """Writing ends with one sentence; reading goes on; the file is sound, and so is the audit."""
    file = disk / "hub.sqlite"
    migrations.upgrade(f"sqlite:///{file}")
    for sent in parcel(disk, f"sqlite:///{file}", redis_url):
        door = sent.door
        begun = sent.start().json()
        sent.put(begun["upload"], 0, sent.body[:100_000])
        disks.fill(disk)
        refused = [door.sender.send("/hello") for _ in range(60)][-1]
        says_full(refused)
        says_full(sent.put(begun["upload"], 100_000, sent.body[100_000:]))
        page = door.sender.client.get("/sign-in", headers={"Accept": "text/html"})
        assert page.status_code == 200, "reading needs no room"
        (disk / "filler").unlink()
        assert sent.send(chunk=100_000).json()["complete"] is True
        with door.hub.db.reading() as session:
            assert verify(session, door.world.institution) is None
    with sqlite3.connect(file) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
