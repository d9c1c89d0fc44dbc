"""A class's students by topic or by group: what was seen, what the model expected, and how far the rest stands away.

Of all the records of a class, those the model learnt from too: it describes the class and judges no model. Students
whose value is unknown are in no part and in no rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate import suppression
from worker.learning.evaluate.quality import FEWEST, RESAMPLES, Judged
from worker.learning.seeds import derive
from worker.protocol.update import ClassPart

Floats = npt.NDArray[np.float64]
Strings = npt.NDArray[np.str_]


@dataclass(frozen=True)
class _Students:
    """One entry per student: how many records are in the part and in the rest, and the sums of their labels."""

    inside: Floats
    inside_sum: Floats
    outside: Floats
    outside_sum: Floats

    def difference(self, weight: Floats) -> float | None:
        """Mean inside less mean outside, each student counted `weight` times."""
        inside, outside = float(weight @ self.inside), float(weight @ self.outside)
        if not inside or not outside:
            return None
        return float(weight @ self.inside_sum) / inside - float(weight @ self.outside_sum) / outside


def parts(
    judged: Judged, value: Strings, values: Sequence[str], minimum_cell: int
) -> tuple[ClassPart, ...]:
    """One entry per value that occurs here, in the sheet's order. `value`: (n,) beside `judged`, "" = unknown.

    Counted are students, not records. Small parts stay closed, and so many of the next larger ones that together they
    are no small part either.
    """
    known = np.isin(value, list(values))
    judged, value = judged.pick(known), value[known]
    counts = {one: len(np.unique(judged.student[value == one])) for one in values}
    closed = suppression.suppressed(counts, minimum_cell)
    found = []
    for one in values:
        if counts[one] and one in closed:
            found.append(ClassPart(value=one, students=None))
        elif counts[one]:
            found.append(_open(judged, value == one, one, counts[one], minimum_cell))
    return tuple(found)


def _open(
    judged: Judged, inside: npt.NDArray[np.bool_], name: str, count: int, minimum_cell: int
) -> ClassPart:
    label = judged.label.astype(np.float64)
    binary = judged.sheet.kind == "binary"
    expected = float(judged.prediction[inside].mean())
    rest = len(np.unique(judged.student[~inside]))
    gap = _gap(judged, label, inside) if rest >= minimum_cell else None
    return ClassPart(
        value=name,
        students=suppression.rounded_count(count),
        seen=suppression.guarded_share(float(label[inside].mean()))
        if binary
        else significant(float(label[inside].mean())),
        expected=round(expected, 2) if binary else significant(expected),
        difference=None if gap is None else _rounded(gap[0], binary),
        low=None if gap is None else _rounded(gap[1], binary),
        high=None if gap is None else _rounded(gap[2], binary),
    )


def _gap(
    judged: Judged, label: Floats, inside: npt.NDArray[np.bool_]
) -> tuple[float, float, float] | None:
    """The difference to the rest and its 95 % interval over resampled students; None with few students."""
    names, student = np.unique(judged.student, return_inverse=True)
    if len(names) < FEWEST:
        return None
    size = len(names)

    def added(weight: Floats) -> Floats:
        return np.bincount(student, weight, size).astype(np.float64)

    within = inside.astype(np.float64)
    by = _Students(
        inside=added(within),
        inside_sum=added(within * label),
        outside=added(1 - within),
        outside_sum=added((1 - within) * label),
    )
    middle = by.difference(np.ones(size))
    source = np.random.default_rng(derive("bootstrap", judged.sheet.name))
    drawn = (
        by.difference(np.bincount(source.integers(size, size=size), minlength=size).astype(float))
        for _ in range(RESAMPLES)
    )
    found = [one for one in drawn if one is not None]
    if middle is None or len(found) < RESAMPLES // 2:
        return None
    low, high = np.percentile(found, [2.5, 97.5])
    return middle, float(low), float(high)


def significant(value: float) -> float:
    """Two significant digits: a mean of few people's exact values says too much about one."""
    return float(f"{value:.2g}")


def _rounded(value: float, binary: bool) -> float:
    return suppression.rounded_share(value) if binary else significant(value)
