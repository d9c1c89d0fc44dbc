"""Releases: published versions of a federation's model, and going back to an older one."""

from datetime import datetime
from typing import Annotated

from sqlalchemy.orm import Session
from starlette.responses import Response

from app.access.permissions import Permission
from app.federations import queries as federations
from app.paging import Down
from app.releases import adapter, archive, queries, service
from app.releases.models import Release
from app.runs import module_states
from app.web.api.answers import Id, Page, Told, Windowed, only
from app.web.api.caller import Calling, Noting, api_router, takes
from worker.protocol.kept import KeptRows

router = api_router("releases")


class ReleaseTold(Told):
    """`modules` names each model part's digest, `kept` what of a part stays with the sites that train it."""

    id: str
    federation: str
    run: str
    number: int
    current: bool
    modules: dict[str, str]
    kept: dict[str, KeptRows]
    created: datetime


def _told(session: Session, row: Release) -> ReleaseTold:
    return ReleaseTold(
        id=row.id,
        federation=row.federation_id,
        run=row.run_id,
        number=row.number,
        current=row.current,
        modules=row.modules,
        kept=dict(module_states.kept_now(session, row.run_id)),
        created=row.created,
    )


@router.get("/federations/{federation}/releases", **takes(Permission.RUN_READ))
def list_releases(
    call: Calling,
    federation: Id,
    window: Windowed,
    current: Annotated[bool | None, only("The one in use, or those that are not.")] = None,
) -> Page[ReleaseTold]:
    """Newest first."""
    row = federations.get(call.session, call.actor, Permission.RUN_READ, federation)
    rows = queries.visible_to(call.session, call.actor, row)
    fitting = [r for r in rows if current in (None, r.current)]
    return window.page(fitting, lambda r: (Down(r.number),), lambda r: _told(call.session, r))


@router.get("/releases/{release}", **takes(Permission.RUN_READ))
def get_release(call: Calling, release: Id) -> ReleaseTold:
    """One version of the model, part by part, by digest."""
    row = queries.get(call.session, call.actor, Permission.RUN_READ, release)
    return _told(call.session, row)


@router.get(
    "/releases/{release}/archive",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The file."}},
    **takes(Permission.RELEASE_DOWNLOAD),
)
def download_release(call: Noting, release: Id) -> Response:
    """The release as one ZIP file: description, model parts, the hub's signature. The download is written down."""
    name, content = archive.download(call.session, call.hub, call.actor, release)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.get(
    "/releases/{release}/adapter",
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "The file."}},
    **takes(Permission.RELEASE_DOWNLOAD),
)
def download_adapter(call: Noting, release: Id) -> Response:
    """The release's text adapter as PEFT reads it, as a ZIP file; 404 without one. The download is written down."""
    name, content = adapter.download(call.session, call.hub, call.actor, release)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/releases/{release}/roll-back", **takes(Permission.RUN_LEAD))
def roll_back(call: Calling, release: Id) -> ReleaseTold:
    """Makes this older release current again and tells the sites. Nothing is deleted."""
    row = queries.get(call.session, call.actor, Permission.RUN_LEAD, release)
    current = service.roll_back(call.session, call.actor, row, call.hub.key)
    return _told(call.session, current)
