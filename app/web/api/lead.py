"""Handing the lead of a federation over: offered by the lead, answered by the member it is offered to."""

from datetime import datetime

from app.access.permissions import Permission
from app.federations import handover, queries
from app.federations.models import Federation
from app.web.api.answers import Asked, Id, Told
from app.web.api.caller import Caller, Calling, api_router, takes
from app.web.api.memberships import InvitationAsked

router = api_router("federations", "/federations/{federation}/lead")


class LeadTold(Told):
    """`offered_to` and `offered` are null without an offer, and for everyone but the two institutions it concerns."""

    federation: str
    lead: str
    offered_to: str | None
    offered: datetime | None


class LeadOfferAsked(InvitationAsked):
    """To an active member."""


class Answered(Asked):
    """`accept` false declines."""

    accept: bool


def _found(call: Caller, federation: str) -> Federation:
    return queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)


def _told(call: Caller, row: Federation) -> LeadTold:
    concerned = call.institution in (row.lead_id, row.offered_to)
    return LeadTold(
        federation=row.id,
        lead=row.lead_id,
        offered_to=row.offered_to if concerned else None,
        offered=row.offered if concerned else None,
    )


@router.get("", **takes(Permission.FEDERATION_READ))
def get_lead(call: Calling, federation: Id) -> LeadTold:
    """Who leads; and, for the two institutions it concerns, to whom the lead is offered."""
    return _told(call, _found(call, federation))


@router.put("/offer", **takes(Permission.FEDERATION_LEAD))
def offer_lead(call: Calling, federation: Id, asked: LeadOfferAsked) -> LeadTold:
    """By the lead. It leads once an administrator of that member accepts; another offer takes this one's place."""
    row = _found(call, federation)
    handover.offer(call.session, call.actor, row, asked.institution)
    return _told(call, row)


@router.delete("/offer", status_code=204, **takes(Permission.FEDERATION_LEAD))
def withdraw_lead_offer(call: Calling, federation: Id) -> None:
    """By the lead, before it is answered."""
    handover.withdraw(call.session, call.actor, _found(call, federation))


@router.post("/offer/answer", **takes(Permission.FEDERATION_LEAD))
def answer_lead_offer(call: Calling, federation: Id, asked: Answered) -> LeadTold:
    """By the member it is offered to."""
    row = _found(call, federation)
    act = handover.accept if asked.accept else handover.decline
    act(call.session, call.actor, row)
    return _told(call, row)
