"""Incidents an institution records, and by when whom to tell: counted from the profiles it confirmed, never stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.errors import Invalid, NotFound
from app.ids import new_id
from app.institutions import queries as institutions
from app.policies import decisions
from app.policies.composing import DEFAULT_BREACH, Confirmed, Ground, ground
from app.policies.models import Incident
from app.policies.states import IncidentKind
from app.text import _
from worker.protocol.bounds import Recipient
from worker.protocol.clocks import Clock, due

LONGEST_NOTE = 1000


@dataclass(frozen=True)
class Duty:
    """Whom to tell by when, in the institution's time zone. `clock` None: the law names no number, which is
    not "no duty". `ground` None: the product's own default, where no confirmed profile names a number."""

    to: Recipient
    clock: Clock | None
    until: datetime | None
    ground: Ground | None


def note(
    session: Session, actor: Actor, institution: str, kind: str, learnt: datetime, text: str = ""
) -> Incident:
    """Write down that an incident became known at `learnt`. Raises Invalid with a sentence at each field."""
    require(actor, Permission.POLICY_DRAFT, institution)
    at, faults = now(), {}
    if kind not in set(IncidentKind):
        faults["kind"] = _("Choose from the list.")
    if learnt > at:
        faults["learnt"] = _("This moment has not come yet.")
    if len(text.strip()) > LONGEST_NOTE or "\x00" in text:
        faults["note"] = _("Write at most {n} characters.").format(n=LONGEST_NOTE)
    if faults:
        raise Invalid(_("Some answers need another look."), faults)
    row = Incident(
        id=new_id("incident"),
        institution_id=institution,
        kind=IncidentKind(kind),
        learnt=learnt,
        note=text.strip(),
        recorded_by=actor.person,
        created=at,
    )
    session.add(row)
    session.flush()
    body = {"kind": row.kind}
    record(session, actor.id, kinds.INCIDENT_RECORDED, chain=institution, subject=row.id, body=body)
    return row


def of(session: Session, actor: Actor, institution: str) -> Sequence[Incident]:
    """The newest first."""
    require(actor, Permission.EVIDENCE_READ, institution)
    query = select(Incident).where(Incident.institution_id == institution)
    return session.scalars(query.order_by(Incident.learnt.desc(), Incident.id.desc())).all()


def get(session: Session, actor: Actor, incident: str) -> Incident:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    found = session.get(Incident, incident)
    if found is None:
        raise NotFound(_("There is no such incident."))
    require(actor, Permission.EVIDENCE_READ, found.institution_id)
    return found


def confirmed(session: Session, institution: str) -> tuple[str, list[Confirmed]]:
    """The institution's time zone, and the profiles it confirmed."""
    place = institutions.by_id(session, institution)
    held = decisions.held(session, place)
    return place.zone, [
        Confirmed(h.confirmed.profile, h.confirmed.digest) for h in held if h.confirmed is not None
    ]


def duties(incident: Incident, zone: str, profiles: Sequence[Confirmed]) -> list[Duty]:
    """The first to be over first, those without a number last."""
    found = [
        Duty(
            stated.to,
            stated.clock,
            due(stated.clock, incident.learnt, zone) if stated.clock else None,
            ground(one, stated),
        )
        for one in profiles
        for stated in one.profile.breaches
        if stated.kind == incident.kind
    ]
    named = any(one.clock for one in found)
    if not named and incident.kind is IncidentKind.PERSONAL_DATA:
        until = due(DEFAULT_BREACH, incident.learnt, zone)
        found.append(Duty("authority", DEFAULT_BREACH, until, None))
    return sorted(found, key=lambda d: (d.until is None, d.until or incident.learnt, d.to))
