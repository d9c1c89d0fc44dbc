"""An institution's way into a federation and out, and who could take part.

Others see of a member its name, kind, how it was verified and whether its policy allows it; the lead also sees the
names of the rules that refuse.
"""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import compatibility, fits, queries, service
from app.federations.compatibility import Row
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.institutions.schemas import PublicInstitution
from app.text import _
from app.web.api.answers import Asked, Id, Page, Told, Windowed, at, only
from app.web.api.caller import Caller, Calling, api_router, creates, takes
from app.web.api.reach import reachable
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness, Refusal
from worker.protocol.policy import Digest

router = api_router("federations", "/federations/{federation}")
_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"


class MembershipTold(Told):
    """`accepted_digest` is None where another member asks: what it signed is its own and the lead's."""

    federation: str
    institution: PublicInstitution
    lead: bool
    state: MembershipState
    changed: datetime
    accepted: datetime | None
    accepted_digest: str | None


class InvitationAsked(Asked):
    institution: str = Field(pattern=_ANY_ID)


class AcceptanceAsked(Asked):
    """The digest of the agreement that was read."""

    digest: Digest


class DeclineAsked(Asked):
    reason: str = Field(default="", max_length=200)


class Objection(Told):
    rule: Refusal
    detail: str


class FitTold(Told):
    """What the reader may not see is null. `stays`: flows that its policy keeps at home though it trains."""

    institution: str
    allows: bool
    rules: list[Refusal] | None
    objections: list[Objection] | None
    stays: list[str] | None
    policy: int | None
    sites_ready: int | None


class RecordsTold(Told):
    """`fitness` null: this site has not told yet, or the sheet changed since: run `collegium-site data fit` there.

    `absent` and `sparse` name inputs of the sheet; `records` is a band, empty where the policy keeps counts at home.
    """

    site: str
    sheet: str
    sheet_digest: Digest
    fitness: Fitness | None
    absent: list[str]
    sparse: list[str]
    records: str
    as_of: datetime | None


def _records(one: fits.Told) -> RecordsTold:
    said = one.said
    return RecordsTold(
        site=one.site.id,
        sheet=one.sheet.name,
        sheet_digest=digest_of(one.sheet),
        fitness=said.fitness if said else None,
        absent=list(said.absent) if said else [],
        sparse=list(said.sparse) if said else [],
        records=said.records_band if said else "",
        as_of=one.at,
    )


class CompatibilityTold(Told):
    """`cohort` counts members whose policy allows it, those under one parent once."""

    cohort: int
    minimum_cohort: int
    enough: bool
    members: list[FitTold]


def _fit(row: Row) -> FitTold:
    objections = row.objections
    return FitTold(
        institution=row.member.institution.id,
        allows=row.allows,
        rules=None if row.rules is None else list(row.rules),
        objections=None
        if objections is None
        else [Objection(rule=o.code, detail=o.detail) for o in objections],
        stays=None if row.stays is None else list(row.stays),
        policy=row.policy_number,
        sites_ready=row.sites_ready,
    )


def _told(call: Caller, federation: Federation, row: Membership) -> MembershipTold:
    known = institutions.public(call.session, [row.institution_id])
    open_book = call.institution in (row.institution_id, federation.lead_id)
    return MembershipTold(
        federation=federation.id,
        institution=known[row.institution_id],
        lead=row.institution_id == federation.lead_id,
        state=row.state,
        changed=row.changed,
        accepted=row.accepted,
        accepted_digest=row.accepted_digest if open_book else None,
    )


def _path(row: Membership) -> str:
    return f"/federations/{row.federation_id}/memberships/{row.institution_id}"


