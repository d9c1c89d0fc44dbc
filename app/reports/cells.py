"""Small cells, once more at the hub: a site that let out too much is not believed."""

from collections.abc import Sequence
from math import isfinite

from worker.protocol.tasks import TaskSheet
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassTask


def suppressed(
    figures: ClassFigures, minimum_cell: int, tasks: Sequence[TaskSheet]
) -> ClassFigures:
    """Without any figure that stands on fewer records than the minimum, without tasks the job did not name, and
    without numbers that are none."""
    if figures.records is None or figures.records < minimum_cell:
        return ClassFigures(code=figures.code, term=figures.term, records=None)
    metrics = {sheet.name: sheet.metric for sheet in tasks}
    kept: dict[str, ClassTask] = {}
    for task in figures.tasks:
        if metrics.get(task.task) == task.metric and task.task not in kept:
            kept[task.task] = _cleaned(task, minimum_cell)
    return figures.model_copy(update={"tasks": tuple(kept.values())})


def _cleaned(task: ClassTask, minimum_cell: int) -> ClassTask:
    numbers = ("shared", "local", "rule", "predicted_mean", "observed_mean")
    values: dict[str, object] = {name: _number(getattr(task, name)) for name in numbers}
    interval = task.shared_interval
    if interval is not None and not all(isfinite(n) for n in interval):
        values["shared_interval"] = None
    values["curve"] = tuple(p for p in task.curve if _stands(p, minimum_cell))
    values["missing"] = {k: v for k, v in task.missing.items() if isfinite(v) and 0 <= v <= 1}
    return task.model_copy(update=values)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _stands(point: CalibrationPoint, minimum_cell: int) -> bool:
    return point.records >= minimum_cell and isfinite(point.predicted + point.observed)
