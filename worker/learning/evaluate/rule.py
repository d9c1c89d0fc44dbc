"""The rule to beat: one threshold on one input, learnt on the training split. Without an input, the majority.

Binary: the threshold with the largest difference of hit rates. Several labels: most records right. Numbers:
least squared error. Each side, and records without the value, predict their own mean. Of a next answer: the share of
right answers to what is asked.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.learning.data.records import TaskData
from worker.protocol.tasks import TaskSheet

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SimpleRule:
    """Predictions for below, at or above the threshold, and missing. `column` None: always `missing`."""

    column: int | None
    threshold: float
    below: Floats
    above: Floats
    missing: Floats

    def predict(self, task: TaskData) -> Floats:
        """As `quality.Judged.prediction`."""
        count = len(task.label)
        if self.column is None:
            return _rows(np.repeat(self.missing[None], count, axis=0))
        x = task.numeric[:, self.column]
        found = np.where((x >= self.threshold)[:, None], self.above, self.below)
        return _rows(np.where(np.isnan(x)[:, None], self.missing, found))


def learn(task: TaskData, rows: npt.NDArray[np.int64]) -> SimpleRule:
    """From the records `rows` (the training split) of one task; at least one record."""
    targets = _targets(task)[rows]
    everyone = targets.mean(axis=0)
    column = _column(task.sheet)
    if column is None:
        return SimpleRule(None, 0.0, everyone, everyone, everyone)
    x = task.numeric[rows, column].astype(np.float64)
    known = ~np.isnan(x)
    threshold = _threshold(x[known], targets[known], task.sheet)
    high = known & (x >= threshold)
    sides = [_mean(targets[mask], everyone) for mask in (known & ~high, high, ~known)]
    return SimpleRule(column, threshold, *sides)


def _targets(task: TaskData) -> Floats:
    """(n, k): one column for binary, one per answer for numbers (in the sheet's unit), one per label else."""
    sheet = task.sheet
    if sheet.kind in ("multiclass", "ordinal"):
        kinds: Floats = np.eye(len(sheet.labels))[task.label]
        return kinds
    label = task.label.astype(np.float64).reshape(len(task.label), -1)
    if sheet.numeric_answer:
        label = label * sheet.label_sd + sheet.label_mean
        label = np.where(np.isnan(label), np.nanmean(label, axis=0), label)
    return label


def _column(sheet: TaskSheet) -> int | None:
    numeric = [i.name for i in sheet.inputs if i.kind == "numeric" and i.modality == "table"]
    return numeric.index(sheet.simple_rule) if sheet.simple_rule in numeric else None


def _threshold(x: Floats, targets: Floats, sheet: TaskSheet) -> float:
    """The best cut `x >= threshold` between two neighbouring values; -inf where there is none."""
    order = np.argsort(x, kind="stable")
    x, targets = x[order], targets[order]
    cuts = np.flatnonzero(np.diff(x) > 0) + 1
    if not len(cuts):
        return float("-inf")
    whole = targets.sum(axis=0)
    left = np.cumsum(targets, axis=0)[cuts - 1]
    right, n_left = whole - left, cuts[:, None]
    n_right = len(x) - n_left
    if sheet.kind in ("multiclass", "ordinal"):
        gain = left.max(axis=1) + right.max(axis=1)
    elif sheet.kind == "binary":
        negatives = len(x) - whole
        gain = np.abs(left / np.maximum(whole, 1) - (n_left - left) / np.maximum(negatives, 1))[
            :, 0
        ]
    else:
        gain = (left**2 / n_left + right**2 / n_right).sum(axis=1)
    best = cuts[int(np.argmax(gain))]
    return float((x[best - 1] + x[best]) / 2)


def _mean(targets: Floats, otherwise: Floats) -> Floats:
    return targets.mean(axis=0) if len(targets) else otherwise


def _rows(found: Floats) -> Floats:
    return found[:, 0] if found.shape[1] == 1 else found


def next_answers(
    task: TaskData, trained: npt.NDArray[np.int64], rows: npt.NDArray[np.int64]
) -> Floats:
    """For each answer after the first: the share of right answers, in the training split, to what it answers."""
    one = task.sheet.inputs[0]
    given = task.events[one.name]
    place = [c.name for c in one.columns if c.kind == "numeric"].index(task.sheet.label)
    learnt = given.places(trained)
    asked, right = given.categorical[learnt, 0], given.numeric[learnt, place].astype(np.float64)
    every = float(right.mean())
    size = len(next(c for c in one.columns if c.kind == "categorical").values) + 1
    count, sums = np.bincount(asked, minlength=size), np.bincount(asked, right, size)
    share = np.where(count > 0, sums / np.maximum(count, 1), every)
    spans = [np.arange(given.offsets[r] + 1, given.offsets[r + 1]) for r in rows]
    later = np.concatenate(spans) if spans else np.empty(0, np.int64)
    found: Floats = share[given.categorical[later, 0]]
    return found
