"""Does a predicted 30 % mean 30 in 100? Groups of at least the minimum cell, as shares rounded to 5 %."""

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate.quality import Judged
from worker.learning.evaluate.suppression import guarded_share, rounded_count
from worker.protocol.update import CalibrationPoint

FEWEST = 50
GROUPS = 5


def curve(judged: Judged, minimum_cell: int) -> tuple[CalibrationPoint, ...]:
    """From 50 records of a binary task; else empty. Records with equal predictions stay in one group."""
    if judged.sheet.kind != "binary" or judged.size < FEWEST:
        return ()
    order = np.argsort(judged.prediction, kind="stable")
    predicted, label = judged.prediction[order], judged.label.astype(np.int64)[order]
    points, start = [], 0
    for stop in _ends(predicted, max(minimum_cell, judged.size // GROUPS)):
        points.append(
            CalibrationPoint(
                predicted=round(float(predicted[start:stop].mean()), 2),
                observed=guarded_share(float(label[start:stop].mean())),
                records=rounded_count(stop - start),
            )
        )
        start = stop
    return tuple(points)


def _ends(predicted: npt.NDArray[np.float64], size: int) -> list[int]:
    """Where groups of at least `size` end, never between equal predictions; a short rest joins the last."""
    ends, start, count = [], 0, len(predicted)
    for stop in range(1, count + 1):
        whole = stop == count or predicted[stop] > predicted[stop - 1]
        if whole and stop - start >= size:
            ends.append(stop)
            start = stop
    if not ends:
        return [count]
    ends[-1] = count if count - ends[-1] else ends[-1]
    return ends
