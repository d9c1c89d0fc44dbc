"""What an officer shows: what left the sites, and who did what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from pydantic import AwareDatetime

from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import export, kinds
from app.audit import queries as audit
from app.audit.models import Event
from app.sites import queries as sites
from app.sites.models import SentLine
from app.text import _
from app.web.api.answers import DEFAULT_LIMIT, Cursor, Id, Limit, Page, Told
from app.web.api.caller import Calling, api_router, takes

router = api_router("records", "/institutions/{institution}")
_ID = r"^[A-Za-z0-9_-]{1,64}$"


class SentTold(Told):
    """One thing that left a site, as the hub received it. Compare it with the site's own outbound log."""

    id: str
    site: str
    run: str | None
    job: str | None
    kind: str
    bytes: int
    digest: str
    reason: str
    at: datetime


class EventTold(Told):
    """One act. `digest` covers everything it says and `previous`; people are named by id."""

    number: int
    at: datetime
    actor: str
    kind: str
    title: str
    subject: str
    body: dict[str, Any]
    previous: str
    digest: str


class HeadTold(Told):
    """Write it down elsewhere: a chain rewritten as a whole shows only against a head known from before."""

    number: int
    digest: str


def _line(row: SentLine) -> SentTold:
    return SentTold(
        id=row.id,
        site=row.site_id,
        run=row.run_id,
        job=row.job_id,
        kind=row.kind,
        bytes=row.bytes,
        digest=row.digest,
        reason=row.reason,
        at=row.at,
    )


def _event(row: Event) -> EventTold:
    return EventTold(
        number=row.number,
        at=row.at,
        actor=row.actor,
        kind=row.kind,
        title=_(kinds.by_name(row.kind).title),
        subject=row.subject,
        body=row.body,
        previous=row.previous,
        digest=row.digest,
    )


@router.get("/sent", **takes(Permission.SENT_READ))
def list_sent(
    call: Calling, institution: Id, after: Cursor = None, limit: Limit = DEFAULT_LIMIT
) -> Page[SentTold]:
    """Newest first."""
    found = sites.sent(call.session, call.actor, institution, limit=limit + 1, after=after)
    shown = found[:limit]
    return Page(
        items=[_line(row) for row in shown], next=shown[-1].id if len(found) > limit else None
    )


def _wanted(
    kind: Annotated[
        str | None,
        Query(pattern=r"^[a-z][a-z.-]{0,59}$", description="`run.proposed`, or `run.` for all."),
    ] = None,
    actor: Annotated[str | None, Query(pattern=_ID)] = None,
    subject: Annotated[str | None, Query(pattern=_ID)] = None,
    since: AwareDatetime | None = None,
    until: AwareDatetime | None = None,
) -> audit.Filter:
    return audit.Filter(kind, actor, subject, since, until)


@router.get("/audit", **takes(Permission.AUDIT_READ))
def list_events(
    call: Calling,
    institution: Id,
    wanted: Annotated[audit.Filter, Depends(_wanted)],
    after: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Limit = DEFAULT_LIMIT,
) -> Page[EventTold]:
    """Newest first; everything given must fit."""
    found = audit.events(call.session, call.actor, institution, wanted, cursor=after, limit=limit)
    cursor = None if found.cursor is None else str(found.cursor)
    return Page(items=[_event(row) for row in found.events], next=cursor)


@router.get("/audit/head", **takes(Permission.AUDIT_READ))
def get_head(call: Calling, institution: Id) -> HeadTold:
    """How long the chain is, and its last digest."""
    require(call.actor, Permission.AUDIT_READ, institution)
    number, digest = audit.head(call.session, institution)
    return HeadTold(number=number, digest=digest)


@router.get(
    "/audit/export",
    response_class=Response,
    responses={200: {"content": {"application/x-ndjson": {}}, "description": "The file."}},
    **takes(Permission.AUDIT_READ),
)
def export_events(call: Calling, institution: Id) -> Response:
    """The whole chain as JSON lines, ending with the heads of all chains signed by the hub: what
    `collegium-hub audit check` reads."""
    content = export.as_lines(call.session, call.actor, institution, call.hub.key)
    return Response(content, media_type="application/x-ndjson")
