"""An institution's way into a federation and out: invited or asking, accepting by a named person, leaving."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.errors import Conflict, NotFound
from app.federations import queries
from app.federations.models import Federation, Membership
from app.federations.states import (
    FEDERATION_TRANSITIONS,
    MEMBERSHIP_TRANSITIONS,
    FederationState,
    MembershipState,
)
from app.ids import new_id
from app.institutions.states import InstitutionState
from app.jobs import HubTask
from app.states import move
from app.text import _


def invite(
    session: Session, actor: Actor, federation: Federation, institution_id: str
) -> Membership:
    """By the lead: a verified institution, or one that asked to join."""
    require(actor, Permission.FEDERATION_LEAD, federation.lead_id)
    _require_open(federation)
    _require_verified(session, institution_id)
    found = queries.membership(session, federation.id, institution_id)
    if found is None:
        found = _add(session, federation, institution_id, MembershipState.INVITED)
    else:
        _move(session, found, MembershipState.INVITED, reason="")
    _record(session, actor, kinds.MEMBERSHIP_INVITED, federation, found)
    return found


def request(
    session: Session, actor: Actor, federation: Federation, institution_id: str
) -> Membership:
    """By an institution that wants in. The lead answers with `invite` or `decline`."""
    require(actor, Permission.FEDERATION_JOIN, institution_id)
    _require_open(federation)
    _require_verified(session, institution_id)
    found = queries.membership(session, federation.id, institution_id)
    if found is not None:
        raise Conflict(
            _("This institution is in the federation's list already. Ask its lead to invite you."),
            state=found.state.value,
        )
    found = _add(session, federation, institution_id, MembershipState.REQUESTED)
    _record(session, actor, kinds.MEMBERSHIP_REQUESTED, federation, found)
    return found


def accept(
    session: Session, actor: Actor, federation: Federation, institution_id: str, *, digest: str
) -> Membership:
    """A named person accepts exactly what `digest` names. Also how a paused member accepts changed terms."""
    require(actor, Permission.FEDERATION_JOIN, institution_id)
    fresh(actor)
    _require_open(federation)
    _require_verified(session, institution_id)
    if digest != federation.agreement_digest:
        raise Conflict(
            _("The agreement changed while you read it. Read it again, then accept."),
            current=federation.agreement_digest,
        )
    found = _own(session, federation, institution_id)
    _move(session, found, MembershipState.ACTIVE, reason="", **_signed(actor, digest, now()))
    _record(session, actor, kinds.MEMBERSHIP_ACCEPTED, federation, found, digest=digest)
    after_commit(session, Send(HubTask.SWEEP.value))
    return found


def decline(
    session: Session, actor: Actor, federation: Federation, institution_id: str, *, reason: str = ""
) -> Membership:
    """An invitation, by the institution; a request, by the lead."""
    found = _own(session, federation, institution_id)
    if found.state is MembershipState.REQUESTED:
        require(actor.unheld, Permission.FEDERATION_LEAD, federation.lead_id)
    else:
        require(actor.unheld, Permission.FEDERATION_JOIN, institution_id)
    _move(session, found, MembershipState.DECLINED, reason=reason.strip()[:200])
    _record(session, actor, kinds.MEMBERSHIP_DECLINED, federation, found)
    return found


def leave(
    session: Session, actor: Actor, federation: Federation, institution_id: str
) -> Membership:
    """Effective now: its open jobs are cancelled by the next sweep, which is sent at once. Past releases stay."""
    require(actor.unheld, Permission.FEDERATION_JOIN, institution_id)
    fresh(actor)
    found = _own(session, federation, institution_id)
    if institution_id == federation.lead_id:
        _leave_as_lead(session, actor, federation)
    _move(session, found, MembershipState.LEFT, reason="")
    _record(session, actor, kinds.MEMBERSHIP_LEFT, federation, found)
    after_commit(session, Send(HubTask.SWEEP.value))
    return found


def _leave_as_lead(session: Session, actor: Actor, federation: Federation) -> None:
    """Nobody is left behind without a lead; with nobody else in it, the federation ends."""
    if queries.others_in(session, federation):
        raise Conflict(
            _("Your institution leads it. Hand the lead over to another member first, then leave.")
        )
    end(session, actor, federation)


def end(session: Session, actor: Actor, federation: Federation) -> None:
    """For good: no run can be proposed any more. Releases stay."""
    move(session, FEDERATION_TRANSITIONS, federation, Federation.state, FederationState.CLOSED)
    federation.offered_to = federation.offered = None
    record(
        session,
        actor.id,
        kinds.FEDERATION_CLOSED,
        chain=federation.lead_id,
        subject=federation.id,
    )


def add_lead(session: Session, actor: Actor, federation: Federation) -> Membership:
    """The lead is the first member; the person who opens the federation accepts for it."""
    found = _add(session, federation, federation.lead_id, MembershipState.INVITED)
    signed = _signed(actor, federation.agreement_digest, now())
    _move(session, found, MembershipState.ACTIVE, **signed)
    _record(
        session,
        actor,
        kinds.MEMBERSHIP_ACCEPTED,
        federation,
        found,
        digest=federation.agreement_digest,
    )
    return found


def pause_all(session: Session, actor: Actor, federation: Federation) -> int:
    """Terms changed: every member but the lead waits until it accepts again. The lead's own act is its yes."""
    paused = 0
    for found in queries.active(session, federation.id):
        if found.institution_id == federation.lead_id:
            signed = _signed(actor, federation.agreement_digest, now())
            for name, value in signed.items():
                setattr(found, name, value)
            continue
        _move(session, found, MembershipState.PAUSED, reason="terms-changed")
        _record(session, actor, kinds.MEMBERSHIP_PAUSED, federation, found)
        paused += 1
    session.flush()
    return paused


def _add(
    session: Session, federation: Federation, institution_id: str, state: MembershipState
) -> Membership:
    found = Membership(
        id=new_id("membership"),
        federation_id=federation.id,
        institution_id=institution_id,
        state=state,
        changed=now(),
    )
    session.add(found)
    session.flush()
    return found


def _move(session: Session, found: Membership, target: MembershipState, **values: Any) -> None:
    move(
        session,
        MEMBERSHIP_TRANSITIONS,
        found,
        Membership.state,
        target,
        changed=now(),
        **values,
    )


def _signed(actor: Actor, digest: str, at: datetime) -> dict[str, Any]:
    return {"accepted_digest": digest, "accepted_by": actor.person, "accepted": at}


def _record(
    session: Session,
    actor: Actor,
    kind: Kind,
    federation: Federation,
    found: Membership,
    **more: Any,
) -> None:
    """In the chain of the institution and, where another one leads, in the lead's too: both must be able to show it."""
    body = {"federation": federation.id, "institution": found.institution_id, **more}
    for chain in sorted({found.institution_id, federation.lead_id}):
        record(session, actor.id, kind, chain=chain, subject=found.id, body=body)
        after_commit(session, Ring(f"institution:{chain}"))


def _own(session: Session, federation: Federation, institution_id: str) -> Membership:
    found = queries.membership(session, federation.id, institution_id)
    if found is None:
        raise NotFound(_("This institution is not in the federation."))
    return found


def _require_open(federation: Federation) -> None:
    if federation.state is not FederationState.OPEN:
        raise Conflict(_("This federation is not open."))


def _require_verified(session: Session, institution_id: str) -> None:
    institution = queries.institution(session, institution_id)
    if institution is None:
        raise NotFound(_("There is no such institution."))
    if institution.state is not InstitutionState.VERIFIED:
        raise Conflict(_("This institution is not verified yet. The hub's operators decide that."))
