"""Reading webhooks and their deliveries. People through an actor; the hub's worker by id."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import NotFound
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.states import DeliveryState, WebhookState
from app.paging import Cut, Order, Part
from app.runs.models import Run
from app.text import _

_INSIDE = (MembershipState.ACTIVE, MembershipState.PAUSED)


def webhooks(session: Session, actor: Actor, institution: str) -> Sequence[Webhook]:
    """Those that are not removed, oldest first; an institution held back may read them too."""
    require(actor.unheld, Permission.WEBHOOK_EDIT, institution)
    return session.scalars(
        select(Webhook)
        .where(Webhook.institution_id == institution, Webhook.state != WebhookState.REMOVED)
        .order_by(Webhook.created, Webhook.id)
    ).all()


def get(session: Session, actor: Actor, webhook_id: str) -> Webhook:
    """Raises NotFound for a stranger and for one removed, NotAllowed for a member without the right."""
    found = session.get(Webhook, webhook_id)
    if found is None or found.state is WebhookState.REMOVED:
        raise NotFound(_("There is no such webhook."))
    require(actor.unheld, Permission.WEBHOOK_EDIT, found.institution_id)
    return found


def standing(session: Session, ids: set[str]) -> dict[str, Webhook]:
    """Those of these ids that are not removed: for naming what an event is about."""
    wanted = select(Webhook).where(Webhook.id.in_(ids), Webhook.state != WebhookState.REMOVED)
    return {row.id: row for row in session.scalars(wanted)}


def count(session: Session, institution: str) -> int:
    wanted = select(func.count(Webhook.id)).where(
        Webhook.institution_id == institution, Webhook.state != WebhookState.REMOVED
    )
    return session.scalar(wanted) or 0


def listening(session: Session, institutions: Iterable[str]) -> Sequence[Webhook]:
    """Active webhooks of these institutions: for the outbox."""
    wanted = select(Webhook).where(
        Webhook.institution_id.in_(set(institutions)), Webhook.state == WebhookState.ACTIVE
    )
    return session.scalars(wanted.order_by(Webhook.id)).all()


def anyone_listens(session: Session) -> bool:
    return session.scalar(select(Webhook.id).limit(1)) is not None


def members(session: Session, federation_id: str) -> set[str]:
    """The lead and every institution that is in, paused ones too."""
    inside = session.scalars(
        select(Membership.institution_id).where(
            Membership.federation_id == federation_id, Membership.state.in_(_INSIDE)
        )
    )
    lead = session.scalar(select(Federation.lead_id).where(Federation.id == federation_id))
    return set(inside) | ({lead} if lead else set())


def federation_of_run(session: Session, run_id: str) -> str | None:
    return session.scalar(select(Run.federation_id).where(Run.id == run_id))


@dataclass(frozen=True)
class Filter:
    """Everything given must fit. `event`: a value of `events.HookEvent`, or `events.TEST`."""

    state: DeliveryState | None = None
    event: str | None = None


def deliveries(session: Session, webhook: Webhook, wanted: Filter, cut: Cut) -> Part[Delivery]:
    """Of a webhook the actor got from `get`; newest first."""
    query = select(Delivery).where(Delivery.webhook_id == webhook.id)
    if wanted.state is not None:
        query = query.where(Delivery.state == wanted.state)
    if wanted.event is not None:
        query = query.where(Delivery.event == wanted.event)
    order = (Order(Delivery.created, falling=True), Order(Delivery.id, falling=True))
    return cut.cut(session.scalars(cut.select(query, *order)).all(), *order)


def delivery(session: Session, actor: Actor, delivery_id: str) -> tuple[Delivery, Webhook]:
    """Raises NotFound, NotAllowed."""
    found = session.get(Delivery, delivery_id)
    if found is None:
        raise NotFound(_("There is no such delivery."))
    return found, get(session, actor, found.webhook_id)


def tries(session: Session, delivery_ids: Iterable[str]) -> dict[str, list[DeliveryTry]]:
    """By delivery, the first try first."""
    wanted = select(DeliveryTry).where(DeliveryTry.delivery_id.in_(set(delivery_ids)))
    found: dict[str, list[DeliveryTry]] = {}
    for row in session.scalars(wanted.order_by(DeliveryTry.at, DeliveryTry.id)):
        found.setdefault(row.delivery_id, []).append(row)
    return found


def by_id(session: Session, delivery_id: str) -> tuple[Delivery, Webhook] | None:
    """For the hub's worker."""
    wanted = select(Delivery, Webhook).join(Webhook, Webhook.id == Delivery.webhook_id)
    found = session.execute(wanted.where(Delivery.id == delivery_id)).first()
    return None if found is None else (found[0], found[1])


def _due(at: datetime) -> ColumnElement[bool]:
    return and_(
        Delivery.state == DeliveryState.WAITING,
        Delivery.next_try <= at,
        Webhook.state == WebhookState.ACTIVE,
        or_(Webhook.held_until.is_(None), Webhook.held_until < at),
    )


def due(session: Session, at: datetime) -> list[str]:
    """Of each webhook that no worker holds, the message that waits longest for its time."""
    wanted = select(Webhook.id).join(Delivery, Delivery.webhook_id == Webhook.id)
    found = session.scalars(wanted.where(_due(at)).distinct().order_by(Webhook.id)).all()
    return [one for webhook in found if (one := next_due(session, webhook, at)) is not None]


def next_due(session: Session, webhook_id: str, at: datetime) -> str | None:
    wanted = select(Delivery.id).join(Webhook, Webhook.id == Delivery.webhook_id)
    wanted = wanted.where(Webhook.id == webhook_id, _due(at))
    return session.scalar(wanted.order_by(Delivery.next_try, Delivery.id).limit(1))


def older(session: Session, before: datetime, most: int) -> Sequence[str]:
    """Ids of deliveries made before then."""
    wanted = select(Delivery.id).where(Delivery.created < before).order_by(Delivery.created)
    return session.scalars(wanted.limit(most)).all()
