"""A student's own level, from what is known of her: a random intercept on the model's output, by empirical Bayes.

    yes or no:   logit p' = logit p + b        numbers:   y' = y + b        b ~ N(0, spread^2) over the site's students

Spread (and, of numbers, the noise of one record around a student's level) comes from the students of the validation
split, whom no training saw: by most likelihood, or by analysis of variance (Searle, Casella and McCulloch, Variance
Components, 1992, ch. 3). b is integrated out given her known records, so one record moves a prediction little and
many move it far; no gradient is taken on anybody. Nothing of it leaves the site.

It is used for a task only if it helps beyond chance on the validation students (bootstrap over students, one-sided
95 %): each one's first half of records is known, the second is judged.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import paired
from worker.learning.evaluate.quality import Judged
from worker.learning.personalization import gate
from worker.protocol.tasks import TaskSheet

SPREADS = (0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8)
"""Candidates of a yes-or-no task's spread, in logits."""
FEWEST, FEWEST_NUMBERS = 10, gate.FEWEST
"""Validation students with records to know and records to judge; of numbers fewer do, for each record tells more."""
_POINTS, _WEIGHTS = np.polynomial.hermite_e.hermegauss(21)
_LOG_WEIGHTS = np.log(_WEIGHTS / _WEIGHTS.sum())
Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Levels:
    """How far students' levels lie apart. `noise`: of one record around it; both in the sheet's unit, (answers,)."""

    spread: Floats
    noise: Floats


def serves(sheet: TaskSheet) -> bool:
    """Next answers know the student already; of several labels there is no one level."""
    return sheet.kind in ("binary", "regression", "rubric")


def find(held: Judged) -> Levels | None:
    """By the validation split's records, in their order; None: not used for this task."""
    if not serves(held.sheet):
        return None
    known, asked = halves(held.student)
    fewest = FEWEST if held.sheet.kind == "binary" else FEWEST_NUMBERS
    if len(np.unique(held.student[asked])) < fewest:
        return None
    levels = _most_likely(held) if held.sheet.kind == "binary" else _by_variance(held)
    before = held.pick(asked)
    after = predict(levels, held.pick(known), before)
    saved = paired.losses(before) - paired.losses(after)
    sure = saved.mean() > 0 and gate.beyond_chance(saved, before.student)
    return levels if sure else None


def halves(student: npt.NDArray[np.str_]) -> tuple[Mask, Mask]:
    """(n,) the first half of each student's records, and the rest; of a single record neither."""
    names, who = np.unique(student, return_inverse=True)
    order = np.argsort(who, kind="stable")
    counts = np.bincount(who, minlength=len(names))
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.empty(len(who), np.int64)
    place[order] = np.arange(len(who)) - np.repeat(starts, counts)
    several = counts[who] > 1
    known = several & (place < counts[who] // 2)
    return known, several & ~known


def predict(levels: Levels, known: Judged, asked: Judged) -> Judged:
    """`asked` with the predictions moved by what is known of its students; of others they stay."""
    names = np.unique(np.concatenate([known.student, asked.student]))
    seen, wanted = np.searchsorted(names, known.student), np.searchsorted(names, asked.student)
    if asked.sheet.kind == "binary":
        moved = _chances(levels, known, asked, seen, wanted, len(names))
    else:
        moved = _numbers(levels, known, asked, seen, wanted, len(names))
    met = np.isin(wanted, seen)
    shown = met.reshape(-1, *([1] * (moved.ndim - 1)))
    return Judged(
        asked.sheet, asked.label, np.where(shown, moved, asked.prediction), asked.student, asked.of
    )


def _chances(
    levels: Levels,
    known: Judged,
    asked: Judged,
    seen: npt.NDArray[np.intp],
    wanted: npt.NDArray[np.intp],
    students: int,
) -> Floats:
    spread = float(levels.spread[0])
    given = _likelihood(known, seen, students, spread) + _LOG_WEIGHTS
    given = np.exp(given - given.max(axis=1, keepdims=True))
    given /= given.sum(axis=1, keepdims=True)
    at = _sigmoid(_logit(asked.prediction)[:, None] + spread * _POINTS)
    found: Floats = (at * given[wanted]).sum(axis=1)
    return found


def _likelihood(known: Judged, who: npt.NDArray[np.intp], students: int, spread: float) -> Floats:
    """(students, points): log likelihood of a student's known labels at each level."""
    at = _sigmoid(_logit(known.prediction)[:, None] + spread * _POINTS)
    right = np.where((known.label.astype(np.int64) == 1)[:, None], at, 1 - at)
    found = np.zeros((students, len(_POINTS)))
    np.add.at(found, who, np.log(np.clip(right, 1e-12, None)))
    return found


def _most_likely(held: Judged) -> Levels:
    names, who = np.unique(held.student, return_inverse=True)

    def likelihood(spread: float) -> float:
        given = _likelihood(held, who, len(names), spread) + _LOG_WEIGHTS
        top = given.max(axis=1, keepdims=True)
        return float((top[:, 0] + np.log(np.exp(given - top).sum(axis=1))).sum())

    best = max(SPREADS, key=likelihood)
    return Levels(np.array([best]), np.zeros(1))


def _numbers(
    levels: Levels,
    known: Judged,
    asked: Judged,
    seen: npt.NDArray[np.intp],
    wanted: npt.NDArray[np.intp],
    students: int,
) -> Floats:
    off, there = _residuals(known)
    sums, counts = _by_student(off, seen, students), _by_student(there, seen, students)
    share = levels.spread**2 / np.maximum(counts * levels.spread**2 + levels.noise**2, 1e-12)
    found: Floats = asked.prediction + (share * sums)[wanted].reshape(asked.prediction.shape)
    return found


def _by_variance(held: Judged) -> Levels:
    """Between and within students, unbalanced; a negative spread counts as none."""
    off, there = _residuals(held)
    names, who = np.unique(held.student, return_inverse=True)
    sums, counts = _by_student(off, who, len(names)), _by_student(there, who, len(names))
    total, groups = counts.sum(axis=0), (counts > 0).sum(axis=0)
    of_student = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    within = (there * (off - of_student[who]) ** 2).sum(axis=0)
    noise = within / np.maximum(total - groups, 1)
    middle = sums.sum(axis=0) / np.maximum(total, 1)
    between = (counts * (of_student - middle) ** 2).sum(axis=0) / np.maximum(groups - 1, 1)
    size = (total - (counts**2).sum(axis=0) / np.maximum(total, 1)) / np.maximum(groups - 1, 1)
    spread = np.maximum(between - noise, 0.0) / np.maximum(size, 1e-12)
    return Levels(np.sqrt(spread), np.sqrt(noise))


def _residuals(judged: Judged) -> tuple[Floats, Floats]:
    """(n, answers): label less prediction, 0 where not judged; and 1.0 where judged."""
    off = (judged.label.astype(np.float64) - judged.prediction).reshape(judged.size, -1)
    there = ~np.isnan(off)
    return np.where(there, off, 0.0), there.astype(np.float64)


def _by_student(values: Floats, who: npt.NDArray[np.intp], students: int) -> Floats:
    found = np.zeros((students, values.shape[1]))
    np.add.at(found, who, values)
    return found


def _logit(chance: Floats) -> Floats:
    held = np.clip(chance, 1e-6, 1 - 1e-6)
    found: Floats = np.log(held) - np.log1p(-held)
    return found


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-x))
    return found
