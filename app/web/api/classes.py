"""Classes of an institution and who teaches them. No student stands here."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import Field

from app.access.permissions import Permission
from app.institutions import queries, service
from app.institutions.models import SchoolClass
from app.paging import Down
from app.people import queries as people
from app.people.models import Person
from app.web.api.answers import Asked, Id, Page, Told, Windowed, at, only
from app.web.api.caller import Caller, Calling, api_router, creates, takes

router = api_router("classes")
_ANY_ID = r"^[A-Za-z0-9_-]{1,64}$"


class ClassTold(Told):
    """`offered_by` is the site that named it. It counts once `confirmed`."""

    id: str
    institution: str
    term: str
    code: str
    title: str
    offered_by: str | None
    confirmed: datetime | None
    instructors: list[str]


class ClassAsked(Asked):
    term: str = Field(max_length=200, examples=["2026-autumn"])
    code: str = Field(max_length=200, examples=["MAT-7B"])
    title: str = Field(default="", max_length=200, examples=["Mathematics 7b"])


class Confirmation(Asked):
    title: str | None = Field(default=None, max_length=200, examples=["Mathematics 7b"])


class InstructorAsked(Asked):
    person: str = Field(pattern=_ANY_ID)


class InstructorTold(Told):
    person: str
    name: str


def _told(row: SchoolClass, instructors: dict[str, list[str]]) -> ClassTold:
    return ClassTold(
        id=row.id,
        institution=row.institution_id,
        term=row.term,
        code=row.code,
        title=row.title,
        offered_by=row.offered_by,
        confirmed=row.confirmed,
        instructors=instructors.get(row.id, []),
    )


def _one(call: Caller, row: SchoolClass) -> ClassTold:
    return _told(row, queries.teachings(call.session, [row.id]))


def _instructor(row: Person) -> InstructorTold:
    return InstructorTold(person=row.id, name=row.name)


@router.get("/institutions/{institution}/classes", **takes(Permission.CLASS_READ))
def list_classes(
    call: Calling,
    institution: Id,
    window: Windowed,
    term: Annotated[str | None, only("Of this term, as it is written.")] = None,
    confirmed: Annotated[bool | None, only("Confirmed by a person, or not yet.")] = None,
) -> Page[ClassTold]:
    """By term, newest first, and code; those that a site offered and nobody confirmed yet too."""
    rows = queries.classes(call.session, call.actor, institution)
    fitting = [
        row
        for row in rows
        if term in (None, row.term) and confirmed in (None, row.confirmed is not None)
    ]
    taught = queries.teachings(call.session, [row.id for row in fitting])
    return window.page(fitting, lambda r: (Down(r.term), r.code, r.id), lambda r: _told(r, taught))


@router.post("/institutions/{institution}/classes", **creates(Permission.CLASS_EDIT))
def add_class(call: Calling, response: Response, institution: Id, asked: ClassAsked) -> ClassTold:
    """By hand, so it is confirmed at once."""
    row = service.add_class(
        call.session, call.actor, institution, asked.term, asked.code, asked.title
    )
    at(response, f"/classes/{row.id}")
    return _one(call, row)


@router.get("/institutions/{institution}/instructors", **takes(Permission.CLASS_READ))
def list_instructors(
    call: Calling,
    institution: Id,
    window: Windowed,
    name: Annotated[
        str | None, only("Whose name contains this, in small or capital letters.")
    ] = None,
) -> Page[InstructorTold]:
    """Those who can be named for a class."""
    rows = people.instructors(call.session, call.actor, institution)
    fitting = [row for row in rows if (name or "").casefold() in row.name.casefold()]
    return window.page(fitting, lambda r: (r.name.casefold(), r.id), _instructor)


@router.get("/classes/{school_class}", **takes(Permission.CLASS_READ))
def get_class(call: Calling, school_class: Id) -> ClassTold:
    """One class and its instructors."""
    permission = Permission.CLASS_READ
    return _one(call, queries.class_for(call.session, call.actor, permission, school_class))


@router.post("/classes/{school_class}/confirm", **takes(Permission.CLASS_EDIT))
def confirm_class(call: Calling, school_class: Id, asked: Confirmation) -> ClassTold:
    """A class that a site offered; a title is optional."""
    return _one(call, service.confirm_class(call.session, call.actor, school_class, asked.title))


@router.post("/classes/{school_class}/instructors", **creates(Permission.CLASS_EDIT))
def assign_instructor(
    call: Calling, response: Response, school_class: Id, asked: InstructorAsked
) -> ClassTold:
    """Lets an instructor read the reports of this class."""
    service.assign(call.session, call.actor, school_class, asked.person)
    at(response, f"/classes/{school_class}/instructors/{asked.person}")
    permission = Permission.CLASS_EDIT
    return _one(call, queries.class_for(call.session, call.actor, permission, school_class))


@router.delete(
    "/classes/{school_class}/instructors/{person}", status_code=204, **takes(Permission.CLASS_EDIT)
)
def unassign_instructor(call: Calling, school_class: Id, person: Id) -> None:
    """From now on this instructor cannot read the class's reports."""
    service.unassign(call.session, call.actor, school_class, person)
