"""The gate never picks what is worse on validation; what a choice did is told only beyond chance."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.learning import build
from worker.learning.evaluate import paired
from worker.learning.evaluate.quality import Judged
from worker.learning.personalization import gate
from worker.protocol.codes import Change, Chosen

losses = st.lists(st.floats(0, 20), min_size=3, max_size=3)


@given(st.lists(losses, min_size=1, max_size=60))
def test_what_is_picked_is_never_worse_and_saves_the_margin(rows: list[list[float]]) -> None:
    table = np.array(rows)
    found = dict(zip((Chosen.SHARED, Chosen.PERSONAL, Chosen.ALONE), table.T, strict=True))
    picked = gate.choose(found)
    shared = found[Chosen.SHARED].mean()
    if picked is not Chosen.SHARED:
        assert len(rows) >= gate.FEWEST
        assert found[picked].mean() == min(one.mean() for one in found.values())
        assert shared - found[picked].mean() > gate.MARGIN * shared
    elif len(rows) >= gate.FEWEST:
        assert min(one.mean() for one in found.values()) >= shared * (1 - gate.MARGIN) - 1e-9


def test_by_hand() -> None:
    def picked(shared: float, personal: float, alone: float, count: int = 30) -> Chosen:
        each = {Chosen.SHARED: shared, Chosen.PERSONAL: personal, Chosen.ALONE: alone}
        return gate.choose({model: np.full(count, value) for model, value in each.items()})

    assert picked(1.0, 0.9, 0.95) is Chosen.PERSONAL
    assert picked(1.0, 0.95, 0.9) is Chosen.ALONE
    assert picked(1.0, 0.9, 0.9) is Chosen.PERSONAL
    assert picked(1.0, 1 - gate.MARGIN / 2, 1.2) is Chosen.SHARED
    assert picked(1.0, 1.1, 1.2) is Chosen.SHARED
    assert picked(1.0, 0.1, 0.1, count=gate.FEWEST - 1) is Chosen.SHARED


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
