"""Is a site worse off than alone? Paired bootstrap over students, one-sided, corrected over the sites by Holm.

Two models judge the same test records of a site. Students, not records, are drawn again; the share of draws in
which the difference of the two AUCs (or, turned round, of the two mean losses) is not negative is the p-value of
"worse", and the other way round of "better".
"""

from collections.abc import Hashable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from worker.learning.evaluate.quality import Judged

DRAWS = 4000
LEVEL = 0.05
Floats = npt.NDArray[np.float64]
Site = TypeVar("Site", bound=Hashable)


def verdicts(ours: Mapping[str, Judged], alone: Mapping[str, Judged], seed: int) -> dict[str, str]:
    """Site to `better`, `equal` or `worse`, by AUC."""
    return _told({site: _differences(ours[site], alone[site], seed) for site in sorted(ours)})


def of_losses(
    ours: Mapping[Site, Floats], alone: Mapping[Site, Floats], seed: int
) -> dict[Site, str]:
    """The same by the mean of a loss: (students,) of each site under both models, in the same order."""
    drawn = {}
    for site, loss in ours.items():
        again = np.random.default_rng(seed).integers(len(loss), size=(DRAWS, len(loss)))
        drawn[site] = (alone[site] - loss)[again].mean(axis=1)
    return _told(drawn)


def _told(drawn: Mapping[Site, Floats]) -> dict[Site, str]:
    """From the drawn differences of each site, above 0 where ours is better."""
    worse = _holm({site: _p(-found) for site, found in drawn.items()})
    better = _holm({site: _p(found) for site, found in drawn.items()})
    return {
        site: "worse" if site in worse else "better" if site in better else "equal"
        for site in drawn
    }


def _p(differences: Floats) -> float:
    """Of "greater than 0"."""
    return float((np.sum(differences <= 0) + 1) / (len(differences) + 1))


def _holm(p: Mapping[Site, float]) -> frozenset[Site]:
    """Those significant together (Holm, 1979): the k-th smallest of m is tested at LEVEL / (m - k + 1)."""
    found: list[Site] = []
    for place, site in enumerate(sorted(p, key=lambda one: p[one])):
        if p[site] > LEVEL / (len(p) - place):
            break
        found.append(site)
    return frozenset(found)


def _differences(ours: Judged, alone: Judged, seed: int) -> Floats:
    students, of_record = np.unique(ours.student, return_inverse=True)
    source = np.random.default_rng(seed)
    even = np.full(len(students), 1 / len(students))
    weights = source.multinomial(len(students), even, DRAWS)[:, of_record].astype(np.float64)
    return auc(ours, weights) - auc(alone, weights)


def auc(judged: Judged, weights: Floats) -> Floats:
    """(draws,) from weights (draws, records): the chance that a positive record scores above a negative one."""
    order = np.argsort(judged.prediction, kind="stable")
    starts = np.flatnonzero(np.diff(judged.prediction[order], prepend=-np.inf))
    label = judged.label[order]
    right = np.add.reduceat(weights[:, order] * label, starts, axis=1)
    wrong = np.add.reduceat(weights[:, order] * (1 - label), starts, axis=1)
    below = np.cumsum(wrong, axis=1) - wrong / 2
    found: Floats = (right * below).sum(axis=1) / (right.sum(axis=1) * wrong.sum(axis=1))
    return found
