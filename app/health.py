"""Whether the parts a hub stands on answer now, for probes and for the operator's `status`. Names and words only."""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

import redis
import sqlalchemy as sa
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from app.db import Database
from app.errors import DiskFull
from app.objects import ObjectStore, StoreAway, UnknownStore

UP, AWAY, FULL = "up", "away", "full"
_NO_OBJECT = "0" * 64
_QUICK_S = 2.0


@dataclass(frozen=True)
class Part:
    """`needed`: without it no page is served. Without Redis pages look by themselves and the sweep waits."""

    name: str
    state: str
    needed: bool


def parts(db: Database, objects: ObjectStore, redis_url: str) -> tuple[Part, ...]:
    """Asks each once, in at most some seconds."""
    return (
        Part("database", _state(lambda: _ask_database(db)), True),
        Part("objects", _state(lambda: _ask_store(objects)), True),
        Part("redis", _state(lambda: _ask_redis(redis_url)), False),
    )


def _state(ask: Callable[[], None]) -> str:
    try:
        ask()
    except DiskFull:
        return FULL
    except (SQLAlchemyError, StoreAway, UnknownStore, RedisError, OSError, ValueError):
        return AWAY
    return UP


def _ask_database(db: Database) -> None:
    with db.reading() as session:
        session.execute(sa.text("SELECT version_num FROM alembic_version"))


def _ask_store(objects: ObjectStore) -> None:
    objects.require_room(1)
    objects.exists(_NO_OBJECT)


def _ask_redis(url: str) -> None:
    client = redis.Redis.from_url(url, socket_timeout=_QUICK_S, socket_connect_timeout=_QUICK_S)
    with closing(client):
        client.ping()
