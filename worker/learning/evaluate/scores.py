"""Scores with a weight per record. Weights are counts: a bootstrap resamples by weighting, not by copying."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def auc(positive: npt.NDArray[np.bool_], score: Floats, weight: Floats) -> float | None:
    """Area under the ROC curve by ranks, ties counting one half. None where a class is empty.

    Of all pairs (positive, negative), the weighted share in which the positive scores higher.
    """
    values, group = np.unique(score, return_inverse=True)
    up = np.bincount(group, weight * positive, len(values))
    down = np.bincount(group, weight * ~positive, len(values))
    pairs = up.sum() * down.sum()
    if pairs == 0:
        return None
    below = np.cumsum(down) - down
    return float((up * (below + down / 2)).sum() / pairs)


def accuracy(
    label: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weight: Floats
) -> float | None:
    whole = weight.sum()
    return float((weight * (label == predicted)).sum() / whole) if whole else None


def macro_f1(
    label: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weight: Floats
) -> float | None:
    """The mean of 2·tp / (2·tp + fp + fn) over the labels that occur as label or prediction."""
    size = int(max(label.max(initial=0), predicted.max(initial=0))) + 1
    right = np.bincount(label, weight * (label == predicted), size)
    both = np.bincount(label, weight, size) + np.bincount(predicted, weight, size)
    some = both > 0
    return float((2 * right[some] / both[some]).mean()) if some.any() else None


def rmse(label: Floats, predicted: Floats, weight: Floats) -> float | None:
    whole = weight.sum()
    return float(np.sqrt((weight * (label - predicted) ** 2).sum() / whole)) if whole else None


def mae(label: Floats, predicted: Floats, weight: Floats) -> float | None:
    whole = weight.sum()
    return float((weight * np.abs(label - predicted)).sum() / whole) if whole else None


def pearson(label: Floats, predicted: Floats, weight: Floats) -> float | None:
    """Correlation; None where one side does not vary."""
    whole = weight.sum()
    if not whole:
        return None
    a = label - (weight * label).sum() / whole
    b = predicted - (weight * predicted).sum() / whole
    spread = float((weight * a**2).sum() * (weight * b**2).sum())
    return float((weight * a * b).sum() / np.sqrt(spread)) if spread > 0 else None


def quadratic_kappa(
    label: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weight: Floats, kinds: int
) -> float | None:
    """1 - observed / expected disagreement, each pair of steps weighing by its squared distance (Cohen 1968)."""
    seen = np.bincount(label * kinds + predicted, weight, kinds * kinds).reshape(kinds, kinds)
    whole = seen.sum()
    if not whole:
        return None
    chance = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / whole
    apart = np.subtract.outer(np.arange(kinds), np.arange(kinds)) ** 2
    expected = float((apart * chance).sum())
    return 1.0 - float((apart * seen).sum()) / expected if expected > 0 else None
