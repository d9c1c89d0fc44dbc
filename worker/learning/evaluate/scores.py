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
