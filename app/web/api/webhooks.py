"""Webhooks: made, changed, tried out, and the log of what they were sent."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.integrations import queries
from app.integrations import webhooks as service
from app.integrations.events import HookEvent
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.queries import Filter
from app.integrations.states import DeliveryState, WebhookState
from app.outbound import LONGEST_URL, Trouble
from app.web.api.answers import Asked, Id, Page, Revision, Told, Windowed, at, mark, only, page
from app.web.api.caller import Caller, Calling, api_router, creates, takes
from app.web.api.errors import REVISED

router = api_router("webhooks")
_EDIT = Permission.WEBHOOK_EDIT


class WebhookTold(Told):
    """`failing_since`: the first of its failures in a row. `old_secret_until`: both secrets sign until then."""

    id: str
    institution: str
    url: str
    events: list[HookEvent]
    state: WebhookState
    revision: int
    failing_since: datetime | None
    old_secret_until: datetime | None
    created_by: str
    created: datetime
    changed: datetime


class WebhookAsked(Asked):
    url: str = Field(max_length=LONGEST_URL, examples=["https://hooks.school.example/collegium"])
    events: list[HookEvent] = Field(max_length=len(HookEvent), examples=[["run.completed"]])


class WebhookAdded(Told):
    """`secret` is told only now: keep it to check the signatures."""

    webhook: WebhookTold
    secret: str


class TryTold(Told):
    """Of an answer only its `status` is kept. `trouble` says why there was none of use."""

    at: datetime
    status: int | None
    ms: int
    trouble: Trouble | None


class DeliveryTold(Told):
    """`id` is the `webhook-id` of every try. `tries` of all times, the first one first."""

    id: str
    webhook: str
    event: str
    state: DeliveryState
    created: datetime
    next_try: datetime | None
    ended: datetime | None
    tries: list[TryTold]


def _told(row: Webhook) -> WebhookTold:
    known = set(HookEvent)
    return WebhookTold(
        id=row.id,
        institution=row.institution_id,
        url=row.url,
        events=[HookEvent(e) for e in row.events if e in known],
        state=row.state,
        revision=row.revision,
        failing_since=row.failing_since,
        old_secret_until=row.old_until,
        created_by=row.created_by,
        created=row.created,
        changed=row.changed,
    )


def _delivery(row: Delivery, tries: dict[str, list[DeliveryTry]]) -> DeliveryTold:
    return DeliveryTold(
        id=row.id,
        webhook=row.webhook_id,
        event=row.event,
        state=row.state,
        created=row.created,
        next_try=row.next_try,
        ended=row.ended,
        tries=[
            TryTold(at=t.at, status=t.status, ms=t.ms, trouble=t.trouble)
            for t in tries.get(row.id, [])
        ],
    )


def _one(call: Caller, row: Delivery) -> DeliveryTold:
    return _delivery(row, queries.tries(call.session, [row.id]))


@router.get("/institutions/{institution}/webhooks", **takes(_EDIT))
def list_webhooks(
    call: Calling,
    institution: Id,
    window: Windowed,
    state: Annotated[WebhookState | None, only("In this state.")] = None,
    event: Annotated[HookEvent | None, only("That are told of this.")] = None,
) -> Page[WebhookTold]:
    """Oldest first; removed ones are left out."""
    rows = queries.webhooks(call.session, call.actor, institution)
    fitting = [
        row
        for row in rows
        if state in (None, row.state) and (event is None or event.value in row.events)
    ]
    return window.page(fitting, lambda r: (r.created, r.id), _told)


@router.post("/institutions/{institution}/webhooks", **creates(_EDIT))
def add_webhook(
    call: Calling, response: Response, institution: Id, asked: WebhookAsked
) -> WebhookAdded:
    """The secret is told only now. A token can ask for no event that its own scopes do not let it read."""
    row, secret = service.create(
        call.session, call.hub.settings, call.actor, institution, asked.url, asked.events
    )
    at(response, f"/webhooks/{row.id}")
    mark(response, row.revision)
    return WebhookAdded(webhook=_told(row), secret=secret)


@router.get("/webhooks/{webhook}", **takes(_EDIT))
def get_webhook(call: Calling, response: Response, webhook: Id) -> WebhookTold:
    """Where it goes, of what it is told, and whether it works. Its ETag is what a change names."""
    row = queries.get(call.session, call.actor, webhook)
    mark(response, row.revision)
    return _told(row)


@router.put("/webhooks/{webhook}", responses=REVISED, **takes(_EDIT))
def change_webhook(
    call: Calling, response: Response, webhook: Id, asked: WebhookAsked, revision: Revision
) -> WebhookTold:
    """Address and events. 412 with `mine` and `theirs` when another changed it meanwhile."""
    row = queries.get(call.session, call.actor, webhook)
    service.change(
        call.session, call.actor, row, url=asked.url, events=asked.events, revision=revision
    )
    mark(response, row.revision)
    return _told(row)


@router.delete("/webhooks/{webhook}", status_code=204, **takes(_EDIT))
def remove_webhook(call: Calling, webhook: Id) -> None:
    """For good: nothing more is sent, and its secret is forgotten."""
    service.remove(call.session, call.actor, queries.get(call.session, call.actor, webhook))


@router.post("/webhooks/{webhook}/secret", **creates(_EDIT))
def rotate_secret(call: Calling, response: Response, webhook: Id) -> WebhookAdded:
    """A new secret, told only now. For 24 hours each message carries a signature by the old one too."""
    row = queries.get(call.session, call.actor, webhook)
    secret = service.rotate(call.session, call.hub.settings, call.actor, row)
    at(response, f"/webhooks/{row.id}")
    return WebhookAdded(webhook=_told(row), secret=secret)


@router.post("/webhooks/{webhook}/test", **creates(_EDIT))
def test_webhook(call: Calling, response: Response, webhook: Id) -> DeliveryTold:
    """Sends a `webhook.test` message; read here a few seconds later how it went."""
    row = queries.get(call.session, call.actor, webhook)
    made = service.test(call.session, call.actor, row)
    at(response, f"/deliveries/{made.id}")
    return _one(call, made)


@router.post("/webhooks/{webhook}/turn-on", **takes(_EDIT))
def turn_on_webhook(call: Calling, webhook: Id) -> WebhookTold:
    """After the hub turned it off. What still waits is tried at once."""
    row = queries.get(call.session, call.actor, webhook)
    return _told(service.turn_on(call.session, call.actor, row))


@router.get("/webhooks/{webhook}/deliveries", **takes(_EDIT))
def list_deliveries(
    call: Calling,
    webhook: Id,
    window: Windowed,
    state: Annotated[DeliveryState | None, only("In this state.")] = None,
    event: Annotated[str | None, only("Of this event, or `webhook.test`.")] = None,
) -> Page[DeliveryTold]:
    """What it was sent in the last thirty days, newest first, each with its tries."""
    row = queries.get(call.session, call.actor, webhook)
    part = queries.deliveries(call.session, row, Filter(state, event), window.cut)
    tries = queries.tries(call.session, [d.id for d in part.rows])
    return page(part, lambda d: _delivery(d, tries))


@router.get("/deliveries/{delivery}", **takes(_EDIT))
def get_delivery(call: Calling, delivery: Id) -> DeliveryTold:
    """One message and its tries."""
    row, _webhook = queries.delivery(call.session, call.actor, delivery)
    return _one(call, row)


@router.post("/deliveries/{delivery}/replay", **takes(_EDIT))
def replay_delivery(call: Calling, delivery: Id) -> DeliveryTold:
    """Sends the same message again, under the same `webhook-id`."""
    return _one(call, service.replay(call.session, call.actor, delivery))
