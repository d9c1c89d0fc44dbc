"""A run's figures in a sentence, a drawing and a table. The numbers come put together from `app.runs.series`."""

import math

from app.runs.views import Point as Measured
from app.runs.views import Series
from app.text import _
from app.web.charts import LineChart, Point, Reference, line_chart
from app.web.moments import number
from app.web.parts import Cell, Column, Nothing, Table

_SAME = 0.0005
"""Figures are shown with three digits at most; what is nearer than that is the same."""
_NEAR = 0.01


def metric_words(metric: str) -> str:
    """What the number says, for people who do not know its name."""
    return {
        "auc": _(
            "AUC on the sites’ hold-out records: how well students at risk are ranked. 0.5 is guessing, 1 is perfect."
        ),
        "macro_f1": _(
            "Macro F1 on the sites’ hold-out records: 1 is perfect, every class counts the same."
        ),
        "accuracy": _("Share of right answers on the sites’ hold-out records: 1 is perfect."),
        "rmse": _("Root mean square error on the sites’ hold-out records: smaller is better."),
        "mae": _("Mean error on the sites’ hold-out records: smaller is better."),
        "qwk": _(
            "Agreement with the people who graded, on the sites’ hold-out records: 1 is perfect, far misses cost more."
        ),
        "pcc": _(
            "Correlation with the people who graded, on the sites’ hold-out records: 1 is perfect."
        ),
        "mcrmse": _(
            "Root mean square error, mean over the traits, on the sites’ hold-out records: smaller is better."
        ),
    }[metric]


def _short(value: float) -> str:
    return number(value, 2)


def finding(figures: Series) -> str:
    """Whether it gets better, against each site alone and, for simulated data, central training."""
    trained = [point for point in figures.shared if point.round > 0]
    if not trained:
        return _("No round has been measured yet.")
    first, last = trained[0], trained[-1]
    sign = 1 if figures.higher_is_better else -1
    said = [_after(last, figures, sign)]
    if last.round != first.round:
        better = sign * (last.value - first.value) > _SAME
        said.insert(0, _("It got better.") if better else _("It is no better than in round 1."))
    if figures.central is not None:
        said.append(_central(last.value, figures.central, sign))
    return " ".join(said)


def _after(last: Measured, figures: Series, sign: int) -> str:
    other, name = figures.local, _("each site alone")
    if other is None:
        other, name = figures.rule, _("a simple rule")
    if other is None:
        return _("After round {n} the shared model reaches {value}.").format(
            n=last.round, value=_short(last.value)
        )
    gap = sign * (last.value - other.value)
    if abs(gap) <= chance(last, other):
        text = _(
            "After round {n} the shared model ({value}) and {name} ({other}) cannot be told apart on these records."
        )
    elif gap > 0:
        text = _("After round {n} the shared model ({value}) does better than {name} ({other}).")
    else:
        text = _("After round {n} the shared model ({value}) does worse than {name} ({other}).")
    return text.format(n=last.round, value=_short(last.value), name=name, other=_short(other.value))


def chance(one: Measured, other: Measured) -> float:
    """The difference two such figures may have by chance: 95 %, taken as independent, which is on the safe side
    for two models judged on the same records."""
    squares = [
        ((point.high - point.low) / 2) ** 2
        for point in (one, other)
        if point.low is not None and point.high is not None
    ]
    return max(_SAME, math.sqrt(sum(squares)))


def _central(value: float, central: float, sign: int) -> str:
    reached = sign * (value - central) > -_NEAR * abs(central)
    text = (
        _("It has reached training on all records together ({value}).")
        if reached
        else _("It has not reached training on all records together ({value}).")
    )
    return text.format(value=_short(central))


def chart(figures: Series, planned: int, current: int | None) -> LineChart | None:
    """At most three lines: shared, and two to compare with."""
    references = []
    if figures.central is not None:
        references.append(Reference(_("Central"), figures.central))
    if figures.local:
        references.append(Reference(_("Each site alone"), figures.local.value))
    if figures.rule and len(references) < 2:
        references.append(Reference(_("Simple rule"), figures.rule.value))
    points = tuple(Point(p.round, p.value, p.low, p.high) for p in figures.shared if p.round > 0)
    if not points:
        return None
    return line_chart(
        f"c-{figures.task}",
        _described(points, references),
        _("Shared"),
        points,
        tuple(references),
        last_x=max(planned, 2),
        now_x=current,
        now_word=_("now"),
        first_word=_("round 1"),
    )


def _described(points: tuple[Point, ...], references: list[Reference]) -> str:
    """The drawing for those who do not see it."""
    text = _(
        "Line chart. Shared model by round: {first} in round {a}, {last} in round {b}."
    ).format(
        first=number(points[0].value, 3),
        a=int(points[0].x),
        last=number(points[-1].value, 3),
        b=int(points[-1].x),
    )
    compared = ", ".join(f"{r.name} {number(r.value, 3)}" for r in references)
    if compared:
        text += " " + _("Lines for comparison: {list}.").format(list=compared)
    return text


def table(figures: Series, void: set[int]) -> Table:
    """The numbers behind the drawing, references last."""
    known = {p.round: p for p in figures.shared if p.round > 0}
    rows: list[tuple[Cell, ...]] = []
    for n in sorted(known.keys() | void):
        if n in known:
            rows.append(_row(str(n), known[n]))
        else:
            rows.append((str(n), _("void"), Nothing(), Nothing()))
    if figures.local:
        rows.append(_row(_("Each site alone"), figures.local))
    if figures.rule:
        rows.append(_row(_("Simple rule"), figures.rule))
    if figures.in_use:
        rows.append(_row(_("Each site’s model in use"), figures.in_use))
    if figures.central is not None:
        rows.append((_("Central training"), number(figures.central, 3), Nothing(), Nothing()))
    return Table(
        _("Shared model by round, and what to compare it with"),
        (
            Column(_("Round")),
            Column(figures.metric.upper().replace("_", " "), True),
            Column(_("95 % interval"), True),
            Column(_("Sites"), True),
        ),
        tuple(rows),
    )


def _row(name: str, point: Measured) -> tuple[Cell, ...]:
    interval: Cell = Nothing()
    if point.low is not None and point.high is not None:
        interval = _("{low} to {high}").format(low=number(point.low, 3), high=number(point.high, 3))
    return (name, number(point.value, 3), interval, str(point.sites))
