"""Which model is in use, and is it better? Against each site alone and a simple rule; roll back."""

from starlette.responses import Response

from app.access.actor import allows, institutions_where
from app.access.permissions import Permission
from app.federations import queries as federations
from app.federations.models import Federation
from app.releases import adapter, archive, queries, service
from app.releases.models import Release
from app.runs import module_states, tallies
from app.runs import queries as runs
from app.runs.models import Run
from app.runs.progress import progress
from app.text import _
from app.web import own_models, refusals, render, run_figures
from app.web.moments import as_of, day, full, number, since
from app.web.pages import erasure_words, run_words
from app.web.pages import release_compare as compared
from app.web.pages.federations import crumbs
from app.web.parts import (
    Button,
    Cell,
    Code,
    Column,
    Empty,
    Fold,
    Form,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
    When,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol import code_words

router = page_router(prefix="/federations/{federation_id}/releases")


@router.get("")
def every(visit: Here, federation_id: str) -> Response:
    federation = federations.get(visit.session, visit.who, Permission.RUN_READ, federation_id)
    found = queries.visible_to(visit.session, visit.who, federation)
    columns = (
        Column(_("Release")),
        Column(_("State")),
        Column(_("Published")),
        Column(_("From")),
        Column(_("Model parts"), True),
    )
    made_by = tallies.runs_by_ids(visit.session, {one.run_id for one in found})
    rows = tuple(_line(federation, one, made_by.get(one.run_id)) for one in found)
    part: Part = Table(_("Releases, newest first"), columns, rows)
    if not rows:
        runs_link = Link(_("See the runs"), "/runs", "btn")
        part = Empty(_("No finished run yet, so no release."), runs_link)
    current = next((r for r in found if r.current), None)
    sheet = Sheet(
        title=_("Releases of {name}").format(name=federation.name),
        says=_("Release {n} is in use, {since}.").format(
            n=current.number, since=since(current.created)
        )
        if current
        else _("No model is in use yet."),
        asof=as_of(),
        crumbs=crumbs(federation, _("Releases")),
        panels=(Panel(_("Every release"), (part,)),),
        foot=(Link(_("Compare two releases"), f"/federations/{federation.id}/releases/compare"),)
        if len(found) > 1
        else (),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _line(federation: Federation, one: Release, run: Run | None) -> tuple[Cell, ...]:
    path = f"/federations/{federation.id}/releases/{one.id}"
    state = Status("good", _("In use")) if one.current else Status("off", _("Not in use"))
    return (
        Link(_("Release {n}").format(n=one.number), path),
        state,
        When(one.created, day(one.created)),
        Link(_("Run {n}").format(n=run.number), f"/runs/{run.id}") if run else Nothing(),
        number(len(one.modules)),
    )


@router.get("/compare")
def compare(visit: Here, federation_id: str) -> Response:
    federation = federations.get(visit.session, visit.who, Permission.RUN_READ, federation_id)
    found = {r.id: r for r in queries.visible_to(visit.session, visit.who, federation)}
    asked = visit.request.query_params
    newest = list(found.values())
    old = found.get(asked.get("old", ""), newest[-1] if newest else None)
    new = found.get(asked.get("new", ""), newest[0] if newest else None)
    return render.sheet(visit, compared.sheet(visit, federation, tuple(newest), old, new))


@router.get("/{release_id}")
def one(visit: Here, federation_id: str, release_id: str) -> Response:
    row = queries.get(visit.session, visit.who, Permission.RUN_READ, release_id)
    seen = runs.seen(visit.session, visit.who, Permission.RUN_READ, row.run_id)
    federation = seen.federation
    rows = tuple(
        (code_words.module(name), Code(str(digest), True))
        for name, digest in sorted(row.modules.items())
    )
    panels = [
        *_withdrawn(visit, seen),
        *_compared(visit, row),
        compared.lineage(visit, row),
        Panel(
            _("What it is made of"),
            (Table(_("Model parts"), (Column(_("Part")), Column(_("Digest"))), rows),),
            lead=run_words.kept_sentences(module_states.kept_now(visit.session, row.run_id)),
        ),
    ]
    panels += _taken_away(visit, federation, row)
    panels += _rolled_back(visit, federation, row)
    sheet = Sheet(
        title=_("Release {n} of {name}").format(n=row.number, name=federation.name),
        says=_("It is in use at the members’ sites.") if row.current else _("It is not in use."),
        asof=_("Published {time}").format(time=full(row.created)),
        crumbs=(
            *crumbs(federation),
            Link(_("Releases"), f"/federations/{federation.id}/releases"),
            Link(_("Release {n}").format(n=row.number), ""),
        ),
        panels=tuple(panels),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _rolled_back(visit: Visit, federation: Federation, row: Release) -> list[Panel]:
    if row.current or not allows(visit.who, Permission.RUN_LEAD, federation.lead_id):
        return []
    path = f"/federations/{federation.id}/releases/{row.id}/roll-back"
    form = Form(path, (), (Button(_("Use this release again")),), inline=True)
    said = Text(_("Sites switch at their next word. Nothing is deleted."))
    return [Panel(_("Roll back"), (said, form))]


def _withdrawn(visit: Visit, seen: runs.Seen) -> list[Panel]:
    said = erasure_words.of_run(visit, seen)
    return [Panel(_("Withdrawn since"), (Text(said),))] if said else []


def _taken_away(visit: Visit, federation: Federation, row: Release) -> list[Panel]:
    """The file, where one of the actor's institutions in the federation gives the permission; else why not."""
    may = institutions_where(visit.who, Permission.RELEASE_DOWNLOAD)
    if federations.inside(visit.session, federation, may):
        return [_download(federation, row)]
    stopped = refusals.unverified(visit, visit.institution or "")
    return [Panel(_("Take it with you"), (stopped,))] if stopped else []


def _download(federation: Federation, row: Release) -> Panel:
    says = _(
        "One ZIP file: what it predicts, its model parts as safetensors, the hub's signature, and its limits."
        " Who downloads it is written down."
    )
    path = f"/federations/{federation.id}/releases/{row.id}/download"
    form = Form(path, (), (Button(_("Download")),), inline=True)
    parts: tuple[Text | Form, ...] = (Text(says), form)
    if adapter.exists(row):
        says = _(
            "Its text adapter alone, as PEFT reads it: for programs that use the same text model."
        )
        path = f"/federations/{federation.id}/releases/{row.id}/adapter"
        parts += (
            Text(says),
            Form(path, (), (Button(_("Download the text adapter")),), inline=True),
        )
    return Panel(_("Take it with you"), parts)


@router.post("/{release_id}/download")
def download(visit: Here, federation_id: str, release_id: str) -> Response:
    name, content = archive.download(visit.session, visit.hub, visit.who, release_id)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


@router.post("/{release_id}/adapter")
def download_adapter(visit: Here, federation_id: str, release_id: str) -> Response:
    name, content = adapter.download(visit.session, visit.hub, visit.who, release_id)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="application/zip", headers=headers)


def _compared(visit: Visit, row: Release) -> list[Panel]:
    run = runs.by_id(visit.session, row.run_id)
    if run is None:
        return []
    seen = progress(visit.session, run, visit.who, seen_recently_s=visit.settings.seen_recently_s)
    panels = []
    for series in seen.series:
        if not series.shared:
            continue
        table = run_figures.table(series, set())
        words = Text(run_figures.metric_words(series.metric), muted=True, small=True)
        chart = run_figures.chart(series, max(p.round for p in series.shared), None)
        fold = Fold(f"fold-{series.task}", _("Show the numbers as a table"), (table,))
        own = tuple(Text(said) for said in own_models.sentences(series.personal))
        panels.append(
            Panel(
                series.target,
                (words, chart, fold, *own) if chart else (words, table, *own),
                lead=run_figures.finding(series),
                id=f"h-{series.task}",
            )
        )
    if not panels:
        text = _("No figure was let out, so it cannot be compared here.")
        panels.append(Panel(_("Is it better?"), (Empty(text),)))
    return panels


@router.post("/{release_id}/roll-back")
def roll_back(visit: Here, federation_id: str, release_id: str) -> Response:
    row = queries.get(visit.session, visit.who, Permission.RUN_LEAD, release_id)
    service.roll_back(visit.session, visit.who, row, visit.hub.key)
    return see_other(f"/federations/{row.federation_id}/releases", "rolled-back")
