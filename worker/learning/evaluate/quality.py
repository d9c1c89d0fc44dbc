"""One task's metric, as the sheet names it, with its bootstrap interval."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import scores
from worker.learning.seeds import derive
from worker.protocol.tasks import Metric, TaskSheet

Floats = npt.NDArray[np.float64]
RESAMPLES = 200
FEWEST = 20
"""An interval over fewer students than this says more than it knows, so there is none."""


@dataclass(frozen=True)
class Judged:
    """Labels, predictions and students of the records judged.

    `prediction`: (n,) probability of the positive label, or of a right answer; (n, labels) probabilities; (n,) values
    in the sheet's unit, of a rubric (n, traits). `label`: (n,) indices, or such values, NaN for a trait not judged.
    """

    sheet: TaskSheet
    label: npt.NDArray[np.generic]
    prediction: Floats
    student: npt.NDArray[np.str_]
    of: npt.NDArray[np.int64] | None = None
    """Where a record has several entries: (n,) the record of each. None: entries are records."""

    def pick(self, rows: npt.NDArray[np.bool_]) -> "Judged":
        """`rows`: a mask over the records."""
        mask = rows if self.of is None else rows[self.of]
        of = None if self.of is None else (np.cumsum(rows) - 1)[self.of[mask]]
        return Judged(self.sheet, self.label[mask], self.prediction[mask], self.student[mask], of)

    @property
    def size(self) -> int:
        return len(self.label)

    @property
    def records(self) -> int:
        return self.size if self.of is None else len(np.unique(self.of))


def value(judged: Judged, weight: Floats | None = None) -> float | None:
    """The sheet's metric; None where it is not defined (no record, or one class only under AUC)."""
    if not judged.size:
        return None
    weights = np.ones(judged.size) if weight is None else weight
    return _METRICS[judged.sheet.metric](judged, weights)


def interval(judged: Judged) -> tuple[float, float] | None:
    """95 % of the metric over resampled students (percentile bootstrap, seeded by the task's name)."""
    names, student = np.unique(judged.student, return_inverse=True)
    if len(names) < FEWEST:
        return None
    source = np.random.default_rng(derive("bootstrap", judged.sheet.name))
    found = []
    for _ in range(RESAMPLES):
        drawn = np.bincount(source.integers(len(names), size=len(names)), minlength=len(names))
        one = value(judged, drawn[student].astype(np.float64))
        if one is not None:
            found.append(one)
    if len(found) < RESAMPLES // 2:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def _auc(judged: Judged, weight: Floats) -> float | None:
    label = judged.label.astype(np.int64)
    if judged.sheet.yes_or_no:
        return scores.auc(label == 1, judged.prediction, weight)
    found = [
        scores.auc(label == k, judged.prediction[:, k], weight)
        for k in range(judged.prediction.shape[1])
    ]
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known else None


def _classes(judged: Judged) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    label = judged.label.astype(np.int64)
    if judged.sheet.yes_or_no:
        return label, (judged.prediction >= 0.5).astype(np.int64)
    return label, judged.prediction.argmax(axis=1).astype(np.int64)


def _accuracy(judged: Judged, weight: Floats) -> float | None:
    return scores.accuracy(*_classes(judged), weight)


def _macro_f1(judged: Judged, weight: Floats) -> float | None:
    return scores.macro_f1(*_classes(judged), weight)


def _rmse(judged: Judged, weight: Floats) -> float | None:
    return scores.rmse(judged.label.astype(np.float64), judged.prediction, weight)


def _mae(judged: Judged, weight: Floats) -> float | None:
    return scores.mae(judged.label.astype(np.float64), judged.prediction, weight)


def _qwk(judged: Judged, weight: Floats) -> float | None:
    return scores.quadratic_kappa(*_classes(judged), weight, len(judged.sheet.labels))


def _pcc(judged: Judged, weight: Floats) -> float | None:
    found = [scores.pearson(*one) for one in _traits(judged, weight)]
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known else None


def _mcrmse(judged: Judged, weight: Floats) -> float | None:
    found = [scores.rmse(*one) for one in _traits(judged, weight)]
    known = [one for one in found if one is not None]
    return float(np.mean(known)) if known else None


def _traits(judged: Judged, weight: Floats) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Labels, predictions and weights of each trait, where it was judged."""
    label = judged.label.astype(np.float64).reshape(judged.size, -1)
    prediction = judged.prediction.reshape(judged.size, -1)
    for k in range(label.shape[1]):
        there = np.isfinite(label[:, k])
        yield label[there, k], prediction[there, k], weight[there]


_METRICS: dict[Metric, Callable[[Judged, Floats], float | None]] = {
    "auc": _auc,
    "accuracy": _accuracy,
    "macro_f1": _macro_f1,
    "rmse": _rmse,
    "mae": _mae,
    "qwk": _qwk,
    "pcc": _pcc,
    "mcrmse": _mcrmse,
}
