"""Districts and schools: who is tied to whom, and the floors that districts proposed. People answer, in the browser."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.institutions import tie_queries, ties
from app.institutions.models import Tie
from app.institutions.states import TieState
from app.policies import district_queries, queries
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.states import FloorRefusal, FloorState
from app.web.api.answers import Asked, Id, Page, Told, Windowed, at, only
from app.web.api.caller import Calling, api_router, creates, takes
from worker.protocol.policy import PolicyDocument

router = api_router("institutions", "/institutions/{institution}")


class TieTold(Told):
    id: str
    district: str
    school: str
    state: TieState
    offered: datetime
    changed: datetime


class TieAsked(Asked):
    """The school's id, or its exact name."""

    school: str = Field(max_length=200, examples=["Heath School"])


class FloorTold(Told):
    """`document` is the district's policy, which the school's may not be looser than once accepted."""

    id: str
    district: str
    school: str
    state: FloorState
    reason: FloorRefusal | None
    number: int
    digest: str
    document: PolicyDocument
    proposed: datetime
    answered: datetime | None


def _tie(row: Tie) -> TieTold:
    return TieTold(
        id=row.id,
        district=row.district_id,
        school=row.school_id,
        state=row.state,
        offered=row.offered,
        changed=row.changed,
    )


def _floor(pair: tuple[PolicyFloor, PolicyVersion]) -> FloorTold:
    row, version = pair
    return FloorTold(
        id=row.id,
        district=row.district_id,
        school=row.school_id,
        state=row.state,
        reason=row.reason,
        number=version.number,
        digest=version.digest,
        document=queries.document(version),
        proposed=row.proposed,
        answered=row.answered,
    )


@router.get("/ties", **takes(Permission.INSTITUTION_READ))
def list_ties(
    call: Calling,
    institution: Id,
    window: Windowed,
    state: Annotated[TieState | None, only("In this state.")] = None,
) -> Page[TieTold]:
    """On either side: as a district, or as a school."""
    rows = tie_queries.of(call.session, call.actor, institution)
    fitting = [row for row in rows if state in (None, row.state)]
    return window.page(fitting, lambda r: (r.offered, r.id), _tie)


@router.post("/ties", **creates(Permission.INSTITUTION_EDIT))
def offer_tie(call: Calling, response: Response, institution: Id, asked: TieAsked) -> TieTold:
    """Offers to be a school's district. Its administrator accepts or declines, in the browser."""
    row = ties.offer(call.session, call.actor, institution, asked.school)
    at(response, f"/institutions/{institution}/ties")
    return _tie(row)


@router.get("/floors", **takes(Permission.POLICY_READ))
def list_floors(
    call: Calling,
    institution: Id,
    window: Windowed,
    state: Annotated[FloorState | None, only("In this state.")] = None,
) -> Page[FloorTold]:
    """Floors the institution proposed as a district or was asked to keep to as a school, with the answers."""
    rows = district_queries.of(call.session, call.actor, institution)
    fitting = [row for row in rows if state in (None, row[0].state)]
    return window.page(fitting, lambda r: (r[0].proposed, r[0].id), _floor)
