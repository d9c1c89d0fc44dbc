"""An instructor's pages: which of my classes has news, and what the model knows about one, and how far to trust it."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Invalid
from app.people import queries as people
from app.people.models import Person
from app.reports import feedback, files, queries, service
from app.reports.queries import Shown, Viewer
from app.runs import queries as runs
from app.runs import tallies
from app.runs.models import Run
from app.text import _
from app.web import render
from app.web.moments import as_of, full, lately
from app.web.pages import report_change, report_next, report_parts, report_words
from app.web.parts import (
    Bullets,
    Button,
    Cell,
    Column,
    Empty,
    Facts,
    Few,
    Form,
    Heading,
    Link,
    Log,
    LogLine,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol.tasks import Input, TaskSheet

router = page_router(prefix="/classes")


@router.get("")
def every(visit: Here) -> Response:
    found = queries.visible_to(visit.session, visit.who)
    made_by = tallies.runs_by_ids(visit.session, {s.release.run_id for s in found if s.release})
    rows = tuple(_line(shown, made_by) for shown in found)
    columns = (Column(_("Class")), Column(_("Term")), Column(_("News")), Column(_("As of")))
    part: Part = Table(_("Classes you teach"), columns, rows)
    if not rows:
        part = Empty(
            _("No class is assigned to you. An administrator of your institution does that.")
        )
    with_news = sum(shown.report is not None for shown in found)
    sheet = Sheet(
        title=_("My classes"),
        says=_("{n} of {all} have a report.").format(n=with_news, all=len(found)) if found else "",
        asof=as_of(),
        panels=(Panel(_("Assigned to you"), (part,)),),
        menu="my-classes",
    )
    return render.sheet(visit, sheet)


def _line(shown: Shown, made_by: Mapping[str, Run]) -> tuple[Cell, ...]:
    row = shown.school_class
    name = f"{row.code} {row.title}".strip()
    if shown.report is None or shown.figures is None:
        return (
            Link(name, f"/classes/{row.id}/report"),
            row.term,
            Status("wait", _("No report yet")),
            "–",
        )
    run = made_by.get(shown.release.run_id) if shown.release else None
    said = report_words.finding(shown.figures, _sheets(run))
    return (Link(name, f"/classes/{row.id}/report"), row.term, said, full(shown.report.as_of))


def _sheets(run: Run | None) -> dict[str, TaskSheet]:
    """The task sheets of the run that made the release, by name."""
    return {s.name: s for s in runs.plan_of(run).sheets} if run else {}


@router.get("/{class_id}/report")
def report(visit: Here, class_id: str) -> Response:
    """That someone looked is written down, in a transaction of its own: this request only reads."""
    with visit.hub.db.session() as writing:
        shown = service.view(writing, visit.who, class_id)
        viewers = queries.viewers(writing, shown.report) if shown.report else []
    return _page(visit, class_id, viewers)


def _page(
    visit: Visit, class_id: str, viewers: Sequence[Viewer], errors: dict[str, str] | None = None
) -> Response:
    shown = queries.get(visit.session, visit.who, class_id)
    row = shown.school_class
    name = f"{row.code} {row.title}".strip()
    run = runs.by_id(visit.session, shown.release.run_id) if shown.release else None
    sheets = _sheets(run)
    figures = shown.figures
    sheet = Sheet(
        title=name,
        says=report_words.finding(figures, sheets) if figures else _none_yet(shown),
        asof=_asof(visit, shown, run),
        crumbs=(Link(_("My classes"), "/classes"), Link(row.code, "")),
        panels=_panels(visit, shown, sheets, viewers, errors or {}),
        errors=tuple((errors or {}).items()),
        menu="my-classes",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _panels(
    visit: Visit,
    shown: Shown,
    sheets: dict[str, TaskSheet],
    viewers: Sequence[Viewer],
    errors: dict[str, str],
) -> tuple[Panel, ...]:
    """In the order of reading: may I lean on it, what is it from, what does it say, what can I do."""
    at = shown.school_class.institution_id
    officer = next(iter(people.people_with(visit.session, at, Permission.POLICY_APPROVE)), None)
    if shown.report is None or shown.figures is None:
        return (_limits(visit, shown, officer, ()),)
    earlier = queries.earlier(visit.session, shown)
    said = queries.feedback_on(visit.session, shown.report)
    return (
        _fit(shown, sheets),
        *report_words.calibration(shown.figures, sheets),
        *_uses(sheets),
        *report_parts.topics(shown.figures, sheets),
        *report_parts.gaps(shown.figures, sheets),
        report_change.panel(shown, earlier, sheets),
        report_next.panel(visit, shown, sheets, said, officer, errors),
        _limits(visit, shown, officer, viewers),
        _download(shown.school_class.id),
    )


@router.post("/{class_id}/report/feedback")
def answer(visit: Here, class_id: str) -> Response:
    typed = visit.form
    try:
        fits, step = feedback.read(typed.text("fits"), typed.text("step"))
    except Invalid as error:
        shown = queries.get(visit.session, visit.who, class_id)
        viewers = queries.viewers(visit.session, shown.report) if shown.report else []
        return _page(visit, class_id, viewers, error.errors)
    feedback.give(visit.session, visit.who, class_id, fits, step)
    return see_other(f"/classes/{class_id}/report", "said")


@router.post("/{class_id}/report/download")
def download(visit: Here, class_id: str) -> Response:
    kind = files.kind_of(visit.form.text("form"))
    file = files.download(visit.session, visit.who, class_id, kind)
    headers = {"Content-Disposition": f'attachment; filename="{file.name}"'}
    return Response(file.content, media_type=file.media, headers=headers)


def _download(class_id: str) -> Panel:
    lead = _(
        "The numbers of this page, as a file. Keep it as you keep this page: who downloads it is written down. To keep "
        "the page itself, print it."
    )
    buttons = tuple(
        Button(text, "form", kind)
        for text, kind in ((_("Download as CSV"), "csv"), (_("Download as JSON"), "json"))
    )
    form = Form(f"/classes/{class_id}/report/download", (), buttons, inline=True)
    return Panel(_("Take it with you"), (form,), lead=lead, id="h-download")


def _none_yet(shown: Shown) -> str:
    return _(
        "No report yet. One comes after the next finished run, if your policy lets class reports out."
    )


def _asof(visit: Visit, shown: Shown, run: Run | None) -> str:
    parts = [shown.school_class.term]
    if shown.report:
        parts.insert(0, _("As of {time}").format(time=full(shown.report.as_of)))
    if run and shown.release:
        federation = runs.federation_of(visit.session, run)
        parts.append(
            _("release {n} of {name}").format(n=shown.release.number, name=federation.name)
        )
    return " · ".join(parts)


def _fit(shown: Shown, sheets: dict[str, TaskSheet]) -> Panel:
    figures = shown.figures
    assert figures is not None
    records: Cell = Few()
    if figures.records is not None:
        records = _("About {n}").format(n=figures.records)
    body: list[Part] = [Facts(((_("Students it can use"), records),))]
    for task in figures.tasks:
        sheet = sheets.get(task.task)
        if len(figures.tasks) > 1:
            body.append(Heading(sheet.target if sheet else task.task))
        body += report_words.compared(task, sheet)
    lead = report_words.fit_sentence(figures, sheets)
    return Panel(_("Is the model fit for this class?"), tuple(body), lead=lead, id="h-fit")


def _uses(sheets: dict[str, TaskSheet]) -> list[Panel]:
    if not sheets:
        return []
    inputs = list(dict.fromkeys(_named(i) for s in sheets.values() for i in s.inputs))
    days = sorted({s.cutoff_day for s in sheets.values() if s.cutoff_day is not None})
    until = [(_("Uses records up to"), _("day {n}").format(n=" / ".join(map(str, days))))]
    facts = Facts(
        (
            (_("Predicts"), " ".join(s.target for s in sheets.values())),
            (_("Uses"), ", ".join(inputs)),
            *(until if days else ()),
            (
                _("May not use"),
                _("Names, addresses, anything from a face or a voice about feelings or attention"),
            ),
            *_only_gaps(sheets),
        )
    )
    return [Panel(_("What it uses"), (facts,), id="h-uses")]


def _only_gaps(sheets: dict[str, TaskSheet]) -> tuple[tuple[str, Cell], ...]:
    names = list(dict.fromkeys(g.name.replace("_", " ") for s in sheets.values() for g in s.groups))
    if not names:
        return ()
    said = _("{groups}. Never as an input.").format(groups=", ".join(names))
    return ((_("Only to check gaps"), said[:1].upper() + said[1:]),)


def _named(one: Input) -> str:
    """A column's name as words, with its unit."""
    name = one.name.replace("_", " ")
    return f"{name} ({one.unit})" if one.unit else name


