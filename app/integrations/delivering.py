"""One message on its way: taken by one worker, tried, tried again later and later, at last given up.

The hub's worker asks the other side between `take` and `done`, outside every transaction.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Send, after_commit
from app.ids import new_id
from app.integrations import queries, signing
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.states import (
    DELIVERY_TRANSITIONS,
    WEBHOOK_TRANSITIONS,
    DeliveryState,
    OffReason,
    WebhookState,
)
from app.jobs import HubTask
from app.outbound import SECONDS, Trouble
from app.secrets import open_
from app.settings import Settings
from app.states import try_move

_chance = random.Random()
WAITS_S = (5, 30, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""After the first failure, the second, …: a little over three days in all, then it is given up."""
HOLD = timedelta(seconds=3 * SECONDS)
"""How long a worker that was killed keeps others off."""
REST = timedelta(seconds=60)
"""Between two tries at a server that fails, at most."""
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
    """`status` of an answer, and why it was of no use or there was none."""

    ms: int
    status: int | None = None
    trouble: Trouble | None = None

    @property
    def well(self) -> bool:
        return self.trouble is None and self.status is not None and 200 <= self.status < 300


def take(session: Session, settings: Settings, delivery_id: str) -> Message | None:
    """None when it is not due, another worker asks the same server, or its webhook is off."""
    found = queries.by_id(session, delivery_id)
    moment = now()
    if found is None or not _hold(session, found[1], moment):
        return None
    row, webhook = found
    session.refresh(row)
    due = row.next_try is not None and row.next_try <= moment
    if row.state is not DeliveryState.WAITING or not due:
        webhook.held_until = None
        session.flush()
        return None
    body = row.payload.encode()
    secrets = [open_(settings, sealed).decode() for sealed in _sealed(webhook, moment)]
    headers = signing.headers(secrets, row.id, int(moment.timestamp()), body)
    return Message(row.id, webhook.url, body, headers)


def _hold(session: Session, webhook: Webhook, moment: datetime) -> bool:
    held = session.execute(
        update(Webhook)
        .where(
            Webhook.id == webhook.id,
            Webhook.state == WebhookState.ACTIVE,
            or_(Webhook.held_until.is_(None), Webhook.held_until < moment),
        )
        .values(held_until=moment + HOLD)
        .execution_options(synchronize_session=False)
    )
    session.refresh(webhook)
    return held.rowcount == 1  # type: ignore[attr-defined, no-any-return]


def _sealed(webhook: Webhook, moment: datetime) -> list[str]:
    """The secret, and for a time the one before it."""
    if webhook.old_secret and webhook.old_until and webhook.old_until > moment:
        return [webhook.secret, webhook.old_secret]
    return [webhook.secret]


def done(session: Session, delivery_id: str, outcome: Outcome) -> None:
    """Writes the try down and decides what follows. A message given up meanwhile stays so."""
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
    row.tries += 1
    webhook.held_until = None
    session.flush()
    if outcome.well:
        _end(session, row, DeliveryState.DELIVERED, moment)
        webhook.failing_since = None
        session.flush()
        _go_on(session, webhook, moment)
    else:
        _failed(session, row, webhook, outcome, moment)


def _failed(
    session: Session, row: Delivery, webhook: Webhook, outcome: Outcome, moment: datetime
) -> None:
    webhook.failing_since = webhook.failing_since or moment
    wait = _wait(row.tries)
    webhook.held_until = moment + min(REST, wait or REST)
    if row.state is DeliveryState.WAITING:
        row.next_try = moment + wait if wait else None
    session.flush()
    if wait is None:
        _end(session, row, DeliveryState.GIVEN_UP, moment)
    if outcome.status == GONE:
        _turn_off(session, webhook, OffReason.GONE)
    elif moment - webhook.failing_since >= OFF_AFTER:
        _turn_off(session, webhook, OffReason.FAILING)


def _wait(tries: int) -> timedelta | None:
    """Spread, so that messages which failed together do not come back together. None: not tried again."""
    if tries > len(WAITS_S):
        return None
    return timedelta(seconds=WAITS_S[tries - 1] * _chance.uniform(1.0, 1.2))


def _end(session: Session, row: Delivery, state: DeliveryState, moment: datetime) -> None:
    try_move(session, DELIVERY_TRANSITIONS, row, Delivery.state, state, ended=moment, next_try=None)


def _go_on(session: Session, webhook: Webhook, moment: datetime) -> None:
    """The message behind this one, which no worker could take meanwhile."""
    following = queries.next_due(session, webhook.id, moment)
    if following is not None:
        after_commit(session, Send(HubTask.WEBHOOK_DELIVER.value, (following,)))


def _turn_off(session: Session, webhook: Webhook, reason: OffReason) -> None:
    """Whoever could turn it on again is told by a notice."""
    off = WebhookState.OFF
    if not try_move(session, WEBHOOK_TRANSITIONS, webhook, Webhook.state, off, changed=now()):
        return
    record(
        session,
        "hub",
        kinds.WEBHOOK_TURNED_OFF,
        chain=webhook.institution_id,
        subject=webhook.id,
        body={"reason": reason},
    )
