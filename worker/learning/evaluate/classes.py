"""Class figures, suppressed and rounded at the site. Quality is judged on test records: the model never learnt them.

A class's count is of all its records here; its quality needs the minimum cell of test records on top.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.learning.data.records import SiteData
from worker.learning.evaluate import calibration, parts, quality, suppression
from worker.learning.evaluate.quality import Judged
from worker.learning.training.batches import Source
from worker.protocol.codes import ClassUse
from worker.protocol.update import ClassFigures, ClassTask

QUALITY_DIGITS = 2


@dataclass(frozen=True)
class Compared:
    """One task's test records: what three models say, and where those records stand."""

    source: Source
    rows: npt.NDArray[np.int64]
    shared: Judged
    local: Judged
    rule: Judged | None
    whole: Judged | None = None
    """What the shared model says of every record of the asked classes, where the sheet names topics or groups."""
    whole_rows: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    use: Callable[[tuple[str, str]], ClassUse] = lambda key: ClassUse.INSTITUTION
    """By code and term of a class."""


def figures(
    data: SiteData, codes: Sequence[str], compared: Sequence[Compared], minimum_cell: int
) -> tuple[ClassFigures, ...]:
    """One entry per asked class and term found here; a class without records here has no term and no count."""
    counts = _counts(data)
    closed = {term: suppression.suppressed(table, minimum_cell) for term, table in counts.items()}
    found = []
    for code in codes:
        terms = [term for term in sorted(counts) if code in counts[term]]
        if not terms:
            found.append(ClassFigures(code=code, term="", records=None))
        for term in terms:
            if code in closed[term]:
                found.append(ClassFigures(code=code, term=term, records=None))
                continue
            tasks = tuple(
                _task(
                    one,
                    _members(one, code, term),
                    minimum_cell,
                    _parts(one, code, term, minimum_cell),
                    one.use((code, term)),
                )
                for one in compared
            )
            shown = suppression.rounded_count(counts[term][code])
            found.append(ClassFigures(code=code, term=term, records=shown, tasks=tasks))
    return tuple(found)


def _counts(data: SiteData) -> dict[str, dict[str, int]]:
    """term -> class code -> records, of the task with most records there."""
    counts: dict[str, dict[str, int]] = {}
    for task in data.tasks.values():
        pairs, sizes = np.unique(np.stack([task.term, task.class_code]), axis=1, return_counts=True)
        for (term, code), size in zip(pairs.T.tolist(), sizes.tolist(), strict=True):
            table = counts.setdefault(term, {})
            table[code] = max(size, table.get(code, 0))
    return counts


def _members(one: Compared, code: str, term: str) -> npt.NDArray[np.bool_]:
    """Mask over the task's test records."""
    data = one.source.data
    found: npt.NDArray[np.bool_] = (data.class_code[one.rows] == code) & (
        data.term[one.rows] == term
    )
    return found


def _parts(one: Compared, code: str, term: str, minimum_cell: int) -> Mapping[str, Any]:
    """Topics and groups of one class, where the sheet and the records have them."""
    data, whole = one.source.data, one.whole
    if whole is None:
        return {}
    rows = one.whole_rows
    inside = (data.class_code[rows] == code) & (data.term[rows] == term)
    told = {
        grouping.name: parts.parts(
            whole.pick(inside),
            data.groupings[grouping.name][rows[inside]],
            grouping.values,
            minimum_cell,
        )
        for grouping in data.sheet.groupings
        if grouping.name in data.groupings
    }
    topic = data.sheet.topic.name if data.sheet.topic else ""
    groups = {name: found for name, found in told.items() if name != topic and found}
    return {"topics": told.get(topic, ()), "groups": groups}


def _task(
    one: Compared,
    mask: npt.NDArray[np.bool_],
    minimum_cell: int,
    found: Mapping[str, Any],
    use: ClassUse,
) -> ClassTask:
    sheet = one.source.data.sheet
    if int(mask.sum()) < minimum_cell:
        few = ClassTask(task=sheet.name, metric=sheet.metric, shared=None, local=None, rule=None)
        return few.model_copy(update=dict(found))
    shared = one.shared.pick(mask)
    around = quality.interval(shared)
    return ClassTask(
        task=sheet.name,
        metric=sheet.metric,
        shared=_rounded(quality.value(shared)),
        local=_rounded(quality.value(one.local.pick(mask))),
        rule=_rounded(quality.value(one.rule.pick(mask))) if one.rule else None,
        shared_interval=None
        if around is None
        else (round(around[0], QUALITY_DIGITS), round(around[1], QUALITY_DIGITS)),
        **_means(shared),
        curve=calibration.curve(shared, minimum_cell),
        use=use,
        missing=_missing(one, mask),
        **found,
    )


def _means(judged: Judged) -> Mapping[str, float | None]:
    """Predicted and observed mean: a share of yes or right, a value in the sheet's unit for a regression."""
    if not (judged.sheet.yes_or_no or judged.sheet.kind == "regression"):
        return {"predicted_mean": None, "observed_mean": None}
    predicted, observed = float(judged.prediction.mean()), float(judged.label.mean())
    if judged.sheet.yes_or_no:
        shown = suppression.guarded_share(observed)
        return {"predicted_mean": round(predicted, QUALITY_DIGITS), "observed_mean": shown}
    return {
        "predicted_mean": parts.significant(predicted),
        "observed_mean": parts.significant(observed),
    }


def _missing(one: Compared, mask: npt.NDArray[np.bool_]) -> dict[str, float]:
    rows = one.rows[mask]
    found: dict[str, float] = {}
    for modality in one.source.data.sheet.modalities:
        share = 1.0 - float(one.source.has(modality)[rows].mean())
        found[modality] = suppression.rounded_share(share)
    return found


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, QUALITY_DIGITS)
