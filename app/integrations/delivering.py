"""One message on its way: taken by one worker, tried, tried again later and later, at last given up.

The hub's worker asks the other side between `take` and `done`, outside every transaction.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import after_commit
from app.ids import new_id
from app.integrations import mails, queries, signing
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.states import (
    DELIVERY_TRANSITIONS,
    WEBHOOK_TRANSITIONS,
    DeliveryState,
    WebhookState,
)
from app.outbound import SECONDS, Trouble
from app.people import queries as people
from app.secrets import open_
from app.settings import Settings
from app.states import try_move

WAITS_S = (5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first failure, the second, …: a little over three days in all, then it is given up."""
HOLD = timedelta(seconds=3 * SECONDS)
OFF_AFTER = timedelta(days=3)
GONE = 410
"""Standard Webhooks: this receiver wants no more."""


@dataclass(frozen=True)
class Message:
    """Ready to send."""

    delivery: str
    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """`status` of an answer, or why there was none."""

    ms: int
    status: int | None = None
    trouble: Trouble | None = None

    @property
    def well(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def take(session: Session, settings: Settings, delivery_id: str) -> Message | None:
    """None when it is not due, another worker holds it, or its webhook is off."""
    moment = now()
    taken = session.execute(
        update(Delivery)
        .where(
            Delivery.id == delivery_id,
            Delivery.state == DeliveryState.WAITING,
            Delivery.next_try <= moment,
            or_(Delivery.held_until.is_(None), Delivery.held_until < moment),
        )
        .values(held_until=moment + HOLD)
        .execution_options(synchronize_session=False)
    )
    found = queries.by_id(session, delivery_id)
    if taken.rowcount != 1 or found is None:  # type: ignore[attr-defined]
        return None
    row, webhook = found
    if webhook.state is not WebhookState.ACTIVE:
        return None
    body, secret = row.payload.encode(), open_(settings, webhook.secret).decode()
    headers = signing.headers(secret, row.id, int(moment.timestamp()), body)
    return Message(row.id, webhook.url, body, headers)


def done(session: Session, settings: Settings, delivery_id: str, outcome: Outcome) -> None:
    """Writes the try down and decides what follows."""
    found = queries.by_id(session, delivery_id)
    if found is None:
        return
    row, webhook = found
    moment = now()
    session.add(
        DeliveryTry(
            id=new_id("try"),
            delivery_id=row.id,
            at=moment,
            status=outcome.status,
            ms=outcome.ms,
            trouble=outcome.trouble,
        )
    )
    row.tries, row.held_until = row.tries + 1, None
    session.flush()
    if outcome.well:
        _end(session, row, DeliveryState.DELIVERED, moment)
        webhook.failing_since = None
        return
    webhook.failing_since = webhook.failing_since or moment
    if row.tries > len(WAITS_S):
        _end(session, row, DeliveryState.GIVEN_UP, moment)
    else:
        row.next_try = moment + _wait(row.tries)
    if outcome.status == GONE or moment - webhook.failing_since >= OFF_AFTER:
        _turn_off(session, settings, webhook)


def _wait(tries: int) -> timedelta:
    """Spread, so that messages which failed together do not come back together."""
    return timedelta(seconds=WAITS_S[tries - 1] * random.uniform(1.0, 1.2))


def _end(session: Session, row: Delivery, state: DeliveryState, moment: datetime) -> None:
    try_move(session, DELIVERY_TRANSITIONS, row, Delivery.state, state, ended=moment, next_try=None)


def _turn_off(session: Session, settings: Settings, webhook: Webhook) -> None:
    """With a notice to everyone who could turn it on again."""
    off = WebhookState.OFF
    if not try_move(session, WEBHOOK_TRANSITIONS, webhook, Webhook.state, off, changed=now()):
        return
    record(
        session,
        "hub",
        kinds.WEBHOOK_TURNED_OFF,
        chain=webhook.institution_id,
        subject=webhook.id,
    )
    for person in people.people_with(session, webhook.institution_id, Permission.WEBHOOK_EDIT):
        after_commit(session, mails.turned_off(settings, person, webhook))
