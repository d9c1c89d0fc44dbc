"""A task sheet and what a run sends, in words and tables."""

from collections.abc import Iterable

from app.policies.fields import choice_name
from app.text import _
from app.web.moments import number
from app.web.parts import Cell, Code, Column, Facts, Nothing, Panel, Table
from worker.protocol.tasks import Input, TaskSheet


def flows(leaves: Iterable[str]) -> str:
    """What a job may send besides updates."""
    names = {
        "metrics": _("figures on quality"),
        "counts": _("numbers of records, in bands"),
        "class_codes": _("codes of classes"),
        "class_reports": _("class reports, small groups hidden"),
    }
    return ", ".join(names[f] for f in leaves if f in names) or _("nothing")


def metric(name: str) -> str:
    return {
        "auc": _("AUC: how well students at risk are ranked"),
        "macro_f1": _("macro F1: every class counts the same"),
        "accuracy": _("share of right answers"),
        "rmse": _("root mean square error"),
        "mae": _("mean error"),
        "qwk": _("quadratic kappa: agreement, far misses cost more"),
        "pcc": _("correlation"),
        "mcrmse": _("root mean square error, mean over the traits"),
    }[name]


def panel(sheet: TaskSheet) -> Panel:
    """What exactly is predicted from what."""
    until: tuple[tuple[str, Cell], ...] = ()
    if sheet.cutoff_day is not None:
        until = ((_("Uses records up to"), _("day {n}").format(n=sheet.cutoff_day)),)
    rule = _("none")
    if sheet.simple_rule:
        rule = _("the best guess from “{input}” alone").format(input=sheet.simple_rule)
    facts = Facts(
        (
            (_("For"), choice_name(sheet.purpose)),
            (_("Answer"), _answer(sheet)),
            *until,
            (_("Judged by"), metric(sheet.metric)),
            (_("A site needs"), _("at least {n} records").format(n=number(sheet.minimum_records))),
            (_("Simple rule to beat"), rule),
            *_groupings(sheet),
            (_("Name of the sheet"), Code(sheet.name)),
        )
    )
    return Panel(sheet.target, (facts, inputs(sheet)), id=f"h-task-{sheet.name}")


def _groupings(sheet: TaskSheet) -> tuple[tuple[str, Cell], ...]:
    """What class reports are broken down by."""
    found: list[tuple[str, Cell]] = []
    if sheet.topic:
        found.append((_("Class reports by topic"), sheet.topic.name.replace("_", " ")))
    if sheet.groups:
        names = ", ".join(group.name.replace("_", " ") for group in sheet.groups)
        found.append((_("Only to check gaps"), names))
    return tuple(found)


def inputs(sheet: TaskSheet) -> Table:
    """Units and values only where an input has them."""
    rows = [_input(one) for one in sheet.inputs]
    columns = [Column(_("Input")), Column(_("Kind")), Column(_("Unit")), Column(_("Values"))]
    for place in (3, 2):
        if all(isinstance(row[place], Nothing) for row in rows):
            columns.pop(place)
            rows = [(*row[:place], *row[place + 1 :]) for row in rows]
    return Table(_("What it is predicted from"), tuple(columns), tuple(rows))


def _answer(sheet: TaskSheet) -> str:
    if sheet.labels:
        return _(" or ").join(sheet.labels)
    if sheet.kind == "next_answer":
        return _("right or wrong, the next answer of a sequence")
    if sheet.traits:
        return _("numbers for {traits}").format(traits=", ".join(sheet.traits))
    return _("a number, in {unit}").format(unit=sheet.unit) if sheet.unit else _("a number")


def _input(one: Input) -> tuple[Cell, ...]:
    kind = {
        "numeric": _("number"),
        "categorical": _("one of a list"),
        "text": _("text"),
        "audio": _("recording"),
        "image": _("image"),
        "events": _("sequence of events"),
    }[one.kind]
    said = one.values or tuple(column.name for column in one.columns)
    values = ", ".join(said[:8]) + (" …" if len(said) > 8 else "")
    if one.beside:
        kind = _("text, read together with {name}").format(name=one.beside)
    return (Code(one.name), kind, one.unit or Nothing(), values or Nothing())