@router.get("/memberships", **takes(Permission.FEDERATION_READ))
def list_memberships(
    call: Calling,
    federation: Id,
    window: Windowed,
    state: Annotated[MembershipState | None, only("In this state.")] = None,
) -> Page[MembershipTold]:
    """The lead first, then by name; those that are over are left out."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    members = queries.members(call.session, row)
    fitting = [m for m in members if state in (None, m.membership.state)]
    return window.page(
        fitting,
        lambda m: (int(m.institution.id != row.lead_id), m.institution.name, m.institution.id),
        lambda m: _told(call, row, m.membership),
    )


@router.get("/memberships/{institution}", **takes(Permission.FEDERATION_READ))
def get_membership(call: Calling, federation: Id, institution: Id) -> MembershipTold:
    """Your own in every state; another's while you are in the federation."""
    row = reachable(call, federation)
    inside = queries.inside(call.session, row, [call.institution])
    found = queries.membership(call.session, row.id, institution)
    if found is None or (institution != call.institution and not inside):
        raise NotFound(_("This institution is not in the federation."))
    return _told(call, row, found)


@router.post("/invitations", **creates(Permission.FEDERATION_LEAD))
def invite(
    call: Calling, response: Response, federation: Id, asked: InvitationAsked
) -> MembershipTold:
    """By the lead: a verified institution, or one that asked to join."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    made = service.invite(call.session, call.actor, row, asked.institution)
    at(response, _path(made))
    return _told(call, row, made)


@router.post("/requests", **creates(Permission.FEDERATION_JOIN))
def ask_to_join(call: Calling, response: Response, federation: Id) -> MembershipTold:
    """For your own institution. The lead answers with an invitation, or declines."""
    row = reachable(call, federation)
    made = service.request(call.session, call.actor, row, call.institution)
    at(response, _path(made))
    return _told(call, row, made)


@router.post("/memberships/{institution}/accept", **takes(Permission.FEDERATION_JOIN))
def accept(
    call: Calling, federation: Id, institution: Id, asked: AcceptanceAsked
) -> MembershipTold:
    """What `digest` names, for your own institution; also how a paused member accepts changed terms."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    digest = asked.digest
    made = service.accept(call.session, call.actor, row, institution, digest=digest)
    return _told(call, row, made)


@router.post("/memberships/{institution}/decline", **takes(Permission.FEDERATION_READ))
def decline(call: Calling, federation: Id, institution: Id, asked: DeclineAsked) -> MembershipTold:
    """An invitation, by the institution (federation:join); a request, by the lead (federation:lead)."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    made = service.decline(call.session, call.actor, row, institution, reason=asked.reason)
    return _told(call, row, made)


@router.delete("/memberships/{institution}", status_code=204, **takes(Permission.FEDERATION_JOIN))
def leave(call: Calling, federation: Id, institution: Id) -> None:
    """Effective now; open jobs are cancelled. What past releases learnt stays in them."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    service.leave(call.session, call.actor, row, institution)


@router.get("/compatibility", **takes(Permission.FEDERATION_READ))
def get_compatibility(call: Calling, federation: Id) -> CompatibilityTold:
    """A forecast by the policies approved at the hub; each site decides by the one accepted there."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    found = compatibility.matrix(call.session, row, call.actor)
    return CompatibilityTold(
        cohort=found.cohort,
        minimum_cohort=found.minimum_cohort,
        enough=found.enough,
        members=[_fit(r) for r in found.rows],
    )


@router.get("/records", **takes(Permission.FEDERATION_READ))
def list_records_fit(
    call: Calling,
    federation: Id,
    window: Windowed,
    site: Annotated[str | None, only("Of this site.")] = None,
) -> Page[RecordsTold]:
    """How your own sites' records serve each task sheet in force, as the sites said; also before you are a member."""
    row = reachable(call, federation)
    told = [
        one for one in fits.told(call.session, row, call.institution) if site in (None, one.site.id)
    ]
    return window.page(told, lambda one: (one.site.name, one.sheet.name, one.site.id), _records)


@router.get("/fit", **takes(Permission.FEDERATION_READ))
def get_fit(call: Calling, federation: Id) -> FitTold:
    """Your own institution's, also before it is a member."""
    row = reachable(call, federation)
    return _fit(compatibility.row_of(call.session, row, call.institution))
