"""Who trains which model part? Sites, tasks and modalities in bands, and bytes, before anyone agrees."""

from starlette.responses import Response

from app.access.permissions import Permission
from app.clock import now
from app.federations import parts, queries
from app.federations.parts import Forecast, PartRow, SiteRow, TaskAt
from app.text import _
from app.web import render
from app.web.moments import full, number, sentence, size
from app.web.pages.federations import crumbs
from app.web.parts import Cell, Column, Empty, Muted, No, Nothing, Panel, Sheet, Status, Table, Text
from app.web.visit import Here, page_router
from worker.protocol import code_words
from worker.protocol.policy import Modality
from worker.protocol.tasks import TaskSheet
from worker.protocol.words import choice_in_words

router = page_router(prefix="/federations")


@router.get("/{federation_id}/modalities")
def modalities(visit: Here, federation_id: str) -> Response:
    federation = queries.get(visit.session, visit.who, Permission.FEDERATION_READ, federation_id)
    sheets = queries.documents(visit.session, federation.id)
    found = parts.forecast(visit.session, visit.hub.objects, federation, visit.who)
    sheet = Sheet(
        title=_("Who trains which model part of {name}?").format(name=federation.name),
        says=_says(found),
        asof=_("As of {time}. A forecast from what sites told of their records.").format(
            time=full(now())
        ),
        crumbs=crumbs(federation, _("Who trains which model part")),
        panels=(
            Panel(_("Records by site, task and modality"), _records(found, sheets)),
            Panel(_("What each site would train"), _sites(found)),
            Panel(_("Model parts"), _parts(found)),
        ),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _says(found: Forecast) -> str:
    if not found.parts:
        return _("There is no task sheet yet, so the model has no part.")
    if found.unknown:
        text = _("{known} of {all} sites told of their records; a model part needs {least} sites.")
        known, every = len(found.sites) - found.unknown, len(found.sites)
        return text.format(known=known, all=every, least=found.minimum_sites)
    if found.held:
        text = _("Fewer than {least} sites would train some model parts: these would be held.")
        return text.format(least=found.minimum_sites)
    return _("Every model part would be trained by enough sites.")


def _name(row: SiteRow) -> str:
    if row.site is not None:
        return _("{site} ({institution}, yours)").format(
            site=row.site, institution=row.institution_name
        )
    return _("{institution}, site {n}").format(institution=row.institution_name, n=row.number)


def _records(found: Forecast, sheets: tuple[TaskSheet, ...]) -> tuple[Table | Empty | Text, ...]:
    if not found.sites:
        return (Empty(_("No site of a member is in use yet.")),)
    asked = sorted({modality for sheet in sheets for modality in sheet.modalities})
    reads = {sheet.name: sheet.modalities for sheet in sheets}
    first = (Column(_("Site")), Column(_("Task")), Column(_("Records")))
    columns = first + tuple(Column(sentence(choice_in_words(modality))) for modality in asked)
    rows = tuple(
        (_name(site), task.task, _counted(task), *(_cell(task, m, reads[task.task]) for m in asked))
        for site in found.sites
        for task in site.tasks
    )
    note = _("Sites tell it with: collegium-site data fit FEDERATION. Numbers leave in bands only.")
    return (Table(_("Records that fit"), columns, rows), Text(note, muted=True, small=True))


def _counted(task: TaskAt) -> Cell:
    if task.fits is None:
        return Muted(_("not told yet"))
    if not task.fits:
        return No(_("do not fit"))
    return task.records_band or Muted(_("stay at home"))


def _cell(task: TaskAt, modality: str, reads: tuple[str, ...]) -> Cell:
    if modality not in reads:
        return Nothing()
    if not task.fits or task.carried is None:
        return Muted(_("not known"))
    return {str(name): band for name, band in task.carried.items()}.get(modality) or No(_("none"))


def _sites(found: Forecast) -> tuple[Table | Empty | Text, ...]:
    if not found.sites:
        return (Empty(_("No site of a member is in use yet.")),)
    columns = (
        Column(_("Site")),
        Column(_("Would train")),
        Column(_("Up, a round"), True),
        Column(_("Down, a round"), True),
    )
    rows = tuple((_name(row), _trained(row), _up(row), size(row.bytes_down)) for row in found.sites)
    table = Table(_("Bytes are of the numbers; a file adds little."), columns, rows)
    return (table, *(Text(_fetched(one, of)) for one, of in found.base_bytes.items()))


def _fetched(modality: Modality, count: int) -> str:
    text = {
        "text": _("A site with texts fetches the text model once: {bytes}."),
        "image": _("A site with images fetches the vision model once: {bytes}."),
        "audio": _("A site with recordings fetches the speech model once: {bytes}."),
    }[modality]
    return text.format(bytes=size(count))


def _trained(row: SiteRow) -> Cell:
    if row.parts is None:
        return Muted(_("not known"))
    return ", ".join(code_words.module(part) for part in row.parts) or No(_("none"))


def _up(row: SiteRow) -> Cell:
    return Muted(_("not known")) if row.bytes_up is None else size(row.bytes_up)


def _state(one: PartRow, unknown: int) -> Cell:
    """A site that has not told may yet make up for what is lacking."""
    if not one.held:
        return Status("good", _("would be combined"))
    return (
        Muted(_("not known yet")) if unknown else Status("act", _("would be held: too few sites"))
    )


def _parts(found: Forecast) -> tuple[Table | Empty, ...]:
    if not found.parts:
        return (Empty(_("There is no task sheet yet, so the model has no part.")),)
    columns = (
        Column(_("Model part")),
        Column(_("Bytes"), True),
        Column(_("Sites that would train it"), True),
        Column(_("State")),
    )
    rows = tuple(
        (
            code_words.module(one.part),
            size(one.bytes),
            number(one.sites),
            _state(one, found.unknown),
        )
        for one in found.parts
    )
    return (Table(_("By what is known now"), columns, rows),)
