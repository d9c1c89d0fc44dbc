"""Task sheets of a federation: what is predicted, from what, how it is judged."""

from datetime import datetime
from typing import Annotated

from fastapi import Path, Response

from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import queries, service
from app.federations.models import SheetVersion
from app.text import _
from app.web.api.answers import Id, Page, Told, Windowed, at, only
from app.web.api.caller import Calling, api_router, creates, takes
from app.web.api.examples import Sheet
from app.web.api.reach import reachable
from worker.protocol.policy import TaskKind
from worker.protocol.tasks import TaskSheet

router = api_router("federations", "/federations/{federation}/sheets")
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9-]{0,39}$")]


class SheetTold(Told):
    """A version. `digest` is what `collegium-site data check --task` and a manifest name."""

    name: str
    number: int
    digest: str
    current: bool
    created: datetime
    sheet: TaskSheet


def _told(row: SheetVersion) -> SheetTold:
    return SheetTold(
        name=row.name,
        number=row.number,
        digest=row.digest,
        current=row.current,
        created=row.created,
        sheet=TaskSheet.model_validate(row.document),
    )


@router.get("", **takes(Permission.FEDERATION_READ))
def list_sheets(
    call: Calling,
    federation: Id,
    window: Windowed,
    kind: Annotated[TaskKind | None, only("Of this kind of task.")] = None,
) -> Page[SheetTold]:
    """The versions in force, by name."""
    rows = queries.sheets(call.session, reachable(call, federation).id)
    fitting = [row for row in rows if kind in (None, row.document["kind"])]
    return window.page(fitting, lambda r: (r.name,), _told)


@router.post("", **creates(Permission.FEDERATION_LEAD))
def add_sheet(call: Calling, response: Response, federation: Id, sheet: Sheet) -> SheetTold:
    """A sheet of the same name gets a new version; in an open federation members then accept again."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    version = service.add_sheet(call.session, call.actor, row, sheet)
    at(response, f"/federations/{row.id}/sheets/{version.name}")
    return _told(version)


@router.get("/{name}", **takes(Permission.FEDERATION_READ))
def get_sheet(call: Calling, federation: Id, name: Name) -> SheetTold:
    """The version in force."""
    row = reachable(call, federation)
    versions = queries.sheet_versions(call.session, row.id, name)
    current = next((v for v in versions if v.current), None)
    if current is None:
        raise NotFound(_("This federation has no such task sheet."))
    return _told(current)


@router.delete("/{name}", status_code=204, **takes(Permission.FEDERATION_FOUND))
def remove_sheet(call: Calling, federation: Id, name: Name) -> None:
    """Takes it out of a draft."""
    row = queries.get(call.session, call.actor, Permission.FEDERATION_LEAD, federation)
    service.remove_sheet(call.session, call.actor, row, name)
