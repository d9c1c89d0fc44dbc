"""From the audit trail to the outbox: whoever listens for an event gets a row, in the transaction of the event itself.

`app.schema`, which every process of the hub imports, brings this module in, and with it follows the trail.
"""

import json
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.audit import service as audit
from app.audit.models import Event
from app.clock import now
from app.effects import Send, after_commit
from app.ids import new_id
from app.integrations import queries
from app.integrations.events import BY_KIND, TELLINGS, HookEvent, To
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.states import DeliveryState
from app.jobs import HubTask

_TOLD = ("federation", "run", "number", "institution", "reason", "policy", "digest", "count")
"""Of an event's body, what a message may say. Others in the federation see no more than this of each other."""
KEPT = timedelta(days=30)
_AT_ONCE = 500


def note(session: Session, event: Event) -> None:
    """Called for every event. Most are none that a webhook can hear of, and cost one look into a table."""
    heard = BY_KIND.get(event.kind)
    if heard is None or not queries.anyone_listens(session):
        return
    federation = _federation(session, event)
    audience = _audience(session, event, heard, federation)
    for webhook in queries.listening(session, audience):
        if heard.value not in webhook.events:
            continue
        text = payload(heard, event, webhook.institution_id, federation)
        put(session, webhook, heard.value, text)


def put(session: Session, webhook: Webhook, event: str, text: str) -> Delivery:
    """One message on its way. A hub worker is told after commit; lost, the sweep finds it."""
    moment = now()
    row = Delivery(
        id=new_id("msg"),
        webhook_id=webhook.id,
        event=event,
        payload=text,
        state=DeliveryState.WAITING,
        created=moment,
        next_try=moment,
    )
    session.add(row)
    session.flush()
    after_commit(session, Send(HubTask.WEBHOOK_DELIVER.value, (row.id,)))
    return row


def forget(session: Session, at: datetime) -> int:
    """Messages older than thirty days and their tries, some at a time, and old secrets; returns how many messages."""
    gone = queries.older(session, at - KEPT, _AT_ONCE)
    for statement in (
        delete(DeliveryTry).where(DeliveryTry.delivery_id.in_(gone)),
        delete(Delivery).where(Delivery.id.in_(gone)),
        update(Webhook).where(Webhook.old_until < at).values(old_secret=None, old_until=None),
    ):
        session.execute(statement.execution_options(synchronize_session=False))
    return len(gone)


def _federation(session: Session, event: Event) -> str | None:
    told = event.body.get("federation")
    if isinstance(told, str):
        return told
    if event.subject.startswith("federation_"):
        return event.subject
    run = event.body.get("run")
    return queries.federation_of_run(session, run) if isinstance(run, str) else None


def _audience(session: Session, event: Event, heard: HookEvent, federation: str | None) -> set[str]:
    """An act of a membership stands in two chains: its members hear of it once."""
    if TELLINGS[heard].to is To.OWN or federation is None:
        return {event.chain_id}
    if event.body.get("institution") not in (None, event.chain_id):
        return set()
    return queries.members(session, federation) | {event.chain_id}


def payload(heard: HookEvent, event: Event, institution: str, federation: str | None) -> str:
    """What is signed and sent. `data.to` is the institution that is told."""
    data: dict[str, Any] = {"to": institution, TELLINGS[heard].subject: event.subject}
    data |= {name: event.body[name] for name in _TOLD if event.body.get(name) is not None}
    if federation is not None:
        data["federation"] = federation
    return written(heard.value, event.at, data)


def written(kind: str, at: datetime, data: dict[str, Any]) -> str:
    """The message as Standard Webhooks has it: type, timestamp, data."""
    message = {"type": kind, "timestamp": at.isoformat(), "data": data}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=True)


audit.followers.append(note)
