"""Small cells, once more at the hub: a site that let out too much is not believed."""

from collections.abc import Sequence
from math import isfinite
from typing import Any

from worker.protocol.tasks import Grouping, TaskSheet
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassPart, ClassTask


def suppressed(
    figures: ClassFigures, minimum_cell: int, tasks: Sequence[TaskSheet], *, gaps: bool = True
) -> ClassFigures:
    """Without any figure that stands on fewer records than the minimum, without tasks, topics and groups the job did
    not name, and without numbers that are none. `gaps`: the institution's own policy lets groups be told."""
    if figures.records is None or figures.records < minimum_cell:
        return ClassFigures(code=figures.code, term=figures.term, records=None)
    sheets = {sheet.name: sheet for sheet in tasks}
    kept: dict[str, ClassTask] = {}
    for task in figures.tasks:
        sheet = sheets.get(task.task)
        if sheet is not None and sheet.metric == task.metric and task.task not in kept:
            kept[task.task] = _cleaned(task, minimum_cell).model_copy(
                update=_parts(task, sheet, minimum_cell, gaps=gaps)
            )
    return figures.model_copy(update={"tasks": tuple(kept.values())})


def _cleaned(task: ClassTask, minimum_cell: int) -> ClassTask:
    numbers = ("shared", "local", "rule", "predicted_mean", "observed_mean")
    values: dict[str, object] = {name: _number(getattr(task, name)) for name in numbers}
    interval = task.shared_interval
    if interval is not None and not all(isfinite(n) for n in interval):
        values["shared_interval"] = None
    values["curve"] = tuple(p for p in task.curve if _stands(p, minimum_cell))
    values["use"] = None if values["shared"] is None else task.use
    values["missing"] = {k: v for k, v in task.missing.items() if isfinite(v) and 0 <= v <= 1}
    return task.model_copy(update=values)


def _number(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _stands(point: CalibrationPoint, minimum_cell: int) -> bool:
    return point.records >= minimum_cell and isfinite(point.predicted + point.observed)


def _parts(task: ClassTask, sheet: TaskSheet, minimum_cell: int, *, gaps: bool) -> dict[str, Any]:
    topic = (sheet.topic,) if sheet.topic else ()
    topics = [_told(task.topics, one, minimum_cell) for one in topic]
    groups = {
        one.name: _told(task.groups[one.name], one, minimum_cell)
        for one in sheet.groups
        if gaps and one.name in task.groups
    }
    return {"topics": topics[0] if topics else (), "groups": groups}


def _told(
    parts: Sequence[ClassPart], grouping: Grouping, minimum_cell: int
) -> tuple[ClassPart, ...]:
    """In the sheet's order, each of its values once; a closed one never stands alone."""
    given: dict[str, ClassPart] = {}
    for part in parts:
        if part.value in grouping.values:
            given.setdefault(part.value, _whole(part, minimum_cell))
    hidden = [p.value for p in given.values() if p.students is None]
    shown = [(p.students, p.value) for p in given.values() if p.students is not None]
    if len(hidden) == 1 and shown:
        value = min(shown)[1]
        given[value] = ClassPart(value=value, students=None)
    return tuple(given[value] for value in grouping.values if value in given)


def _whole(part: ClassPart, minimum_cell: int) -> ClassPart:
    """Without its numbers where it is small, and without the difference where a number of it is none."""
    numbers = (part.seen, part.expected)
    if part.students is None or part.students < minimum_cell:
        return ClassPart(value=part.value, students=None)
    if not all(n is not None and isfinite(n) for n in numbers):
        return ClassPart(value=part.value, students=None)
    around = (part.difference, part.low, part.high)
    if not all(n is not None and isfinite(n) for n in around):
        return part.model_copy(update=dict.fromkeys(("difference", "low", "high")))
    return part
