"""When a server does not take a message, or a worker dies: tried again, given up, turned off, never lost."""

import threading
from datetime import timedelta

import pytest

from app.errors import Conflict
from app.integrations import delivering, webhooks
from app.integrations.delivering import WAITS_S
from app.integrations.models import Webhook
from app.integrations.states import DeliveryState, WebhookState
from tests.integrations import world as making
from tests.integrations.receiver import Receiver
from tests.integrations.world import Later
from tests.runs import world as acting
from tests.runs.world import World
from tests.servers import wait_until
from worker.hub import delivering as worker
from worker.hub.delivering import deliver


def test_tried_again_later_and_later_then_given_up_and_off(
    world: World, receiver: Receiver, later: Later
) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    receiver.answers = [500]
    acting.propose(world)
    assert making.work(world) == ["500"]
    waited = []
    for _ in range(len(WAITS_S)):
        (delivery,) = making.rows(world, webhook)
        assert delivery.state is DeliveryState.WAITING and delivery.next_try is not None
        assert deliver(world.hub, delivery.id) == "not due"
        span = delivery.next_try - later.now()
        waited.append(span.total_seconds())
        later.wait(span + timedelta(seconds=1))
        assert making.swept(world) == ["500"]
    (delivery,) = making.rows(world, webhook)
    assert (delivery.state, delivery.tries) == (DeliveryState.GIVEN_UP, 11)
    assert {heard.id for heard in receiver.heard} == {delivery.id}
    assert len(receiver.heard) == 11
    for got, least in zip(waited, WAITS_S, strict=True):
        assert least - 1 <= got <= 1.2 * least
    assert 3 * 86_400 < sum(waited) < 4 * 86_400
    assert making.row(world, webhook).state is WebhookState.OFF
    # Off: it is told no more, until a person turns it on.
    acting.propose(world)
    assert making.rows(world, webhook)[1:] == []


def test_a_receiver_that_is_gone_turns_it_off_at_once(world: World, receiver: Receiver) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    receiver.answers = [410, 200]
    acting.propose(world)
    assert making.work(world) == ["410"]
    assert making.row(world, webhook).state is WebhookState.OFF
    assert making.swept(world) == []
    with world.hub.db.session() as session:
        found = session.get_one(Webhook, webhook)
        with pytest.raises(Conflict):
            webhooks.test(session, world.lead.administrator, found)
        webhooks.turn_on(session, world.lead.administrator, found)
    assert making.swept(world) == ["200"]
    first, second = receiver.heard
    assert first.id == second.id


def test_after_a_failure_the_others_wait_and_then_all_arrive(
    world: World, receiver: Receiver, later: Later
) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    receiver.answers = [503, 200]
    for _ in range(3):
        acting.propose(world)
    assert making.work(world) == ["503", "not due", "not due"]
    later.wait(timedelta(seconds=7))
    assert making.swept(world) == ["200", "200", "200"]
    assert len({heard.id for heard in receiver.heard}) == 3
    assert making.row(world, webhook).failing_since is None


def test_one_server_takes_one_worker(world: World, receiver: Receiver) -> None:
    """However slow it is: a second worker goes on to others, and the first takes up what it left."""
    webhook, _secret = making.hook(world, receiver.url)
    receiver.hold()
    acting.propose(world)
    acting.propose(world)
    first, second = making.sent(world)
    slow = threading.Thread(target=deliver, args=(world.hub, first))
    slow.start()
    wait_until(lambda: len(receiver.heard) == 1, seconds=20, what="the first message")
    assert deliver(world.hub, second) == "not due"
    assert making.row(world, webhook).held_until is not None
    receiver.let_go()
    slow.join()
    assert making.work(world) == ["200"]
    assert [heard.id for heard in receiver.heard] == [first, second]


class Killed(BaseException):
    """As `kill -9`: nothing catches it."""


@pytest.mark.parametrize("late", [False, True], ids=["before it left", "after it arrived"])
def test_a_killed_worker_loses_nothing(
    world: World,
    receiver: Receiver,
    later: Later,
    monkeypatch: pytest.MonkeyPatch,
    late: bool,
) -> None:
    """At worst a message comes twice, under the same id."""
    _webhook, secret = making.hook(world, receiver.url)
    acting.propose(world)
    (delivery,) = making.sent(world)

    def dies(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(*((delivering, "done", dies) if late else (worker, "_ask", dies)))
        deliver(world.hub, delivery)
    assert making.swept(world) == []  # held for a while: it may still be at work
    later.wait(delivering.HOLD + timedelta(seconds=1))
    assert making.swept(world) == ["200"]
    assert [heard.id for heard in receiver.heard] == [delivery] * (2 if late else 1)
    assert making.swept(world) == []
    for heard in receiver.heard[:1]:
        assert heard.headers["webhook-id"] == delivery
    assert secret
