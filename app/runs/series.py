"""From sites' figures to the federation's: weighted means with their intervals. Pure."""

from collections.abc import Iterable, Sequence
from math import sqrt

from app.runs.models import Measurement
from app.runs.schemas import Plan
from app.runs.views import Point, Series

_Z95 = 1.959964


def of_plan(
    plan: Plan,
    figures: Sequence[Measurement],
    own_sites: frozenset[str],
    central: dict[str, float] | None,
) -> tuple[Series, ...]:
    """One series per task of the plan, in its order."""
    made = []
    for sheet in plan.sheets:
        own_task = [f for f in figures if f.task == sheet.name]
        shared = [f for f in own_task if f.model == "shared"]
        made.append(
            Series(
                task=sheet.name,
                target=sheet.target,
                metric=sheet.metric,
                higher_is_better=sheet.metric not in ("rmse", "mae"),
                shared=_by_round(shared),
                own=_by_round([f for f in shared if f.site_id in own_sites]),
                local=mean([f for f in own_task if f.model == "local"]),
                rule=mean([f for f in own_task if f.model == "rule"]),
                central=(central or {}).get(sheet.name),
            )
        )
    return tuple(made)


def _by_round(figures: Iterable[Measurement]) -> tuple[Point, ...]:
    rounds: dict[int, list[Measurement]] = {}
    for figure in figures:
        rounds.setdefault(figure.round, []).append(figure)
    points = (mean(rounds[number]) for number in sorted(rounds))
    return tuple(p for p in points if p is not None)


def mean(figures: Sequence[Measurement]) -> Point | None:
    """sum w x / sum w. The interval takes the sites as independent: se^2 = sum (w se_k)^2 / (sum w)^2, with
    se_k from each site's own 95 % interval."""
    if not figures:
        return None
    total = sum(f.weight for f in figures)
    value = sum(f.weight * f.value for f in figures) / total
    low = high = None
    if all(f.low is not None and f.high is not None for f in figures):
        errors = [((f.high or 0) - (f.low or 0)) / (2 * _Z95) for f in figures]
        error = sqrt(sum((f.weight * e) ** 2 for f, e in zip(figures, errors, strict=True))) / total
        low, high = value - _Z95 * error, value + _Z95 * error
    return Point(
        round=figures[0].round,
        value=value,
        low=low,
        high=high,
        sites=len({f.site_id for f in figures}),
        records=total,
        at=max(f.at for f in figures),
    )
