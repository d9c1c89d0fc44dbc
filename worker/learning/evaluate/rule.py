"""The rule to beat: one threshold on one input, learnt on the training split. Without an input, the majority.

Binary: the threshold with the largest difference of hit rates. Several labels: most records right. Regression:
least squared error. Each side, and records without the value, predict their own mean.
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
    """(n, k): one column for binary and regression (in the sheet's unit), one per label else."""
    sheet = task.sheet
    if sheet.kind == "multiclass":
        kinds: Floats = np.eye(len(sheet.labels))[task.label]
        return kinds
    label = task.label.astype(np.float64)
    if sheet.kind == "regression":
        label = label * sheet.label_sd + sheet.label_mean
    return label[:, None]


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
    if sheet.kind == "multiclass":
        gain = left.max(axis=1) + right.max(axis=1)
    elif sheet.kind == "binary":
        negatives = len(x) - whole
        gain = np.abs(left / np.maximum(whole, 1) - (n_left - left) / np.maximum(negatives, 1))[
            :, 0
        ]
    else:
        gain = (left**2 / n_left + right**2 / n_right)[:, 0]
    best = cuts[int(np.argmax(gain))]
    return float((x[best - 1] + x[best]) / 2)


def _mean(targets: Floats, otherwise: Floats) -> Floats:
    return targets.mean(axis=0) if len(targets) else otherwise


def _rows(found: Floats) -> Floats:
    return found[:, 0] if found.shape[1] == 1 else found
