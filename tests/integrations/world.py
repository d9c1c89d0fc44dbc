"""A federated hub with webhooks, and what its outbound worker does; the clock can be moved on."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook as Standard

from app.clock import now
from app.effects import Send
from app.hub import Hub
from app.integrations import delivering, queries, webhooks
from app.integrations.events import HookEvent
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.jobs import HubTask
from app.settings import Settings
from tests.integrations.receiver import Heard
from tests.runs.world import Member, World
from worker.hub.delivering import deliver
from worker.hub.sweep import sweep


def rehub(world: World, settings: Settings) -> None:
    """The same hub, under other settings for what goes out."""
    given = {
        "outbound_test_targets": settings.outbound_test_targets,
        "outbound_test_ca": settings.outbound_test_ca,
    }
    hub = world.hub
    changed = hub.settings.model_copy(update=given)
    world.hub = Hub(changed, hub.db, hub.objects, hub.doorbell, hub.key)


def hook(
    world: World, url: str, *events: HookEvent, member: Member | None = None
) -> tuple[str, str]:
    """A webhook of this member, of the lead where none is named; its id and secret."""
    owner = member or world.lead
    with world.hub.db.session() as session:
        row, secret = webhooks.create(
            session,
            world.hub.settings,
            owner.administrator,
            owner.institution,
            url,
            events or (HookEvent.RUN_PROPOSED,),
        )
        return row.id, secret


def sent(world: World) -> list[str]:
    """Takes the deliveries that a worker would be told of."""
    name = HubTask.WEBHOOK_DELIVER.value
    mine = [e.args[0] for e in world.sent if isinstance(e, Send) and e.task == name]
    world.sent[:] = [e for e in world.sent if e.task != name]
    return mine


def work(world: World) -> list[str]:
    """Delivers whatever a worker was told of; returns what came of each."""
    outcomes = []
    while told := sent(world):
        outcomes += [deliver(world.hub, one) for one in told]
    return outcomes


def swept(world: World) -> list[str]:
    """As `work`, after a sweep."""
    sweep(world.hub)
    return work(world)


def rows(world: World, webhook: str) -> list[Delivery]:
    with world.hub.db.reading() as session:
        wanted = select(Delivery).where(Delivery.webhook_id == webhook)
        return list(session.scalars(wanted.order_by(Delivery.created, Delivery.id)))


def row(world: World, webhook: str) -> Webhook:
    with world.hub.db.reading() as session:
        return session.get_one(Webhook, webhook)


def tries(world: World, delivery: str) -> list[DeliveryTry]:
    with world.hub.db.reading() as session:
        return queries.tries(session, [delivery]).get(delivery, [])


def verified(secret: str, heard: Heard) -> Any:
    """By the library of Standard Webhooks, which raises for a wrong signature."""
    return Standard(secret).verify(heard.body, heard.headers)


class Later:
    """The hub's clock, moved on by hand; the time of a message is not checked against the receiver's then."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead = timedelta()
        for module in (delivering, webhooks):
            patch.setattr(module, "now", self.now)
        patch.setattr("app.integrations.outbox.now", self.now)
        patch.setattr("worker.hub.sweep.now", self.now)

    def now(self) -> datetime:
        return now() + self.ahead

    def wait(self, span: timedelta) -> None:
        self.ahead += span
