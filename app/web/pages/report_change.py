"""What changed in a class's reports: the newest against the one before, in a sentence, a line and a table."""

from collections.abc import Sequence

from app.reports.queries import Earlier, Shown
from app.text import _, ngettext
from app.web.charts import LineChart, Point, line_chart
from app.web.moments import day, number, percent
from app.web.pages.report_words import standing
from app.web.parts import Cell, Column, Few, Fold, Heading, Nothing, Panel, Part, Table, Text
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import ClassFigures, ClassTask

LINE_FROM = 3
"""Reports before a line says more than a sentence."""
_POINT = 0.01


def panel(shown: Shown, earlier: Sequence[Earlier], sheets: dict[str, TaskSheet]) -> Panel:
    """One of the page's panels, also where there is nothing to compare with."""
    figures, title = shown.figures, _("What changed")
    assert figures is not None
    if not earlier:
        first = _("This is the first report of this class. The next one shows what changed.")
        return Panel(title, (), lead=first, id="h-change")
    body: list[Part] = []
    for task in figures.tasks:
        if len(figures.tasks) > 1:
            sheet = sheets.get(task.task)
            body.append(Heading(sheet.target if sheet else task.task))
        body += _of_task(shown, earlier, task, sheets.get(task.task))
    if shown.release and earlier[0].release.id != shown.release.id:
        caution = _(
            "The model changed too, from release {old} to release {new}: that alone may change what is read here."
        )
        said = caution.format(old=earlier[0].release.number, new=shown.release.number)
        body.append(Text(said, muted=True, small=True))
    lead = sentence(figures, earlier[0], sheets)
    return Panel(title, tuple(body), lead=lead, id="h-change")


def sentence(now: ClassFigures, before: Earlier, sheets: dict[str, TaskSheet]) -> str:
    """What the model expects, then how well it does, against the report before."""
    when = day(before.report.as_of)
    if now.records is None or before.figures.records is None:
        return _("There are too few students to compare with the report of {day}.").format(day=when)
    task = next(iter(now.tasks), None)
    old = _same(task, before.figures) if task else None
    if task is None or old is None:
        return _("The report of {day} had nothing to compare with.").format(day=when)
    parts = [_expected(task, old, sheets.get(task.task), when), _quality(task, old)]
    return " ".join(part for part in parts if part)


def _same(task: ClassTask, figures: ClassFigures) -> ClassTask | None:
    """The same task in another report, judged by the same metric."""
    fits = (t for t in figures.tasks if (t.task, t.metric) == (task.task, task.metric))
    return next(fits, None)


def _expected(task: ClassTask, old: ClassTask, sheet: TaskSheet | None, when: str) -> str:
    now, then = task.predicted_mean, old.predicted_mean
    if sheet is None or now is None or then is None:
        return _("There are too few students to compare with the report of {day}.").format(day=when)
    if sheet.kind == "next_answer":
        said = _("It expects {now} of answers to be right, and {then} in the report of {day}.")
        return said.format(now=percent(now), then=percent(then), day=when)
    if sheet.kind != "binary":
        said = _("The model expects {now} on average, and expected {then} in the report of {day}.")
        return said.format(now=number(now, 1), then=number(then, 1), day=when)
    points = round((now - then) / _POINT)
    if points == 0:
        said = _("The model expects “{label}” for {share} of the class, as in the report of {day}.")
    elif points > 0:
        said = _(
            "The model expects “{label}” for {share} of the class, {points} more than in the report of {day}."
        )
    else:
        said = _(
            "The model expects “{label}” for {share} of the class, {points} less than in the report of {day}."
        )
    return said.format(
        label=sheet.labels[-1], share=percent(now), points=_points(abs(points)), day=when
    )


def _points(count: int) -> str:
    """Of a hundred."""
    return ngettext("{n} point", "{n} points", count).format(n=number(count))


def _quality(task: ClassTask, old: ClassTask) -> str:
    found = standing(task, old.shared)
    if found is None:
        return ""
    return {
        "better": _("It is better here than it was."),
        "perhaps-better": _("It is somewhat better here than it was, which may be chance."),
        "same": _("It is about as good here as it was."),
        "perhaps-worse": _("It is somewhat worse here than it was, which may be chance."),
        "worse": _("It is worse here than it was."),
    }[found]


def _of_task(
    shown: Shown, earlier: Sequence[Earlier], task: ClassTask, sheet: TaskSheet | None
) -> list[Part]:
    """The line from the third report on, and every number in a table."""
    assert shown.report and shown.release and shown.figures
    newest = Earlier(shown.report, shown.release, shown.figures)
    row_of = [(one, _same(task, one.figures)) for one in (newest, *earlier)]
    binary = sheet is not None and sheet.yes_or_no
    table = _table(task, row_of, binary)
    line = _line(task, row_of) if binary and len(row_of) >= LINE_FROM else None
    if line is None:
        return [table]
    return [line, Fold(f"fold-change-{task.task}", _("Show the numbers as a table"), (table,))]


def _table(
    task: ClassTask, found: Sequence[tuple[Earlier, ClassTask | None]], binary: bool
) -> Table:
    def mean(value: float | None) -> Cell:
        if value is None:
            return Few()
        return percent(value) if binary else number(value, 1)

    columns = (
        Column(_("Report of")),
        Column(_("Release"), True),
        Column(_("The model expects"), True),
        Column(_("It was"), True),
        Column(task.metric.upper().replace("_", " "), True),
        Column(_("95 % interval"), True),
        Column(_("Students, about"), True),
    )
    rows: list[tuple[Cell, ...]] = []
    for one, old in found:
        records = one.figures.records
        rows.append(
            (
                day(one.report.as_of),
                number(one.release.number),
                mean(old.predicted_mean if old else None),
                mean(old.observed_mean if old else None),
                Few() if old is None or old.shared is None else number(old.shared, 2),
                _interval(old),
                Few() if records is None else number(records),
            )
        )
    return Table(_("This class, report by report, newest first"), columns, tuple(rows))


def _interval(task: ClassTask | None) -> Cell:
    if task is None or task.shared_interval is None:
        return Nothing()
    low, high = task.shared_interval
    return _("{low} to {high}").format(low=number(low, 2), high=number(high, 2))


def _line(task: ClassTask, found: Sequence[tuple[Earlier, ClassTask | None]]) -> LineChart | None:
    """What the model expects, in percent, report by report from left to right."""
    shares = [old.predicted_mean if old else None for _one, old in reversed(found)]
    points = tuple(
        Point(place, 100 * share) for place, share in enumerate(shares, 1) if share is not None
    )
    if len(points) < LINE_FROM:
        return None
    title = _(
        "Line. Share of the class for which the model expects it, by report: {first} at first, {last} now."
    )
    said = title.format(first=percent(points[0].value / 100), last=percent(points[-1].value / 100))
    return line_chart(
        f"change-{task.task}",
        said,
        _("This class"),
        points,
        last_x=len(shares),
        first_word=_("report 1"),
        digits=0,
        unit=" %",
    )
