"""A class report in sentences. Careful ones: an interval or a count with every number, and no promise."""

from typing import Literal

from app.policies.fields import choice_name
from app.text import _
from app.web.charts import calibration_chart
from app.web.moments import number, percent
from app.web.parts import (
    Cell,
    Column,
    Facts,
    Few,
    Fold,
    Nothing,
    Panel,
    Part,
    Table,
)
from worker.protocol import code_words
from worker.protocol.tasks import SMALLER_IS_BETTER, TaskSheet
from worker.protocol.update import ClassFigures, ClassTask

CURVE_FROM = 50
"""Records a class needs before a curve says anything."""
_NEAR = 0.01
Standing = Literal["better", "perhaps-better", "same", "perhaps-worse", "worse"]


def finding(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> str:
    """One sentence for the list and the head of the report."""
    if figures.records is None:
        return _("Too few students to show anything about this class.")
    task = next((t for t in figures.tasks if t.shared is not None), None)
    if task is None:
        return _("The model could not be measured on this class.")
    sheet = sheets.get(task.task)
    if sheet and sheet.kind == "binary" and task.predicted_mean is not None:
        expected = _("For about {share} of the class the model expects “{label}”.").format(
            share=percent(task.predicted_mean), label=sheet.labels[-1]
        )
        return f"{expected} {_against_rule(task)}"
    if sheet and sheet.kind == "next_answer" and task.predicted_mean is not None:
        expected = _("The model expects {share} of the next answers to be right.").format(
            share=percent(task.predicted_mean)
        )
        return f"{expected} {_against_rule(task)}"
    return _against_rule(task)


def _better(task: ClassTask, other: float | None) -> float | None:
    """How much the shared model is ahead, in the metric's unit; None where one is missing."""
    if task.shared is None or other is None:
        return None
    gap = task.shared - other
    return -gap if task.metric in SMALLER_IS_BETTER else gap


def standing(task: ClassTask, other: float | None) -> Standing | None:
    """None where one is missing. Inside the model's own interval a difference may be chance."""
    ahead = _better(task, other)
    if ahead is None or other is None:
        return None
    near = abs(task.shared or 0) * 0.02 if task.metric in SMALLER_IS_BETTER else _NEAR
    if abs(ahead) <= near + 1e-9:
        return "same"
    low, high = task.shared_interval or (other, other)
    chance = task.shared_interval is not None and low <= other <= high
    if ahead > 0:
        return "perhaps-better" if chance else "better"
    return "perhaps-worse" if chance else "worse"


def _against_rule(task: ClassTask) -> str:
    found = standing(task, task.rule)
    if found is None:
        return _("There is no simple rule to compare it with.")
    return {
        "better": _("It does better than a simple rule here."),
        "perhaps-better": _(
            "It does somewhat better than a simple rule here, which may be chance."
        ),
        "same": _("It does about as well as a simple rule here."),
        "perhaps-worse": _("A simple rule does somewhat better here, which may be chance."),
        "worse": _("A simple rule does better here."),
    }[found]


def fit_sentence(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> str:
    """Whether to lean on it, from all tasks: against the rule and against the site alone."""
    if figures.records is None or not figures.tasks:
        return _("Too few students: do not lean on it for this class.")
    task = next((t for t in figures.tasks if t.shared is not None), None)
    if task is None:
        return _(
            "Nobody knows: the students of this class that no training saw are too few, or too alike, to measure it "
            "on. Do not lean on it here."
        )
    rule, alone = standing(task, task.rule), standing(task, task.local)
    if rule == "worse":
        return _("Do not lean on it for this class: a simple rule does better.")
    if rule is None:
        first = _("Fit to guide your teaching, with care: there is no simple rule to compare with")
    elif rule == "better":
        first = _("Fit to guide your teaching, with care: it is better than a simple rule")
    elif rule == "perhaps-better":
        first = _("Lean on it with care: it is hardly better than a simple rule")
    else:
        first = _("Lean on it with care: it is no better than a simple rule")
    if alone is None:
        return f"{first}."
    return {
        "better": _("{first}, and better than your site alone."),
        "worse": _("{first}, and not as good as your site alone."),
    }.get(alone, _("{first}, and not much different from your site alone.")).format(first=first)


def compared(task: ClassTask, sheet: TaskSheet | None) -> list[Part]:
    """Keeps its word, missing inputs, and the three models side by side."""
    lines: list[tuple[str, Cell]] = [(_("Keeps its word"), word(task, sheet))]
    if task.use is not None:
        lines.append((_("What this class goes by"), code_words.class_use(task.use)))
    for modality, share in task.missing.items():
        if share > 0:
            said = _("{share} have no {what}. Their results are less sure.")
            lines.append(
                (_("Missing inputs"), said.format(share=percent(share), what=choice_name(modality)))
            )
    interval: Cell = Nothing()
    if task.shared_interval:
        low, high = task.shared_interval
        interval = _("{low} to {high}").format(low=number(low, 2), high=number(high, 2))
    rows: tuple[tuple[Cell, ...], ...] = (
        (_("Shared model (in use)"), _value(task.shared), interval),
        (_("Our site alone"), _value(task.local), Nothing()),
        (_("Simple rule"), _value(task.rule), Nothing()),
    )
    label = task.metric.upper().replace("_", " ")
    columns = (Column(_("What predicts")), Column(label, True), Column(_("95 % interval"), True))
    smaller = task.metric in SMALLER_IS_BETTER
    caption = _("Measured on students of this class that no training saw.")
    caption += " " + (_("Smaller is better.") if smaller else _("Larger is better, 1 is perfect."))
    summary = _("Compare shared model, your site alone and a simple rule")
    return [Facts(tuple(lines)), Fold(f"f-{task.task}", summary, (Table(caption, columns, rows),))]


def _value(value: float | None) -> Cell:
    return Few() if value is None else number(value, 2)


def word(task: ClassTask, sheet: TaskSheet | None) -> Cell:
    """What the model said on average against what was seen."""
    if task.predicted_mean is None or task.observed_mean is None:
        return Few()
    if sheet and sheet.yes_or_no:
        return _("On average it said {said} in 100, and it was {seen} in 100.").format(
            said=number(task.predicted_mean * 100), seen=number(task.observed_mean * 100)
        )
    return _("On average it said {said}, and it was {seen}.").format(
        said=number(task.predicted_mean, 2), seen=number(task.observed_mean, 2)
    )


def calibration(figures: ClassFigures, sheets: dict[str, TaskSheet]) -> list[Panel]:
    """A curve from 50 records on; below that the sentence above is all there is."""
    panels = []
    for task in figures.tasks:
        enough = figures.records is not None and figures.records >= CURVE_FROM
        if not enough or len(task.curve) < 2:
            continue
        worst = max(task.curve, key=lambda p: abs(p.predicted - p.observed))
        lead = _("Where it errs most, it said {said} in 100, and it was {seen} in 100.").format(
            said=number(worst.predicted * 100), seen=number(worst.observed * 100)
        )
        points = tuple((p.predicted, p.observed) for p in task.curve)
        title = _(
            "Curve. What the model said, from left to right, against what was seen, from bottom to top."
        )
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (percent(p.predicted), percent(p.observed), number(p.records)) for p in task.curve
        )
        columns = (
            Column(_("It said")),
            Column(_("It was"), True),
            Column(_("Students, about"), True),
        )
        table = Table(_("Groups of students by what the model said"), columns, rows)
        name = sheets[task.task].target if task.task in sheets and len(figures.tasks) > 1 else ""
        panels.append(
            Panel(
                _("Does it keep its word?"),
                (
                    calibration_chart(f"cal-{task.task}", title, points),
                    Fold(f"fold-cal-{task.task}", _("Show the numbers as a table"), (table,)),
                ),
                lead=f"{name} {lead}".strip(),
                id=f"h-cal-{task.task}",
            )
        )
    return panels
