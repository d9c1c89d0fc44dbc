"""Shared fixtures: real databases made by the migrations, a real Redis, the cast, and no way out to the net."""

import gc
import itertools
import os
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import event
from sqlalchemy.orm import Session
from xdist.scheduler import LoadFileScheduling

import migrations
from app.db import Database
from app.settings import Settings
from tests import buckets, needs, servers
from tests.cast import Cast, make_cast

# Threads of numerical libraries multiply with test workers; one each is fastest on two cores.
for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

_numbers = itertools.count(1)


class TogetherScheduling(LoadFileScheduling):
    """A file stays on one worker, so what it starts is started once. Files that start many processes run one after
    another, sites' beside the hub's and the demo's; so do those that drive a browser: two cores are soon full.

    By name, because the groups of xdist 3.8 do nothing under pytest 9.2: it looks for `item._nodeid`, which is gone.
    """

    def _split_scope(self, nodeid: str) -> str:
        return _scope(nodeid.split("::")[0])


def _scope(file: str) -> str:
    if "/browser/" in file:
        return "browser"
    if "/test_live" not in file:
        return file
    return "live sites" if "/site/" in file else "live hub"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling | None:
    """For `-n N --dist loadfile`."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False
    return TogetherScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes minutes comes first, so that no worker is left alone with it at the end."""
    first = {"live sites": 0, "live hub": 1, "browser": 2}
    items.sort(key=lambda item: first.get(_scope(item.nodeid.split("::")[0]), len(first)))


def pytest_collection_finish() -> None:
    """What stands now stays, and is not walked again at each collection; the rest is walked less often, as in a hub."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """A connection to anything but loopback or a local socket is an error of the test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
        yield


def _guarded(original: Any) -> Any:
    def connect(self: socket.socket, address: Any) -> Any:
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise RuntimeError(f"a test may not connect to {address[0]}")
        return original(self, address)

    return connect


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """A cluster with a migrated database named `template`, to copy from."""
    with servers.postgres() as server:
        migrations.upgrade(server.create("template"))
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated file, in one piece (no WAL beside it), to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    migrations.upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "hub.sqlite"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_server: servers.PostgresServer) -> Iterator[str]:
    name = f"test_{next(_numbers)}"
    yield postgres_server.create(name, "template")
    postgres_server.drop(name)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest) -> str:
    """What a test of the database runs on: once on each."""
    return str(request.param)


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest) -> str:
    """An empty migrated database of this test's own."""
    return str(request.getfixturevalue("sqlite_url" if engine == "sqlite" else "postgres_url"))


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The hub's `Database` over `database_url`."""
    database = Database(database_url)
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def empty_sqlite(
    sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    path = tmp_path_factory.mktemp("empty") / "hub.sqlite"
    shutil.copy(sqlite_template, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.engine.dispose()


@pytest.fixture(scope="session")
def empty_postgresql(postgres_server: servers.PostgresServer) -> Iterator[Database]:
    database = Database(postgres_server.create("empty", "template"))
    yield database
    database.engine.dispose()


@pytest.fixture
def session(engine: str, request: pytest.FixtureRequest) -> Iterator[Session]:
    """One writing transaction, rolled back at the end. So tests that want no more of a database share an empty one."""
    alone = "database_url" not in request.fixturenames
    database = request.getfixturevalue(f"empty_{engine}" if alone else "db")
    with Session(database.engine, expire_on_commit=False) as session:
        if alone:
            event.listen(session, "before_commit", _commits_nothing)
        yield session


def _commits_nothing(session: Session) -> None:
    if not session.in_nested_transaction():
        raise RuntimeError("a test that commits asks for `db`: it wants a database of its own")


@pytest.fixture
def cast(session: Session) -> Cast:
    """Everyone, in the transaction of `session`."""
    return make_cast(session)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a hub under test; its home is this test's own."""
    return Settings(
        environment="test",
        home=tmp_path,
        secret_key="0123456789abcdef" * 4,
        public_url="http://hub.test",
        contact="operator@hub.example",
    )


@pytest.fixture(scope="session")
def redis_server() -> Iterator[str]:
    with servers.redis_server() as url:
        yield url


@pytest.fixture(scope="session")
def s3_server() -> Iterator[buckets.S3Server]:
    with buckets.s3_server() as server:
        yield server


@pytest.fixture
def s3(s3_server: buckets.S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[buckets.S3Server]:
    """A store that speaks S3, and its key in the environment; faults set on it end with the test."""
    for name, value in buckets.KEYS.items():
        monkeypatch.setenv(name, value)
    yield s3_server
    s3_server.fault, s3_server.deaf_to_conditions = None, False
    s3_server.seen.clear()


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """An empty Redis."""
    client = redis.Redis.from_url(redis_server)
    client.flushall()
    client.close()
    return redis_server


@pytest.fixture
def need() -> Any:
    """`need("chromium")` or `need(path)`: see tests/needs.py."""
    return needs.need
