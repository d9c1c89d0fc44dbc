"""Better, equal or worse than alone: the weighted AUC against scikit-learn's, and verdicts one can foresee."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks import paired
from tests.learning import build
from worker.learning.evaluate.quality import Judged

SHEET = build.binary_sheet()


def judged(signal: float, seed: int, count: int = 400, ties: bool = False) -> Judged:
    """Predictions that follow the labels as closely as `signal` says; two records a student."""
    source = np.random.default_rng(seed)
    label = source.integers(0, 2, count)
    score = signal * label + np.random.default_rng(99).normal(size=count)
    score = np.round(score) if ties else score
    return Judged(SHEET, label, score, np.arange(count) // 2)


@pytest.mark.parametrize("ties", [False, True])
def test_the_weighted_auc_is_that_of_records_drawn_again(ties: bool) -> None:
    given = judged(1.0, 1, ties=ties)
    weights = np.random.default_rng(3).integers(0, 4, (5, given.size))
    found = paired.auc(given, weights.astype(float))
    for one, own in zip(found, weights, strict=True):
        again = np.repeat(np.arange(given.size), own)
        assert one == pytest.approx(roc_auc_score(given.label[again], given.prediction[again]))


def test_a_clear_loss_a_clear_gain_and_nothing() -> None:
    ours = {"loss": judged(0.2, 1), "gain": judged(2.0, 2), "same": judged(1.0, 3)}
    alone = {"loss": judged(2.0, 1), "gain": judged(0.2, 2), "same": judged(1.0, 3)}
    expected = {"gain": "better", "loss": "worse", "same": "equal"}
    assert paired.verdicts(ours, alone, 5) == expected


def test_holm_by_hand() -> None:
    """Of three: .05/3, then .05/2, then .05; the first that fails ends it."""
    assert paired._holm({"a": 0.01, "b": 0.02, "c": 0.04}) == {"a", "b", "c"}
    assert paired._holm({"a": 0.01, "b": 0.03, "c": 0.04}) == {"a"}
    assert paired._holm({"a": 0.02, "b": 0.02, "c": 0.02}) == frozenset()


def test_losses_are_compared_student_by_student() -> None:
    source = np.random.default_rng(4)
    base = source.random(60)
    alone = {"loss": base, "gain": base, "same": base}
    ours = {"loss": base + 0.3, "gain": base - 0.3, "same": base + source.normal(0, 0.2, 60)}
    assert paired.of_losses(ours, alone, 5) == {"loss": "worse", "gain": "better", "same": "equal"}