def _limits(visit: Visit, shown: Shown, officer: Person | None, viewers: Sequence[Viewer]) -> Panel:
    cell = shown.report.minimum_cell if shown.report else 10
    lines = (
        _("It describes the class, not one student. It is not for grading."),
        _("It learned from several institutions. Yours is one; classes elsewhere may differ."),
        _("Numbers are rounded and groups under {n} are hidden. They carry no added noise.").format(
            n=cell
        ),
    )
    body: list[Part] = [Bullets(lines)]
    if officer:
        said = _("Questions: {name}, privacy officer, {email}.").format(
            name=officer.name, email=officer.email
        )
        body.append(Text(said))
    if shown.report:
        last = {v.view.person_id: v for v in reversed(viewers)}
        newest = sorted(last.values(), key=lambda v: v.view.at, reverse=True)
        body += [
            Heading(_("Who has viewed this report, and when last")),
            Log(tuple(_viewer(visit, v) for v in newest)),
        ]
    body.append(Text(_("The operators of the hub cannot open it."), muted=True, small=True))
    return Panel(_("Limits and contact"), tuple(body), id="h-limits")


def _viewer(visit: Visit, viewer: Viewer) -> LogLine:
    mine = viewer.view.person_id == visit.who.person
    name = (
        _("You") if mine else _("{name}, also an instructor of this class").format(name=viewer.name)
    )
    return LogLine(viewer.view.at, lately(viewer.view.at), name)
