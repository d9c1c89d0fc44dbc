"""Scores against slow oracles and against scikit-learn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from tests.learning import build
from worker.learning.evaluate import quality, scores
from worker.learning.evaluate.quality import Judged

cases = st.lists(
    st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]), st.integers(0, 3)),
    min_size=1,
    max_size=30,
)


def pairwise(case: list[tuple[bool, float, int]]) -> float | None:
    """Every positive against every negative: 1 if above, 1/2 if equal."""
    won = total = 0.0
    for up, high, one in case:
        for down, low, two in case:
            if up and not down:
                won += one * two * (1.0 if high > low else 0.5 if high == low else 0.0)
                total += one * two
    return won / total if total else None


@given(cases)
@settings(max_examples=150, deadline=None)
def test_auc_is_the_share_of_pairs_in_order(case: list[tuple[bool, float, int]]) -> None:
    label, score, weight = (np.array(column) for column in zip(*case, strict=True))
    found = scores.auc(label.astype(bool), score.astype(float), weight.astype(float))
    assert found == pytest.approx(pairwise(case)) if found is not None else pairwise(case) is None


@given(cases)
@settings(max_examples=60, deadline=None)
def test_a_weight_is_as_many_copies(case: list[tuple[bool, float, int]]) -> None:
    label, score, weight = (np.array(column) for column in zip(*case, strict=True))
    label, predicted = label.astype(np.int64), (score > 0.2).astype(np.int64)
    if not weight.any():
        return
    copies = np.repeat(np.arange(len(label)), weight)
    ones, w = np.ones(len(copies)), weight.astype(float)
    for score_of in (scores.accuracy, scores.macro_f1):
        assert score_of(label, predicted, w) == pytest.approx(
            score_of(label[copies], predicted[copies], ones)
        )
    for score_of in (scores.rmse, scores.mae):
        assert score_of(label.astype(float), score, w) == pytest.approx(
            score_of(label[copies].astype(float), score[copies], ones)
        )


def test_scores_are_those_of_scikit_learn() -> None:
    source = np.random.default_rng(0)
    label, predicted = source.integers(0, 4, 200), source.integers(0, 4, 200)
    ones = np.ones(200)
    assert scores.macro_f1(label, predicted, ones) == pytest.approx(
        sk.f1_score(label, predicted, average="macro")
    )
    assert scores.accuracy(label, predicted, ones) == pytest.approx(
        sk.accuracy_score(label, predicted)
    )
    y, p = source.normal(size=200), source.normal(size=200)
    assert scores.rmse(y, p, ones) == pytest.approx(sk.root_mean_squared_error(y, p))
    assert scores.mae(y, p, ones) == pytest.approx(sk.mean_absolute_error(y, p))


def judged(count: int, seed: int, students: int) -> Judged:
    source = np.random.default_rng(seed)
    label = source.integers(0, 2, count)
    student = np.array([f"s{n % students}" for n in range(count)])
    return Judged(build.binary_sheet(), label, label * 0.3 + source.random(count), student)


def test_the_interval_holds_the_value_repeats_itself_and_narrows() -> None:
    small, large = judged(60, 1, 60), judged(2000, 1, 2000)
    low, high = quality.interval(small) or (0.0, 0.0)
    assert low < (quality.value(small) or 0) < high
    assert quality.interval(small) == (low, high)
    narrow = quality.interval(large)
    assert narrow and narrow[1] - narrow[0] < (high - low) / 3


def test_the_interval_counts_students_not_records() -> None:
    """Every record three times, from the same students: nothing more is known."""
    copied = judged(100, 3, 100)
    tripled = Judged(
        copied.sheet, *(np.tile(a, 3) for a in (copied.label, copied.prediction, copied.student))
    )
    assert quality.interval(tripled) == pytest.approx(quality.interval(copied))
    assert quality.interval(judged(600, 2, 19)) is None


def test_one_class_alone_has_no_auc() -> None:
    alone = Judged(
        build.binary_sheet(), np.ones(30, np.int64), np.random.rand(30), np.array(["s"] * 30)
    )
    assert quality.value(alone) is None
    assert quality.value(alone.pick(np.zeros(30, bool))) is None
