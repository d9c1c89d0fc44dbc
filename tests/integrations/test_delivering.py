"""From an event of the hub to a server of somebody else's: told, tried again, given up, turned off, sent again."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import WebhookVerificationError

from app.federations import service as federations
from app.federations.models import Federation
from app.integrations import webhooks
from app.integrations.events import TEST, HookEvent
from app.integrations.models import Delivery, Webhook
from app.integrations.states import DeliveryState, WebhookState
from app.outbound import Trouble
from tests.integrations import world as making
from tests.integrations.receiver import Receiver
from tests.integrations.world import Later
from tests.runs import world as acting
from tests.runs.world import World
from worker.hub import delivering as worker


def test_an_event_arrives_signed(world: World, receiver: Receiver) -> None:
    webhook, secret = making.hook(world, receiver.url)
    run = acting.propose(world)
    assert making.work(world) == ["200"]
    (heard,) = receiver.heard
    told = making.verified(secret, heard)
    assert told["type"] == "run.proposed"
    assert told["data"]["run"] == run
    assert told["data"]["federation"] == world.federation
    assert told["data"]["to"] == world.lead.institution
    assert heard.headers["content-type"] == "application/json"
    (delivery,) = making.rows(world, webhook)
    assert (delivery.id, delivery.state) == (heard.id, DeliveryState.DELIVERED)
    (one,) = making.tries(world, delivery.id)
    assert (one.status, one.trouble) == (200, None)


def test_a_changed_message_is_found_out(world: World, receiver: Receiver) -> None:
    _webhook, secret = making.hook(world, receiver.url)
    acting.propose(world)
    making.work(world)
    (heard,) = receiver.heard
    forged = heard.__class__(heard.path, heard.headers, heard.body.replace(b"run", b"fun"))
    with pytest.raises(WebhookVerificationError):
        making.verified(secret, forged)


def test_every_member_hears_and_nobody_else(world: World, receiver: Receiver) -> None:
    """What happens in a federation is told to each member once; what is one's own, to oneself."""
    everything = tuple(HookEvent)
    mine, _ = making.hook(world, receiver.url, *everything)
    theirs, _ = making.hook(world, receiver.url, *everything, member=world.members[1])
    (outside,) = world.stranger.institutions
    with world.hub.db.session() as session:
        strange, _secret = webhooks.create(
            session, world.hub.settings, world.stranger, outside, receiver.url, everything
        )
    acting.propose(world)
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        third = world.members[2]
        federations.leave(session, third.administrator, federation, third.institution)
    for webhook in (mine, theirs):
        told = [json.loads(d.payload) for d in making.rows(world, webhook)]
        assert [t["type"] for t in told] == ["run.proposed", "member.left"]
        assert told[1]["data"]["institution"] == world.members[2].institution
    assert making.rows(world, strange.id) == []


def test_an_event_that_is_taken_back_tells_nobody(world: World, receiver: Receiver) -> None:
    """The outbox is written in the transaction of the event."""
    webhook, _secret = making.hook(world, receiver.url)
    with pytest.raises(ZeroDivisionError), world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        acting.service.propose(session, world.lead.administrator, federation, acting.Proposal())
        assert session.scalars(select(Delivery)).one().webhook_id == webhook
        raise ZeroDivisionError
    assert making.rows(world, webhook) == []
    assert making.sent(world) == []


def test_the_log_says_why_and_nothing_the_other_side_said(
    world: World, receiver: Receiver, later: Later
) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    receiver.body = b"a secret of the receiver"
    receiver.answers = [302]
    receiver.headers = {"Location": "https://10.0.0.1/"}
    acting.propose(world)
    making.work(world)
    (delivery,) = making.rows(world, webhook)
    (one,) = making.tries(world, delivery.id)
    assert (one.status, one.trouble) == (302, Trouble.REDIRECT)
    assert one.ms >= 0
    columns = {c.name for c in one.__table__.columns}
    assert columns == {"id", "delivery_id", "at", "status", "ms", "trouble"}


def test_sent_again_under_the_same_id(world: World, receiver: Receiver) -> None:
    webhook, secret = making.hook(world, receiver.url)
    acting.propose(world)
    making.work(world)
    (delivery,) = making.rows(world, webhook)
    with world.hub.db.session() as session:
        webhooks.replay(session, world.lead.administrator, delivery.id)
    assert making.work(world) == ["200"]
    first, second = receiver.heard
    assert (first.id, first.body) == (second.id, second.body)
    making.verified(secret, second)
    assert len(making.tries(world, delivery.id)) == 2
    assert making.rows(world, webhook)[0].state is DeliveryState.DELIVERED


def test_two_secrets_sign_for_a_day(world: World, receiver: Receiver, later: Later) -> None:
    webhook, old = making.hook(world, receiver.url)
    with world.hub.db.session() as session:
        found = session.get_one(Webhook, webhook)
        new = webhooks.rotate(session, world.hub.settings, world.lead.administrator, found)
    assert new != old
    acting.propose(world)
    making.work(world)
    (heard,) = receiver.heard
    assert len(heard.headers["webhook-signature"].split()) == 2
    for secret in (old, new):
        making.verified(secret, heard)
    later.wait(webhooks.BOTH + timedelta(seconds=1))
    making.swept(world)
    assert making.row(world, webhook).old_secret is None
    with world.hub.db.session() as session:
        found = session.get_one(Webhook, webhook)
        webhooks.test(session, world.lead.administrator, found)
    making.work(world)
    assert len(receiver.heard[-1].headers["webhook-signature"].split()) == 1


def test_a_test_message(world: World, receiver: Receiver) -> None:
    webhook, secret = making.hook(world, receiver.url)
    with world.hub.db.session() as session:
        found = session.get_one(Webhook, webhook)
        webhooks.test(session, world.lead.administrator, found)
    assert making.work(world) == ["200"]
    told = making.verified(secret, receiver.heard[0])
    assert told["type"] == TEST
    assert told["data"] == {"to": world.lead.institution, "webhook": webhook}


def test_removed_while_a_message_is_on_its_way(
    world: World, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    acting.propose(world)
    ask = worker._ask

    def removing(*given: object) -> object:
        with world.hub.db.session() as session:
            found = session.get_one(Webhook, webhook)
            webhooks.remove(session, world.lead.administrator, found)
        return ask(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(worker, "_ask", removing)
    receiver.answers = [500]
    making.work(world)
    (delivery,) = making.rows(world, webhook)
    assert (delivery.state, delivery.next_try) == (DeliveryState.GIVEN_UP, None)
    found = making.row(world, webhook)
    assert (found.state, found.secret) == (WebhookState.REMOVED, "")
    acting.propose(world)
    assert len(making.rows(world, webhook)) == 1


def test_old_messages_are_forgotten(world: World, receiver: Receiver, later: Later) -> None:
    webhook, _secret = making.hook(world, receiver.url)
    acting.propose(world)
    making.work(world)
    later.wait(timedelta(days=29))
    making.swept(world)
    (delivery,) = making.rows(world, webhook)
    later.wait(timedelta(days=2))
    making.swept(world)
    assert making.rows(world, webhook) == []
    assert making.tries(world, delivery.id) == []
