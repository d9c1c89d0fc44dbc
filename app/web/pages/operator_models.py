"""Which base models may be used? Imported on the hub's own computer, allowed here, pinned by digest."""

from starlette.responses import Response

from app.access.loaders import require
from app.access.permissions import Permission
from app.federations import base_models, offered
from app.federations.models import BaseModelFile
from app.people import queries as people
from app.text import _
from app.web import render
from app.web.moments import as_of, day, size
from app.web.parts import (
    Button,
    Code,
    Column,
    Copy,
    Facts,
    Fold,
    Form,
    Link,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
)
from app.web.visit import Here, page_router, see_other
from worker.protocol.words import choice_in_words

router = page_router(prefix="/operator/models")


@router.get("")
def every(visit: Here) -> Response:
    require(visit.who, Permission.HUB_OPERATE, None)
    rows = offered.base_models(visit.session)
    names = people.names(visit.session, {row.decided_by or "" for row in rows})
    panels = tuple(_panel(row, names) for row in rows)
    allowed = sum(row.allowed for row in rows)
    sheet = Sheet(
        title=_("Base models"),
        says=_("{allowed} of {all} may be named by federations.").format(
            allowed=allowed, all=len(rows)
        )
        if rows
        else _("None is imported: texts cannot be read, recordings and images by small encoders."),
        asof=as_of(),
        crumbs=(Link(_("Hub"), "/operator"), Link(_("Base models"), "")),
        panels=(*panels, _import_panel()),
        menu="hub",
    )
    return render.sheet(visit, sheet)


def _panel(row: BaseModelFile, names: dict[str, str]) -> Panel:
    who = names.get(row.decided_by or "", "")
    if row.allowed:
        state = Status("good", _("Allowed"), _("by {who}").format(who=who) if who else "")
    elif row.decided_by:
        state = Status("stop", _("Withdrawn"), _("by {who}").format(who=who) if who else "")
    else:
        state = Status("wait", _("Not allowed yet"))
    facts = Facts(
        (
            (_("Reads"), choice_in_words(row.modality)),
            (_("Licence"), row.licence),
            (_("Source"), row.source),
            (_("Size"), size(row.bytes)),
            (_("Digest"), Code(row.digest)),
            (_("Imported"), day(row.created)),
        )
    )
    files = Table(
        _("Every file, pinned by its digest"),
        (Column(_("File")), Column(_("Digest"))),
        tuple((name, Code(str(digest), True)) for name, digest in sorted(row.files.items())),
    )
    path = f"/operator/models/{row.id}"
    act = (
        Form(f"{path}/withdraw", (), (Button(_("Withdraw")),), inline=True)
        if row.allowed
        else Form(f"{path}/allow", (), (Button(_("Allow"), look="primary"),), inline=True)
    )
    fold: Part = Fold(f"files-{row.id}", _("Show the files"), (files,))
    return Panel(row.name, (facts, act, fold), id=f"h-{row.id}", state=state)


def _import_panel() -> Panel:
    command = "collegium-hub model import FOLDER --name NAME --licence LICENCE --source SOURCE"
    return Panel(
        _("Import another one"),
        (
            Text(
                _(
                    "For texts, images or recordings, on the hub’s computer. Only JSON files and safetensors "
                    "are taken: no code, no pickle. "
                    "Nobody can use it before an operator allows it here."
                )
            ),
            Copy("import-command", _("The command that imports a base model"), command),
        ),
    )


@router.post("/{model}/allow")
def allow(visit: Here, model: str) -> Response:
    base_models.allow(visit.session, visit.who, model)
    return see_other("/operator/models", "saved")


@router.post("/{model}/withdraw")
def withdraw(visit: Here, model: str) -> Response:
    base_models.withdraw(visit.session, visit.who, model)
    return see_other("/operator/models", "withdrawn")
