"""Incidents an institution records, and by when whom to tell."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import AwareDatetime, Field

from app.access.permissions import Permission
from app.policies import incidents
from app.policies.composing import Confirmed
from app.policies.incidents import LONGEST_NOTE
from app.policies.models import Incident
from app.policies.states import IncidentKind
from app.web.api.answers import Asked, Id, Page, Told, Windowed, at, only
from app.web.api.caller import Caller, Calling, api_router, creates, takes
from worker.protocol.bounds import Recipient
from worker.protocol.clocks import Clock

router = api_router("incidents")


class IncidentAsked(Asked):
    """`learnt`: when the institution learnt of it, not later than now. `note`: for its own people."""

    kind: IncidentKind
    learnt: AwareDatetime = Field(examples=["2024-09-06T08:30:00Z"])
    note: str = Field(default="", max_length=LONGEST_NOTE)


class DutyTold(Told):
    """`within` and `until` null: the law names no number, which is not "no duty". `profile` null: the product default.
    Business days leave out weekends; holidays are not known to the hub."""

    to: Recipient
    within: Clock | None
    until: datetime | None
    profile: str | None
    number: int | None
    article: str | None


class IncidentTold(Told):
    id: str
    institution: str
    kind: IncidentKind
    learnt: datetime
    note: str
    recorded_by: str
    created: datetime
    duties: list[DutyTold]


def _told(row: Incident, zone: str, profiles: list[Confirmed]) -> IncidentTold:
    return IncidentTold(
        id=row.id,
        institution=row.institution_id,
        kind=row.kind,
        learnt=row.learnt,
        note=row.note,
        recorded_by=row.recorded_by,
        created=row.created,
        duties=[
            DutyTold(
                to=one.to,
                within=one.clock,
                until=one.until,
                profile=one.ground.profile if one.ground else None,
                number=one.ground.number if one.ground else None,
                article=one.ground.article if one.ground else None,
            )
            for one in incidents.duties(row, zone, profiles)
        ],
    )


def _one(call: Caller, row: Incident) -> IncidentTold:
    return _told(row, *incidents.confirmed(call.session, row.institution_id))


@router.get("/institutions/{institution}/incidents", **takes(Permission.EVIDENCE_READ))
def list_incidents(
    call: Calling,
    institution: Id,
    window: Windowed,
    kind: Annotated[IncidentKind | None, only("Of this kind.")] = None,
) -> Page[IncidentTold]:
    """By when the institution learnt of them. Deadlines are counted from the profiles confirmed today."""
    every = incidents.of(call.session, call.actor, institution)
    rows = [row for row in every if kind in (None, row.kind)]
    zone, profiles = incidents.confirmed(call.session, institution)
    return window.page(
        rows, lambda r: (r.learnt.isoformat(), r.id), lambda r: _told(r, zone, profiles)
    )


@router.post("/institutions/{institution}/incidents", **creates(Permission.POLICY_DRAFT))
def record_incident(
    call: Calling, response: Response, institution: Id, asked: IncidentAsked
) -> IncidentTold:
    """Writes down when an incident became known; the answer says by when whom to tell."""
    row = incidents.note(
        call.session, call.actor, institution, asked.kind, asked.learnt, asked.note
    )
    at(response, f"/incidents/{row.id}")
    return _one(call, row)


@router.get("/incidents/{incident}", **takes(Permission.EVIDENCE_READ))
def get_incident(call: Calling, incident: Id) -> IncidentTold:
    """One incident and its deadlines."""
    return _one(call, incidents.get(call.session, call.actor, incident))
