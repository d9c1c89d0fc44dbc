"""The gate never picks what is worse on validation; what a choice did is told only beyond chance."""

from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.learning import build
from tests.learning.test_modalities import RUBRIC
from worker.learning.evaluate import paired
from worker.learning.evaluate.quality import Judged
from worker.learning.personalization import gate
from worker.protocol.codes import Change, Chosen

rows = st.lists(st.floats(0, 20), min_size=3, max_size=3)
MODELS = (Chosen.SHARED, Chosen.PERSONAL, Chosen.ALONE)


def picked(table: np.ndarray[Any, Any]) -> Chosen:
    """Columns: shared, own, alone; a student a row."""
    losses = dict(zip(MODELS, table.T, strict=True))
    return gate.choose(losses, np.arange(len(table)).astype(str))


@given(st.lists(rows, min_size=1, max_size=60))
def test_what_is_picked_is_never_worse_on_validation(given_rows: list[list[float]]) -> None:
    table = np.array(given_rows)
    means = dict(zip(MODELS, table.mean(axis=0), strict=True))
    found = picked(table)
    assert means[found] <= means[Chosen.SHARED]
    if found is not Chosen.SHARED:
        assert len(table) >= gate.FEWEST
        assert means[found] < means[Chosen.SHARED]
    if found is Chosen.PERSONAL:
        saved = means[Chosen.SHARED] - means[found]
        assert saved > gate.MARGIN * means[Chosen.SHARED] * (1 - 1e-9)


def test_by_hand() -> None:
    def of(shared: float, own: float, alone: float, count: int = 30) -> Chosen:
        return picked(np.tile([shared, own, alone], (count, 1)))

    assert of(1.0, 0.9, 0.95) is Chosen.PERSONAL
    assert of(1.0, 0.95, 0.9) is Chosen.ALONE
    assert of(1.0, 1 - gate.MARGIN / 2, 1.2) is Chosen.SHARED
    assert of(1.0, 1.1, 1.2) is Chosen.SHARED
    assert of(1.0, 0.1, 0.1, count=gate.FEWEST - 1) is Chosen.SHARED
    assert of(1.0, 0.9, 0.1, count=gate.FEWEST_ALONE - 1) is Chosen.PERSONAL


def test_the_one_trained_alone_needs_more_than_luck() -> None:
    """Two students carry the whole gain: it may be chance, and the own one stays."""
    table = np.tile([1.0, 0.9, 0.95], (40, 1))
    table[:2, 2] = -2.0
    assert table[:, 2].mean() < 0.9
    assert picked(table) is Chosen.PERSONAL


def test_one_student_with_many_records_is_one_student() -> None:
    losses = {
        model: np.full(100, value) for model, value in zip(MODELS, (1, 0.5, 0.5), strict=True)
    }
    assert gate.choose(losses, np.array(["a"] * 100)) is Chosen.SHARED


def judged(signal: float, seed: int, count: int = 300, metric: str = "auc") -> Judged:
    source = np.random.default_rng(seed)
    label = np.random.default_rng(1).integers(0, 2, count)
    score = 1 / (1 + np.exp(-(signal * (2 * label - 1) + source.normal(size=count))))
    return Judged(build.binary_sheet(metric=metric), label, score, np.arange(count).astype(str))


def test_a_clear_gain_a_clear_loss_and_chance() -> None:
    good, poor = judged(2.0, 2), judged(0.1, 3)
    assert paired.change(good, poor) is Change.HELPED
    assert paired.change(poor, good) is Change.HURT
    assert paired.change(good, good) is Change.UNCHANGED
    assert paired.change(judged(1.0, 4), judged(1.0, 5)) is Change.UNCHANGED
    few = judged(2.0, 2, paired.FEWEST - 1), judged(0.1, 3, paired.FEWEST - 1)
    assert paired.change(*few) is Change.UNCHANGED


def test_a_smaller_error_is_better() -> None:
    sheet, source = build.regression_sheet(), np.random.default_rng(6)
    label = 60 + 15 * source.normal(size=200)
    student = np.arange(200).astype(str)
    near = Judged(sheet, label, label + source.normal(size=200), student)
    far = Judged(sheet, label, label + 20 * source.normal(size=200), student)
    assert paired.change(near, far) is Change.HELPED
    assert paired.change(far, near) is Change.HURT


def test_losses_by_hand() -> None:
    sheet = build.binary_sheet()
    told = Judged(sheet, np.array([1, 0]), np.array([0.25, 0.25]), np.array(["a", "b"]))
    assert np.allclose(paired.losses(told), [-np.log(0.25), -np.log(0.75)])
    sheet = build.regression_sheet()
    told = Judged(sheet, np.array([75.0]), np.array([60.0]), np.array(["a"]))
    assert np.allclose(paired.losses(told), [1.0])
    sheet = RUBRIC
    off = np.array([[sheet.label_sd, 0.0], [np.nan, 2 * sheet.label_sd], [np.nan, np.nan]])
    traits = len(sheet.traits)
    label = np.concatenate([off, np.full((3, traits - 2), np.nan)], axis=1)
    told = Judged(sheet, label, np.zeros((3, traits)), np.array(["a", "b", "c"]))
    assert np.allclose(paired.losses(told), [0.5, 4.0, 0.0])
