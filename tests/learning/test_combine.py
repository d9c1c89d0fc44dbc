"""The weighted mean by hand, its laws, and what may not be summed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.learning.aggregation import Rule, averaged, combine, overall, silent, validate
from worker.protocol.codec import Tensors, Unacceptable, encode
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import KeptRows
from worker.protocol.update import TaskMetrics

BASE: Tensors = {"a": np.array([1.0, 2.0], np.float32), "b": np.zeros((2, 2), np.float32)}
PLAIN = Rule(minimum_sites=2, weight_percentile=100.0)


def delta(value: float) -> Tensors:
    return {"a": np.full(2, value, np.float32), "b": np.full((2, 2), -value, np.float32)}


@st.composite
def cohorts(draw: st.DrawFn) -> list[tuple[str, float, Tensors]]:
    sites = draw(
        st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=2, max_size=9, unique=True)
    )
    weights = st.floats(0.5, 1e6)
    values = st.floats(-10, 10, width=32)
    return [
        (s, draw(weights), {n: a * np.float32(draw(values)) for n, a in delta(1.0).items()})
        for s in sites
    ]


def test_by_hand() -> None:
    found = combine(BASE, [("x", 1.0, delta(4.0)), ("y", 3.0, delta(8.0))], PLAIN)
    assert found.state["a"].tolist() == [8.0, 9.0]
    assert found.state["b"].tolist() == [[-7.0, -7.0], [-7.0, -7.0]]
    assert (found.held, found.sites, found.weights) == (False, 2, {"x": 1.0, "y": 3.0})


@given(st.lists(st.floats(-1e3, 1e3, width=32), min_size=1, max_size=6))
def test_states_are_averaged_as_by_hand(values: list[float]) -> None:
    found = averaged(delta(value) for value in values)
    for name, array in delta(1.0).items():
        wanted = array * np.float32(np.mean(values))
        np.testing.assert_allclose(found[name], wanted, rtol=1e-6, atol=1e-6)
    assert encode(averaged([found])) == encode(found)


def test_a_boastful_site_is_cut_off_at_the_percentile() -> None:
    """Of weights 1, 1, 1000 the median is 1: the mean is the plain one."""
    cohort = [("x", 1.0, delta(1.0)), ("y", 1.0, delta(2.0)), ("z", 1000.0, delta(6.0))]
    found = combine(BASE, cohort, Rule(weight_percentile=50.0))
    assert found.weights == {"x": 1.0, "y": 1.0, "z": 1.0}
    assert found.state["a"].tolist() == [4.0, 5.0]


def test_a_site_that_never_touched_a_row_does_not_dilute_it() -> None:
    """Rows: all three sites, two of them, one alone (it would be that site's update), nobody."""
    base = {"values": np.ones((4, 2), np.float32)}
    first = {"values": np.array([[2, 4], [0, 0], [0, 0], [0, 0]], np.float32)}
    second = {"values": np.array([[4, 0], [3, 0], [0, 0], [0, 0]], np.float32)}
    third = {"values": np.array([[0, 2], [5, 0], [9, 9], [0, 0]], np.float32)}
    sites = [("x", 1.0, first), ("y", 1.0, second), ("z", 1.0, third)]
    found = combine(base, sites, PLAIN)
    assert found.state["values"].tolist() == [[3.0, 3.0], [5.0, 1.0], [1.0, 1.0], [1.0, 1.0]]
    assert found.kept == KeptRows(rows={"values": ((2, 1),)})


def test_a_row_once_combined_is_held_but_never_kept() -> None:
    """In a later round one site alone moves it: the others know it, so it stays shared."""
    first = {"values": np.zeros((3, 2), np.float32)}
    base = {"values": np.array([[1, 1], [0, 0], [0, 0]], np.float32)}
    lone = {"values": np.array([[1, 0], [1, 0], [0, 0]], np.float32)}
    none = {"values": np.zeros((3, 2), np.float32)}
    found = combine(base, [("x", 1.0, lone), ("y", 1.0, none)], PLAIN, first=first)
    assert found.state["values"].tolist() == base["values"].tolist()
    assert found.kept == KeptRows(rows={"values": ((1, 1),)})
    later = combine(base, [("x", 1.0, none), ("y", 1.0, none)], PLAIN, first=first, kept=found.kept)
    assert later.kept == found.kept, "kept for the rest of the run"


def test_what_a_late_update_says_of_kept_rows_counts_for_nothing() -> None:
    base = {"values": np.zeros((2, 2), np.float32)}
    given = {"values": np.ones((2, 2), np.float32)}
    sites, row = [("x", 1.0, given), ("y", 1.0, given)], KeptRows(rows={"values": ((1, 1),)})
    found = combine(base, sites, PLAIN, first=base, kept=row)
    assert found.state["values"].tolist() == [[1, 1], [0, 0]]
    assert found.kept == row
    whole = combine(base, sites, PLAIN, first=base, kept=KeptRows(whole=True))
    assert whole.held and not whole.state["values"].any() and whole.kept.whole
    assert given["values"].all(), "the update itself is left alone"


def test_of_a_module_too_few_carry_all_of_it_is_kept() -> None:
    given = [("x", 1.0, delta(4.0))]
    assert combine(BASE, given, PLAIN).kept == KeptRows(whole=True)
    moved = {name: array + 1 for name, array in BASE.items()}
    assert combine(moved, given, PLAIN, first=BASE).kept == KeptRows()
    part = {**moved, "b": BASE["b"]}
    found = combine(part, given, PLAIN, first=BASE)
    assert found.held and found.kept == KeptRows(rows={"b": ((0, 2),)})
    assert combine(BASE, [], PLAIN).kept == KeptRows()


def test_nothing_is_kept_while_a_silent_site_could_make_it_enough() -> None:
    base = {"values": np.ones((2, 2), np.float32)}
    lone = {"values": np.array([[1, 1], [1, 1]], np.float32)}
    other = {"values": np.array([[1, 1], [0, 0]], np.float32)}
    sites = [("x", 1.0, lone), ("y", 1.0, other)]
    assert not combine(base, sites, replace(PLAIN, silent=1)).kept
    assert not combine(base, sites[:1], replace(PLAIN, silent=1)).kept
    assert combine(base, sites, PLAIN).kept == KeptRows(rows={"values": ((1, 1),)})


@pytest.mark.parametrize(
    ("asked", "usable", "number", "expected"),
    [(4, 4, 1, 0), (4, 3, 3, 1), (4, 3, 4, 0), (4, 1, 9, 2)],
)
def test_the_first_rounds_wait_for_every_site(
    asked: int, usable: int, number: int, expected: int
) -> None:
    assert silent(asked=asked, usable=usable, number=number, minimum_sites=2) == expected


def test_the_step_lengthens_the_mean() -> None:
    found = combine(
        BASE, [("x", 1.0, delta(1.0)), ("y", 1.0, delta(3.0))], replace(PLAIN, step=2.0)
    )
    assert found.state["a"].tolist() == [5.0, 6.0]


def test_too_few_sites_hold_the_module() -> None:
    found = combine(BASE, [("x", 5.0, delta(4.0))], PLAIN)
    assert found.held and found.sites == 1 and found.weights == {}
    assert encode(found.state) == encode(BASE)
    assert combine(BASE, [], PLAIN).held
    assert not combine(BASE, [("x", 5.0, delta(4.0))], Rule(minimum_sites=1)).held


@given(cohorts(), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_order_of_arrival_changes_no_byte(
    cohort: list[tuple[str, float, Tensors]], shuffle: object
) -> None:
    other = list(cohort)
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    assert encode(combine(BASE, cohort, Rule()).state) == encode(combine(BASE, other, Rule()).state)


@given(cohorts())
@settings(max_examples=60, deadline=None)
def test_a_mean_lies_between_its_parts(cohort: list[tuple[str, float, Tensors]]) -> None:
    found = combine(BASE, cohort, Rule())
    moved = found.state["a"][0] - BASE["a"][0]
    parts = [float(own["a"][0]) for _, _, own in cohort]
    assert min(parts) - 1e-4 <= moved <= max(parts) + 1e-4
    assert max(found.weights.values()) <= np.percentile([w for _, w, _ in cohort], 90) + 1e-9


@given(cohorts(), st.floats(0.1, 10))
@settings(max_examples=40, deadline=None)
def test_only_relative_weights_count(
    cohort: list[tuple[str, float, Tensors]], factor: float
) -> None:
    scaled = [(site, weight * factor, own) for site, weight, own in cohort]
    one, two = combine(BASE, cohort, Rule()).state, combine(BASE, scaled, Rule()).state
    assert all(np.allclose(one[n], two[n], atol=1e-5) for n in BASE)


@pytest.mark.parametrize("weight", [0.0, -1.0, float("nan"), float("inf")])
def test_a_weight_that_is_none_is_refused_by_name(weight: float) -> None:
    with pytest.raises(Unacceptable) as refused:
        combine(BASE, [("x", 1.0, delta(1)), ("y", weight, delta(1))], Rule())
    assert refused.value.code is UploadRefusal.WRONG_WEIGHT


def test_a_site_counts_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        combine(BASE, [("x", 1.0, delta(1)), ("x", 1.0, delta(2))], Rule())


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"c": np.zeros(1, np.float32)}, UploadRefusal.WRONG_NAMES),
        ({"a": np.zeros(3, np.float32)}, UploadRefusal.WRONG_SHAPE),
        ({"a": np.zeros(2, np.float64)}, UploadRefusal.WRONG_DTYPE),
        ({"a": np.array([np.nan, 0], np.float32)}, UploadRefusal.NOT_FINITE),
        ({"a": np.array([np.inf, 0], np.float32)}, UploadRefusal.NOT_FINITE),
        ({"a": np.array([8.0, 6.1], np.float32)}, UploadRefusal.NORM_TOO_LARGE),
    ],
)
def test_refusals(change: Tensors, code: UploadRefusal) -> None:
    with pytest.raises(Unacceptable) as refused:
        validate(BASE, delta(0.0) | change, norm_limit=10.0)
    assert refused.value.code is code


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        (KeptRows(rows={"b": ((1, 1),)}), "b"),
        (KeptRows(rows={"a": ((0, 1),)}), "a"),
        (KeptRows(whole=True), "a"),
    ],
)
def test_a_kept_row_may_hold_zeros_only(kept: KeptRows, name: str) -> None:
    zero = delta(0.0)
    validate(BASE, zero, norm_limit=10.0, kept=kept)
    spoilt = {n: a.copy() for n, a in zero.items()}
    spoilt[name].flat[-1] = 1e-30
    validate(BASE, spoilt, norm_limit=10.0)
    with pytest.raises(Unacceptable) as refused:
        validate(BASE, spoilt, norm_limit=10.0, kept=kept)
    assert (refused.value.code, refused.value.detail) == (UploadRefusal.KEPT_ROW, name)


def test_a_missing_tensor_is_refused_and_the_norm_is_of_the_whole_module() -> None:
    with pytest.raises(Unacceptable):
        validate(BASE, {"a": np.zeros(2, np.float32)}, norm_limit=10.0)
    own = {"a": np.array([6, 0], np.float32), "b": np.array([[8, 0], [0, 0]], np.float32)}
    validate(BASE, own, norm_limit=10.0)
    with pytest.raises(Unacceptable):
        validate(BASE, own, norm_limit=9.99)


def test_the_overall_figure_weighs_by_records() -> None:
    def one(value: float, weight: float) -> TaskMetrics:
        return TaskMetrics(task="t", metric="auc", value=value, records_band="50-99", weight=weight)

    assert overall([one(0.6, 10), one(0.9, 30)]) == {"t": pytest.approx(0.825)}
    assert overall([]) == {}
