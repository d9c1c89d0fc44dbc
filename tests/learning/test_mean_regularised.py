"""MR-MTL by hand: one step worked out, its two ends (alone, shared), and what stays true of the shared model."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from worker.learning import aggregation
from worker.learning.own import Modules
from worker.learning.personalization import MeanRegularised
from worker.learning.personalization.mean_regularised import Pull, Train

RATE = 0.1


def model(*values: float) -> Modules:
    return {"m": {"w": np.array(values, np.float32)}}


def toward(target: float, steps: int = 1) -> Train:
    """Gradient steps of F(v) = (v - target)^2 / 2."""

    def train(start: Modules, pull: Pull) -> Modules:
        v = start["m"]["w"]
        for _ in range(steps):
            v = v - np.float32(RATE) * ((v - np.float32(target)) + pull("m", "w", v))
        return {"m": {"w": v.astype(np.float32)}}

    return train


def test_one_step_by_hand() -> None:
    """v = 2, w = 1, target 5, lambda 3: gradient (2 - 5) + 3 (2 - 1) = 0; with lambda 1: -2, so v' = 2.2."""
    still, change = MeanRegularised(3.0).apply(model(2.0), model(1.0), toward(5.0))
    assert still["m"]["w"] == pytest.approx(2.0) and change["m"]["w"] == pytest.approx(0.0)
    moved, change = MeanRegularised(1.0).apply(model(2.0), model(1.0), toward(5.0))
    assert moved["m"]["w"] == pytest.approx(2.2) and change["m"]["w"] == pytest.approx(0.2)


def test_without_a_pull_a_site_is_alone() -> None:
    rule, own = MeanRegularised(0.0), model(0.0)
    for shared in (3.0, -8.0, 100.0):
        own, _ = rule.apply(own, model(shared), toward(1.0, steps=2))
    assert own["m"]["w"] == pytest.approx(1 - (1 - RATE) ** 6)


def test_the_pull_is_felt_at_every_step_and_settles_between() -> None:
    """Where F' + lambda (v - w) = 0: v = (target + lambda w) / (1 + lambda)."""
    own, _ = MeanRegularised(4.0).apply(model(0.0), model(10.0), toward(0.0, steps=200))
    assert own["m"]["w"] == pytest.approx(8.0)


def test_nothing_given_is_changed() -> None:
    own, shared = model(2.0), model(1.0)

    def careless(start: Modules, pull: Pull) -> Modules:
        start["m"]["w"] += 5
        return start

    after, change = MeanRegularised(1.0).apply(own, shared, careless)
    assert own["m"]["w"][0] == 2 and shared["m"]["w"][0] == 1
    assert after["m"]["w"][0] == 7 and change["m"]["w"][0] == 5


@given(
    st.lists(st.tuples(st.floats(-5, 5), st.integers(1, 90)), min_size=2, max_size=5),
    st.floats(0, 3),
)
def test_the_shared_model_stays_the_weighted_mean_of_the_own(
    sites: list[tuple[float, int]], strength: float
) -> None:
    rule, shared = MeanRegularised(strength), model(0.5)
    own = [rule.init(shared) for _ in sites]
    hub = aggregation.Rule(minimum_sites=1, weight_percentile=100.0)
    for _ in range(3):
        changes = []
        for place, (target, _size) in enumerate(sites):
            own[place], change = rule.apply(own[place], shared, toward(target))
            changes.append(change["m"])
        assume(all(change["w"].any() for change in changes))
        told = [(str(k), float(sites[k][1]), change) for k, change in enumerate(changes)]
        shared = {"m": aggregation.combine(shared["m"], told, hub).state}
    sizes = [size for _, size in sites]
    mean = np.average([one["m"]["w"][0] for one in own], weights=sizes)
    assert shared["m"]["w"][0] == pytest.approx(mean, abs=1e-4)


@pytest.mark.parametrize("strength", [-1.0, float("nan"), float("inf")])
def test_lambda_is_a_number_not_below_zero(strength: float) -> None:
    with pytest.raises(ValueError, match="lambda"):
        MeanRegularised(strength)
