"""Handing the lead over: offered by the lead to an active member, accepted there by a named person, or not."""

from collections.abc import Collection, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict, NotFound
from app.federations import queries
from app.federations.models import Federation
from app.federations.states import FederationState
from app.text import _


def offer(session: Session, actor: Actor, federation: Federation, institution_id: str) -> None:
    """By the lead's administrator, to an active member. One offer at a time: a new one takes the place of the old."""
    require(actor, Permission.FEDERATION_LEAD, federation.lead_id)
    fresh(actor)
    if federation.state is not FederationState.OPEN:
        raise Conflict(_("Only the lead of an open federation can be handed over."))
    _require_can_lead(session, federation, institution_id)
    federation.offered_to, federation.offered = institution_id, now()
    session.flush()
    _told(session, actor, kinds.LEAD_OFFERED, federation, federation.lead_id, institution_id)


def withdraw(session: Session, actor: Actor, federation: Federation) -> None:
    """By the lead, before it is answered."""
    require(actor.unheld, Permission.FEDERATION_LEAD, federation.lead_id)
    to = federation.offered_to
    if to is None:
        raise Conflict(_("The lead of this federation is not offered to anybody now."))
    _end(session, federation, to, federation.lead_id)
    _told(session, actor, kinds.LEAD_OFFER_WITHDRAWN, federation, federation.lead_id, to)


def accept(session: Session, actor: Actor, federation: Federation) -> None:
    """By an administrator of the member it is offered to: from now on that institution leads. The old one stays in."""
    to, before = _to_us(actor, federation), federation.lead_id
    require(actor, Permission.FEDERATION_LEAD, to)
    fresh(actor)
    _require_can_lead(session, federation, to)
    _end(session, federation, to, to)
    _told(session, actor, kinds.LEAD_CHANGED, federation, before, to)


def decline(session: Session, actor: Actor, federation: Federation) -> None:
    """The lead stays where it is."""
    to = _to_us(actor, federation)
    require(actor.unheld, Permission.FEDERATION_LEAD, to)
    _end(session, federation, to, federation.lead_id)
    _told(session, actor, kinds.LEAD_OFFER_DECLINED, federation, federation.lead_id, to)


def offered_to(session: Session, institutions: Collection[str]) -> Sequence[Federation]:
    """Federations whose lead is offered to one of these, by name."""
    wanted = select(Federation).where(Federation.offered_to.in_(institutions))
    return session.scalars(wanted.order_by(Federation.name)).all()


def _to_us(actor: Actor, federation: Federation) -> str:
    """Another member learns nothing of an offer that is not its own."""
    if federation.offered_to is None or federation.offered_to not in actor.institutions:
        raise NotFound(_("The lead of this federation is not offered to you."))
    return federation.offered_to


def _require_can_lead(session: Session, federation: Federation, institution_id: str) -> None:
    able = {m.institution.id for m in queries.active_members(session, federation.id)}
    if institution_id not in able - {federation.lead_id}:
        raise Conflict(
            _("Only a verified institution that is an active member can take over the lead.")
        )


def _end(session: Session, federation: Federation, to: str, lead: str) -> None:
    """Conditional: of two answers at the same moment one counts."""
    ended = session.execute(
        update(Federation)
        .where(
            Federation.id == federation.id,
            Federation.lead_id == federation.lead_id,
            Federation.offered_to == to,
            Federation.state == FederationState.OPEN,
        )
        .values(lead_id=lead, offered_to=None, offered=None)
        .execution_options(synchronize_session=False)
    )
    if ended.rowcount != 1:  # type: ignore[attr-defined]
        raise Conflict(_("This offer was answered or taken back just now."))
    session.refresh(federation)


def _told(
    session: Session, actor: Actor, kind: Kind, federation: Federation, before: str, to: str
) -> None:
    """In both chains: each must be able to show it."""
    body = {"federation": federation.id, "lead": before, "institution": to}
    for chain in sorted({before, to}):
        record(session, actor.id, kind, chain=chain, subject=federation.id, body=body)
        after_commit(session, Ring(f"institution:{chain}"))
    after_commit(session, Ring(f"federation:{federation.id}"))
