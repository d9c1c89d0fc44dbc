"""The simple rule by hand and against trying every threshold."""

from dataclasses import replace

import numpy as np
import pytest

from tests.learning import build
from worker.learning.data.records import TaskData
from worker.learning.evaluate import rule


def one_column(x: list[float], label: list[float], task: TaskData) -> TaskData:
    numeric = np.full((len(x), task.numeric.shape[1]), np.nan, np.float32)
    numeric[:, 0] = x
    kind = np.float32 if task.sheet.kind == "regression" else np.int64
    empty = np.array([""] * len(x))
    return replace(
        task,
        numeric=numeric,
        categorical=np.zeros((len(x), task.categorical.shape[1]), np.int64),
        label=np.array(label, kind),
        student=empty,
        class_code=empty,
        term=empty,
        split=np.array(["train"] * len(x)),
    )


def test_binary_by_hand() -> None:
    task = one_column(
        [1, 2, 3, 4, 5, float("nan"), float("nan")],
        [1, 1, 1, 0, 0, 1, 0],
        build.records(build.binary_sheet(), 7, 1),
    )
    learnt = rule.learn(task, np.arange(7))
    assert learnt.threshold == 3.5
    assert learnt.predict(task).tolist() == [1, 1, 1, 0, 0, 0.5, 0.5]


def test_regression_by_hand_in_the_sheets_unit() -> None:
    sheet = build.regression_sheet()
    task = one_column([1, 2, 8, 9], [0, 0, 2, 2], build.records(sheet, 4, 1))
    learnt = rule.learn(task, np.arange(4))
    assert learnt.threshold == 5.0
    assert learnt.predict(task).tolist() == [60, 60, 90, 90]


def test_without_an_input_the_majority_or_the_mean() -> None:
    task = build.records(build.multiclass_sheet(), 60, 2)
    learnt = rule.learn(task, np.arange(60))
    shares = np.bincount(task.label, minlength=3) / 60
    assert np.allclose(learnt.predict(task), np.tile(shares, (60, 1)))


def test_equal_values_have_no_threshold() -> None:
    task = one_column([2, 2, 2, 2], [0, 1, 1, 1], build.records(build.binary_sheet(), 4, 1))
    assert rule.learn(task, np.arange(4)).predict(task).tolist() == [0.75] * 4


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_separates_better(seed: int) -> None:
    source = np.random.default_rng(seed)
    x, label = source.integers(0, 12, 40).astype(float), source.integers(0, 2, 40)
    if label.min() == label.max():
        return
    task = one_column(x.tolist(), label.tolist(), build.records(build.binary_sheet(), 40, 1))

    def separation(threshold: float) -> float:
        high = x >= threshold
        return abs(float(high[label == 1].mean() - high[label == 0].mean()))

    best = max(separation(cut + 0.5) for cut in np.unique(x))
    assert separation(rule.learn(task, np.arange(40)).threshold) == pytest.approx(best)
