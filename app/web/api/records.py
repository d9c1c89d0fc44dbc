"""What an officer shows: what left the sites, and who did what."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime

from app import paging
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import export, kinds
from app.audit import queries as audit
from app.audit.models import Event
from app.sites import queries as sites
from app.sites.models import SentLine
from app.sites.queries import SentFilter
from app.text import _
from app.web.api.answers import Id, Page, Told, Windowed, only, page
from app.web.api.caller import Calling, api_router, takes
from worker.protocol.codes import TransferKind

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


def _sent_wanted(
    site: Annotated[str | None, only("From the site with this id.")] = None,
    run: Annotated[str | None, only("For the run with this id.")] = None,
    kind: Annotated[TransferKind | None, only("Of this kind.")] = None,
    since: Annotated[AwareDatetime | None, only("At this moment or later.")] = None,
    until: Annotated[AwareDatetime | None, only("Before this moment.")] = None,
) -> SentFilter:
    return SentFilter(site, run, kind, since, until)


@router.get("/sent", **takes(Permission.SENT_READ))
def list_sent(
    call: Calling,
    institution: Id,
    window: Windowed,
    wanted: Annotated[SentFilter, Depends(_sent_wanted)],
) -> Page[SentTold]:
    """Newest first; everything given must fit."""
    found = sites.sent_part(call.session, call.actor, institution, wanted, window.cut)
    return page(found, _line)


def _wanted(
    kind: Annotated[
        str | None,
        Query(pattern=r"^[a-z][a-z.-]{0,59}$", description="`run.proposed`, or `run.` for all."),
    ] = None,
    actor: Annotated[str | None, Query(pattern=_ID, description="By whom: an id.")] = None,
    subject: Annotated[str | None, Query(pattern=_ID, description="About what: an id.")] = None,
    since: Annotated[AwareDatetime | None, only("At this moment or later.")] = None,
    until: Annotated[AwareDatetime | None, only("Before this moment.")] = None,
) -> audit.Filter:
    return audit.Filter(kind, actor, subject, since, until)


@router.get("/audit", **takes(Permission.AUDIT_READ))
def list_events(
    call: Calling,
    institution: Id,
    window: Windowed,
    wanted: Annotated[audit.Filter, Depends(_wanted)],
) -> Page[EventTold]:
    """Newest first; everything given must fit."""
    found = audit.events(
        call.session,
        call.actor,
        institution,
        wanted,
        cursor=_number(window.cut.after),
        limit=window.cut.limit,
    )
    after = None if found.cursor is None else paging.encode((found.cursor,))
    return Page(items=[_event(row) for row in found.events], next=after)


def _number(cursor: str | None) -> int | None:
    """An event's number is its place."""
    if cursor is None:
        return None
    match paging.decode(cursor):
        case [int(number)]:
            return number
        case _:
            raise paging.wrong()


@router.get("/audit/head", **takes(Permission.AUDIT_READ))
def get_head(call: Calling, institution: Id) -> HeadTold:
    """How long the chain is, and its last digest."""
    require(call.actor, Permission.AUDIT_READ, institution)
    number, digest = audit.head(call.session, institution)
    return HeadTold(number=number, digest=digest)


_LINES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/x-ndjson": {}}, "description": "The file."}
}


@router.get(
    "/audit/export",
    response_class=StreamingResponse,
    responses=_LINES,
    **takes(Permission.AUDIT_READ),
)
def export_events(
    call: Calling, institution: Id, wanted: Annotated[audit.Filter, Depends(_wanted)]
) -> Response:
    """The whole chain as JSON lines: the checkpoints the hub stored, the events, the heads of all chains signed by the
    hub: what `collegium-hub audit check` reads. With a filter, the events that fit, without checkpoints or heads."""
    content = export.as_lines(call.hub.db.reading, call.actor, institution, call.hub.key, wanted)
    return StreamingResponse(content, media_type="application/x-ndjson")


@router.get(
    "/audit/checkpoints",
    response_class=Response,
    responses=_LINES,
    **takes(Permission.AUDIT_READ),
)
def export_checkpoints(call: Calling, institution: Id) -> Response:
    """The checkpoints the hub stored, as JSON lines. Kept elsewhere, they show a chain that was rewritten or cut back:
    `collegium-hub audit check --kept`."""
    content = export.stored_lines(call.session, call.actor, institution, call.hub.key.public)
    return Response(content, media_type="application/x-ndjson")
