"""Webhooks: made, changed, turned on again, removed, and a message sent again. Each is an event of the institution."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Send, after_commit
from app.errors import Conflict, Invalid, Outdated
from app.ids import new_id
from app.integrations import outbox, queries, signing
from app.integrations.events import TELLINGS, TEST, HookEvent
from app.integrations.models import Delivery, Webhook
from app.integrations.states import (
    DELIVERY_TRANSITIONS,
    WEBHOOK_TRANSITIONS,
    DeliveryState,
    WebhookState,
)
from app.jobs import HubTask
from app.outbound import OutboundRefused, target_of
from app.secrets import seal
from app.settings import Settings
from app.states import move
from app.text import _

MOST = 20
"""Webhooks of one institution."""
BOTH = timedelta(hours=24)
"""After a change of secret the old one signs too, so that a receiver has time to learn the new one."""


def create(
    session: Session,
    settings: Settings,
    actor: Actor,
    institution: str,
    url: str,
    events: Iterable[HookEvent],
) -> tuple[Webhook, str]:
    """The row, and its secret `whsec_…`: the only time it is seen. Raises Invalid, Conflict."""
    require(actor, Permission.WEBHOOK_EDIT, institution)
    fresh(actor)
    wanted = _wanted(actor, institution, events)
    address = _address(url)
    if queries.count(session, institution) >= MOST:
        raise Conflict(
            _("An institution has at most {most} webhooks. Remove one.").format(most=MOST)
        )
    secret, moment = signing.new_secret(), now()
    row = Webhook(
        id=new_id("webhook"),
        institution_id=institution,
        url=address,
        secret=seal(settings, secret.encode()),
        events=wanted,
        state=WebhookState.ACTIVE,
        revision=1,
        created_by=actor.person,
        created=moment,
        changed=moment,
    )
    session.add(row)
    session.flush()
    _record(session, actor.id, kinds.WEBHOOK_ADDED, row)
    return row, secret


def change(
    session: Session,
    actor: Actor,
    row: Webhook,
    *,
    url: str,
    events: Iterable[HookEvent],
    revision: int,
) -> Webhook:
    """Raises Outdated with both versions when another changed it meanwhile."""
    require(actor, Permission.WEBHOOK_EDIT, row.institution_id)
    fresh(actor)
    mine = {"url": _address(url), "events": _wanted(actor, row.institution_id, events)}
    saved = session.execute(
        update(Webhook)
        .where(Webhook.id == row.id, Webhook.revision == revision)
        .values(revision=revision + 1, changed=now(), **mine)
        .execution_options(synchronize_session=False)
    )
    session.refresh(row)
    if saved.rowcount != 1:  # type: ignore[attr-defined]
        raise Outdated(
            _("Someone else changed this webhook meanwhile. Look at theirs, then save again."),
            mine=mine,
            theirs={"url": row.url, "events": row.events},
            revision=row.revision,
        )
    _record(session, actor.id, kinds.WEBHOOK_CHANGED, row, revision=row.revision)
    return row


def rotate(session: Session, settings: Settings, actor: Actor, row: Webhook) -> str:
    """A new secret `whsec_…`: the only time it is seen."""
    require(actor, Permission.WEBHOOK_EDIT, row.institution_id)
    fresh(actor)
    secret, moment = signing.new_secret(), now()
    row.old_secret, row.old_until = row.secret, moment + BOTH
    row.secret = seal(settings, secret.encode())
    session.flush()
    _record(session, actor.id, kinds.WEBHOOK_ROTATED, row)
    return secret


def test(session: Session, actor: Actor, row: Webhook) -> Delivery:
    """Sends a message that says nothing. Raises Conflict while the webhook is off."""
    require(actor, Permission.WEBHOOK_EDIT, row.institution_id)
    _must_be_on(row)
    text = outbox.written(TEST, now(), {"to": row.institution_id, "webhook": row.id})
    made = outbox.put(session, row, TEST, text)
    _record(session, actor.id, kinds.WEBHOOK_TESTED, row, delivery=made.id)
    return made


def turn_on(session: Session, actor: Actor, row: Webhook) -> Webhook:
    """After the hub turned it off. What waits is tried again at once."""
    require(actor, Permission.WEBHOOK_EDIT, row.institution_id)
    fresh(actor)
    move(
        session,
        WEBHOOK_TRANSITIONS,
        row,
        Webhook.state,
        WebhookState.ACTIVE,
        failing_since=None,
        held_until=None,
        changed=now(),
    )
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == row.id, Delivery.state == DeliveryState.WAITING)
        .values(next_try=now(), tries=0)
        .execution_options(synchronize_session=False)
    )
    _record(session, actor.id, kinds.WEBHOOK_TURNED_ON, row)
    return row


def remove(session: Session, actor: Actor, row: Webhook) -> None:
    """For good: nothing more is sent, and its secret is forgotten."""
    require(actor.unheld, Permission.WEBHOOK_EDIT, row.institution_id)
    fresh(actor)
    removed = WebhookState.REMOVED
    forgotten = {"secret": "", "old_secret": None, "old_until": None}
    move(session, WEBHOOK_TRANSITIONS, row, Webhook.state, removed, **forgotten, changed=now())
    session.execute(
        update(Delivery)
        .where(Delivery.webhook_id == row.id, Delivery.state == DeliveryState.WAITING)
        .values(state=DeliveryState.GIVEN_UP, ended=now(), next_try=None)
        .execution_options(synchronize_session=False)
    )
    _record(session, actor.id, kinds.WEBHOOK_REMOVED, row)


def replay(session: Session, actor: Actor, delivery_id: str) -> Delivery:
    """Sends a message again, under its id. Raises Conflict while it still waits, or its webhook is off."""
    row, webhook = queries.delivery(session, actor, delivery_id)
    require(actor, Permission.WEBHOOK_EDIT, webhook.institution_id)
    _must_be_on(webhook)
    if row.state is DeliveryState.WAITING:
        raise Conflict(_("This message still waits: it is tried again by itself."))
    move(
        session,
        DELIVERY_TRANSITIONS,
        row,
        Delivery.state,
        DeliveryState.WAITING,
        tries=0,
        next_try=now(),
        ended=None,
    )
    _record(session, actor.id, kinds.WEBHOOK_REPLAYED, webhook, delivery=row.id)
    after_commit(session, Send(HubTask.WEBHOOK_DELIVER.value, (row.id,)))
    return row


def _must_be_on(row: Webhook) -> None:
    if row.state is not WebhookState.ACTIVE:
        raise Conflict(_("This webhook is off. Turn it on first."))


def _wanted(actor: Actor, institution: str, events: Iterable[HookEvent]) -> list[str]:
    """As the list has them. A token hears only of what it may read."""
    chosen = set(events)
    if not chosen:
        problem = _("Choose at least one event.")
        raise Invalid(problem, {"events": problem})
    for event in HookEvent:
        if event in chosen:
            require(actor, TELLINGS[event].needs, institution)
    return [event.value for event in HookEvent if event in chosen]


def _address(url: str) -> str:
    """Raises Invalid. Where the name leads is asked at each delivery, not now."""
    try:
        target_of(url.strip())
    except OutboundRefused as error:
        problem = _(
            "Give an https:// address with the name of a server: no user or password in it, port 443 or 1024 and above."
        )
        raise Invalid(problem, {"url": problem}) from error
    return url.strip()


def _record(session: Session, actor_id: str, kind: Kind, row: Webhook, **body: str | int) -> None:
    record(session, actor_id, kind, chain=row.institution_id, subject=row.id, body=body)
