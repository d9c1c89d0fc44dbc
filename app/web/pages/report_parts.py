"""Topics, and gaps between groups: a sentence first, then every part in a table, with what is too small left out."""

from collections.abc import Sequence

from app.text import _
from app.web.moments import number, percent
from app.web.parts import Cell, Column, Few, Heading, Muted, Nothing, Panel, Part, Table
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import ClassFigures, ClassPart, ClassTask


def topics(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> list[Panel]:
    """One panel where any task tells topics, else none."""
    told = [(t, sheets[t.task]) for t in figures.tasks if t.topics and t.task in sheets]
    if not told:
        return []
    body: list[Part] = []
    for task, sheet in told:
        if len(told) > 1:
            body.append(Heading(sheet.target))
        caption = _("{target} By topic, over all students of the class.").format(
            target=sheet.target
        )
        body.append(_table(task.topics, sheet, _("Topic"), caption))
    lead = topics_sentence([part for task, _sheet in told for part in task.topics])
    return [Panel(_("Topics"), tuple(body), lead=lead, id="h-topics")]


def topics_sentence(parts: Sequence[ClassPart]) -> str:
    if not any(part.students is not None for part in parts):
        return _("Too few students to show any topic.")
    low, high = lowest(parts), [p for p in parts if p.low is not None and p.low > 0]
    if low:
        names = _(" and ").join(named(part.value) for part in low)
        return _("Lower than the other topics: {names}.").format(names=names)
    if high:
        names = _(" and ").join(named(part.value) for part in high)
        return _("Higher than the other topics: {names}.").format(names=names)
    return _("No topic stands apart from the others by more than chance.")


def lowest(parts: Sequence[ClassPart]) -> list[ClassPart]:
    """Those whose whole interval lies below the others."""
    return [part for part in parts if part.high is not None and part.high < 0]


def gaps(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> list[Panel]:
    """One panel where any task tells groups, else none."""
    body: list[Part] = []
    every: list[ClassPart] = []
    for task in figures.tasks:
        sheet = sheets.get(task.task)
        if sheet is not None and task.groups:
            body += _groups(task, sheet)
            every += [part for parts in task.groups.values() for part in parts]
    if not body:
        return []
    return [Panel(_("Gaps between groups"), tuple(body), lead=gaps_sentence(every), id="h-gaps")]


def gaps_sentence(parts: Sequence[ClassPart]) -> str:
    if not any(part.difference is not None for part in parts):
        return _("Too few students to compare groups.")
    if any(_apart(part) for part in parts):
        return _(
            "At least one gap is larger than chance would make it. What it comes from is not told here."
        )
    return _("No gap is large enough to be sure of.")


def _groups(task: ClassTask, sheet: TaskSheet) -> list[Part]:
    found: list[Part] = []
    for name, parts in task.groups.items():
        caption = _("{target} By “{group}”, over all students of the class.")
        said = caption.format(target=sheet.target, group=named(name))
        found.append(_table(parts, sheet, _("Group"), said))
    return found


def named(value: str) -> str:
    """A value of a sheet as words."""
    return value.replace("_", " ")


def _apart(part: ClassPart) -> bool:
    return part.low is not None and part.high is not None and (part.low > 0 or part.high < 0)


def _table(parts: Sequence[ClassPart], sheet: TaskSheet, what: str, caption: str) -> Table:
    columns = (
        Column(what),
        Column(_("Students, about"), True),
        Column(_("It was"), True),
        Column(_("The model expected"), True),
        Column(_("Against the rest"), True),
        Column(_("How to read it")),
    )
    return Table(caption, columns, tuple(_row(part, sheet) for part in parts))


def _row(part: ClassPart, sheet: TaskSheet) -> tuple[Cell, ...]:
    if part.students is None:
        why = Muted(_("Too small, or hidden so that no smaller one can be worked out"))
        return (named(part.value), Few(), Nothing(), Nothing(), Nothing(), why)
    return (
        named(part.value),
        number(part.students),
        _value(part.seen, sheet),
        _value(part.expected, sheet),
        _difference(part, sheet),
        _read(part),
    )


def _value(value: float | None, sheet: TaskSheet) -> Cell:
    if value is None:
        return Few()
    return percent(value) if sheet.kind == "binary" else number(value, 1)


def _difference(part: ClassPart, sheet: TaskSheet) -> Cell:
    if part.difference is None or part.low is None or part.high is None:
        return Nothing()
    return _("{middle} ({low} to {high})").format(
        middle=_signed(part.difference, sheet),
        low=_signed(part.low, sheet),
        high=_signed(part.high, sheet),
    )


def _signed(value: float, sheet: TaskSheet) -> str:
    """In points of a hundred for a share, else in the sheet's unit; with a real minus."""
    shown = value * 100 if sheet.kind == "binary" else value
    text = number(abs(shown), 0 if sheet.kind == "binary" else 1)
    return f"−{text}" if shown < 0 else f"+{text}"


def _read(part: ClassPart) -> Cell:
    if part.difference is None:
        return Muted(_("Too few others to compare with"))
    if _apart(part):
        return _("Higher than the rest") if part.difference > 0 else _("Lower than the rest")
    return _("May be chance")
