"""Task sheets of the Open University set. Scaling is fixed here, from sums over the training students of all courses.

In a federation each site would send n, sum and sum of squares per column, where its policy lets these out; the
importer adds up the same three numbers per course, because the set is public, and writes the result into the sheet.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt

from worker.learning.data.importers.download import Row
from worker.protocol.tasks import Input, TaskSheet

LABELS = {"Fail": "failed", "Pass": "passed", "Distinction": "passed"}
FAIRNESS = ("gender", "imd_band", "age_band", "disability")
_UNITS = {
    "mean_score": "points of 100",
    "lowest_score": "points of 100",
    "scores": "assessments",
    "mean_lateness": "days, -50 to 50",
    "no_submission": "1 = nothing handed in",
    "previous_attempts": "attempts",
    "credits": "credits",
}
_VALUES = {
    "course": ("AAA", "BBB", "CCC", "DDD", "EEE", "FFF", "GGG"),
    "education": (
        "No Formal quals",
        "Lower Than A Level",
        "A Level or Equivalent",
        "HE Qualification",
        "Post Graduate Qualification",
    ),
    "gender": ("F", "M"),
    "imd_band": tuple(f"{n}-{n + 10}%" for n in range(0, 100, 10)),
    "age_band": ("0-35", "35-55", "55<="),
    "disability": ("N", "Y"),
}


def task_name(day: int, *, fairness: bool = False) -> str:
    return f"at-risk-day{day}" + ("-reference" if fairness else "")


def sheets(day: int, records: Sequence[Row], *, fairness: bool) -> tuple[TaskSheet, ...]:
    """The product's sheet; with `fairness` also the reference sheet, which adds the four sensitive inputs."""
    scale = {column: _scale(records, column) for column in _UNITS}
    made = [_sheet(day, scale, fairness=False)]
    if fairness:
        made.append(_sheet(day, scale, fairness=True))
    return tuple(made)


def _sheet(day: int, scale: dict[str, tuple[float, float]], *, fairness: bool) -> TaskSheet:
    numeric = [
        Input(name=name, unit=unit, mean=scale[name][0], sd=scale[name][1])
        for name, unit in _UNITS.items()
    ]
    chosen = ("course", "education", *(FAIRNESS if fairness else ()))
    categories = [Input(name=n, kind="categorical", values=_VALUES[n]) for n in chosen]
    return TaskSheet(
        name=task_name(day, fairness=fairness),
        target=f"Will a student who does not withdraw fail the course, told on day {day}?",
        purpose="early-support",
        kind="binary",
        label="outcome",
        labels=("passed", "failed"),
        cutoff_day=day,
        inputs=(*numeric, *categories),
        metric="auc",
        simple_rule="mean_score",
    )


def _scale(records: Sequence[Row], column: str) -> tuple[float, float]:
    """Mean and deviation from n, sum and sum of squares per course, empty cells aside, six digits kept."""
    sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for row in records:
        if row["split"] == "train" and row[column]:
            value, moments = float(row[column]), sums[row["course"]]
            for k in range(3):
                moments[k] += value**k
    n, first, second = (sum(m[k] for m in sums.values()) for k in range(3))
    if not n:
        return 0.0, 1.0
    mean = first / n
    variance = max(0.0, second / n - mean**2)
    return float(f"{mean:.6g}"), float(f"{sqrt(variance):.6g}") or 1.0
