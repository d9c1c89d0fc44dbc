"""Two models on the same records: is one better by more than chance? A paired bootstrap over students."""

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import quality
from worker.learning.evaluate.quality import Judged
from worker.learning.seeds import derive
from worker.protocol.codes import Change
from worker.protocol.tasks import SMALLER_IS_BETTER, TaskSheet

DRAWS = 1000
LEVEL = 0.05
FEWEST = 20
"""With fewer students than this nothing is told apart."""
Floats = npt.NDArray[np.float64]


def losses(judged: Judged) -> Floats:
    """(n,) log loss of what is so, or the squared error in the sheet's scale: of a rubric the mean over its traits."""
    sheet = judged.sheet
    if sheet.numeric_answer:
        wide = (judged.label.astype(np.float64) - judged.prediction).reshape(len(judged.label), -1)
        known = ~np.isnan(wide)
        squares = np.where(known, wide / sheet.label_sd, 0.0) ** 2
        told: Floats = squares.sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        return told
    label = judged.label.astype(np.int64)
    if sheet.yes_or_no:
        chance = np.where(label == 1, judged.prediction, 1 - judged.prediction)
    else:
        chance = judged.prediction[np.arange(len(label)), label]
    found: Floats = -np.log(np.clip(chance, 1e-7, 1.0))
    return found


def change(ours: Judged, theirs: Judged) -> Change:
    """What using `ours` in place of `theirs` did, by the sheet's metric; one-sided 95 %, either way."""
    names, student = np.unique(ours.student, return_inverse=True)
    if len(names) < FEWEST or np.array_equal(ours.prediction, theirs.prediction):
        return Change.UNCHANGED
    found = _differences(ours, theirs, _drawn(len(names), ours.sheet, "change")[:, student])
    if not len(found):
        return Change.UNCHANGED
    if _p(found) <= LEVEL:
        return Change.HELPED
    return Change.HURT if _p(-found) <= LEVEL else Change.UNCHANGED


def _differences(ours: Judged, theirs: Judged, weights: Floats) -> Floats:
    """Per draw, above 0 where ours is better; a draw in which the metric is not defined is left out."""
    sign = -1.0 if ours.sheet.metric in SMALLER_IS_BETTER else 1.0
    pairs = ((quality.value(ours, one), quality.value(theirs, one)) for one in weights)
    return np.array([sign * (a - b) for a, b in pairs if a is not None and b is not None])


def _drawn(students: int, sheet: TaskSheet, what: str) -> Floats:
    """(draws, students): how often each is drawn, seeded by the task's name."""
    source = np.random.default_rng(derive(what, sheet.name))
    return source.multinomial(students, np.full(students, 1 / students), DRAWS).astype(np.float64)


def _p(differences: Floats) -> float:
    """Of "greater than 0"."""
    return float((np.sum(differences <= 0) + 1) / (len(differences) + 1))
