"""The register of purposes: why records train, on which lawful basis, for how long, and who says yes to a run."""

from datetime import date, datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.clock import now
from app.policies import durations, purposes
from app.policies.models import PurposeRecord
from app.policies.states import Approver
from app.web.api.answers import Asked, Id, Page, Revision, Told, Windowed, at, mark, only
from app.web.api.caller import Calling, api_router, creates, takes
from app.web.api.errors import REVISED
from worker.protocol.categories import Category
from worker.protocol.policy import Purpose

router = api_router("purposes")


class PurposeAsked(Asked):
    """`basis`: one that `GET /institutions/{institution}/profiles` lists, as `profile:version:place`, or `own` with
    `basis_text`. `retention`: ISO 8601, days or longer."""

    name: str = Field(max_length=200, examples=["Early help"])
    purpose: Purpose
    basis: str = Field(max_length=120, examples=["own"])
    basis_text: str = Field(default="", max_length=600)
    retention: str = Field(max_length=30, examples=["P3Y"])
    protected: bool = False
    categories: tuple[Category, ...] = ()
    approver: Approver = Approver.OFFICER


class PurposeTold(Told):
    """`basis_profile`: the profile and version that lists the basis, null for the institution's own words.
    `kept_until`: of a record that came today."""

    id: str
    institution: str
    name: str
    purpose: Purpose
    basis_profile: str | None
    basis: str
    retention: str
    kept_until: date
    protected: bool
    categories: list[Category]
    approver: Approver
    revision: int
    created: datetime
    changed: datetime
    ended: datetime | None


def _told(row: PurposeRecord) -> PurposeTold:
    return PurposeTold.model_validate(
        {
            "id": row.id,
            "institution": row.institution_id,
            "name": row.name,
            "purpose": row.purpose,
            "basis_profile": row.basis_profile,
            "basis": row.basis,
            "retention": row.retention,
            "kept_until": durations.read(row.retention).after(now().date()),
            "protected": row.protected,
            "categories": row.categories,
            "approver": row.approver,
            "revision": row.revision,
            "created": row.created,
            "changed": row.changed,
            "ended": row.ended,
        }
    )


def _asked(asked: PurposeAsked) -> purposes.Told:
    return purposes.Told(**asked.model_dump())


@router.get("/institutions/{institution}/purposes", **takes(Permission.POLICY_READ))
def list_purposes(
    call: Calling,
    institution: Id,
    window: Windowed,
    purpose: Annotated[Purpose | None, only("Of this purpose.")] = None,
) -> Page[PurposeTold]:
    """Those in force, by name."""
    rows = purposes.of(call.session, call.actor, institution)
    fitting = [row for row in rows if purpose in (None, row.purpose)]
    return window.page(fitting, lambda r: (r.name, r.id), _told)


@router.post("/institutions/{institution}/purposes", **creates(Permission.POLICY_DRAFT))
def add_purpose(
    call: Calling, response: Response, institution: Id, asked: PurposeAsked
) -> PurposeTold:
    """Writes a purpose down. A special category that a policy allows needs one that names it."""
    row = purposes.add(call.session, call.actor, institution, _asked(asked))
    at(response, f"/purposes/{row.id}")
    mark(response, row.revision)
    return _told(row)


@router.get("/purposes/{purpose}", **takes(Permission.POLICY_READ))
def get_purpose(call: Calling, response: Response, purpose: Id) -> PurposeTold:
    """One purpose, also an ended one. Its ETag is what a change names."""
    row = purposes.get(call.session, call.actor, Permission.POLICY_READ, purpose)
    mark(response, row.revision)
    return _told(row)


@router.put("/purposes/{purpose}", responses=REVISED, **takes(Permission.POLICY_DRAFT))
def change_purpose(
    call: Calling, response: Response, purpose: Id, asked: PurposeAsked, revision: Revision
) -> PurposeTold:
    """Replaces what it says."""
    row = purposes.change(call.session, call.actor, purpose, _asked(asked), revision)
    mark(response, row.revision)
    return _told(row)


@router.delete("/purposes/{purpose}", status_code=204, **takes(Permission.POLICY_DRAFT))
def end_purpose(call: Calling, purpose: Id) -> None:
    """From now on no policy rests on it. It stays on record."""
    purposes.end(call.session, call.actor, purpose)
