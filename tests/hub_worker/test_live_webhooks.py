"""A real hub worker on a real Redis tells a real server over TLS, also when one of the two goes away in between."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.db import Database
from app.effects import Send
from app.hub import Hub
from app.integrations import webhooks
from app.integrations.models import Webhook
from app.integrations.states import DeliveryState
from app.jobs import HubTask, Sender
from app.settings import Settings
from tests.hub_worker.test_live import Workers
from tests.integrations import receiver as receiving
from tests.integrations import world as making
from tests.integrations.receiver import HOST, Receiver, authority
from tests.runs import world as acting
from tests.runs.world import World
from tests.servers import wait_until

pytestmark = [pytest.mark.live, pytest.mark.postgres, pytest.mark.timeout(240)]


@pytest.fixture
def engine() -> str:
    """One will do: tests/integrations has what these tasks ask of a database, on both."""
    return "postgresql"


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving.receiver(authority(tmp_path).vouch(HOST)) as made:
        yield made


@pytest.fixture
def live(
    db: Database, tmp_path: Path, redis_url: str, receiver: Receiver, settings: Settings
) -> World:
    """The world, whose tasks go to Redis; its sealed secrets can be opened by the worker."""
    world = acting.make(db, tmp_path, count=3)
    changed = world.hub.settings.model_copy(update={"redis_url": redis_url, "secret_key": "k" * 40})
    sender = Sender(redis_url)
    db.dispatch = lambda effect: (
        sender.send(HubTask(effect.task), *effect.args) if isinstance(effect, Send) else None
    )
    world.hub = Hub(changed, db, world.hub.objects, world.hub.doorbell, world.hub.key)
    return world


@contextmanager
def working(
    world: World, receiver: Receiver, url: str, redis_url: str, home: Path
) -> Iterator[Workers]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLLEGIUM_OUTBOUND_TEST_TARGETS", receiver.target)
        patch.setenv("COLLEGIUM_OUTBOUND_TEST_CA", str(home / "authority.pem"))
        made = Workers(world, url, redis_url, home)
    try:
        yield made
    finally:
        made.kill()


def delivered(world: World, webhook: str, count: int) -> bool:
    states = [row.state for row in making.rows(world, webhook)]
    return states == [DeliveryState.DELIVERED] * count


def test_told_then_failing_then_told_again_then_sent_again(
    live: World, receiver: Receiver, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    webhook, secret = making.hook(live, receiver.url)
    with working(live, receiver, database_url, redis_url, tmp_path):
        acting.propose(live)
        wait_until(lambda: delivered(live, webhook, 1), seconds=60, what="the first message")
        receiver.answers = [503, 200]
        begun = time.monotonic()
        with live.hub.db.session() as session:
            found = session.get_one(Webhook, webhook)
            webhooks.test(session, live.lead.administrator, found)
        wait_until(lambda: delivered(live, webhook, 2), seconds=60, what="the second try")
        assert time.monotonic() - begun >= 4
        first, tested = making.rows(live, webhook)
        assert [t.status for t in making.tries(live, tested.id)] == [503, 200]
        with live.hub.db.session() as session:
            webhooks.replay(session, live.lead.administrator, first.id)
        wait_until(lambda: len(receiver.heard) == 4, seconds=60, what="the replay")
    for heard in receiver.heard:
        making.verified(secret, heard)
    assert [h.id for h in receiver.heard] == [first.id, tested.id, tested.id, first.id]


def test_a_worker_killed_while_it_asks(
    live: World, receiver: Receiver, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """Killed with -9 while the server had the message and had not answered: it comes again under the same id."""
    webhook, secret = making.hook(live, receiver.url)
    receiver.hold()
    with working(live, receiver, database_url, redis_url, tmp_path) as running:
        acting.propose(live)
        acting.propose(live)
        wait_until(lambda: len(receiver.heard) == 1, seconds=60, what="the first message")
        running.restart()
        receiver.let_go()
        wait_until(lambda: delivered(live, webhook, 2), seconds=120, what="both messages")
    first, second = (row.id for row in making.rows(live, webhook))
    ids = [heard.id for heard in receiver.heard]
    assert ids[0] in (first, second)
    assert sorted(set(ids)) == sorted([first, second])
    assert len(ids) == 3 and ids.count(ids[0]) == 2
    for heard in receiver.heard:
        making.verified(secret, heard)
