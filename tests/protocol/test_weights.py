"""Weights where counts stay at a site: a factor of two wide, never more than the truth, the same for a neighbour."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.protocol.update import MetricsAnswer, TaskMetrics
from worker.protocol.weights import rounded, without_counts


@pytest.mark.parametrize(
    ("records", "unit", "weight"),
    [
        (1, 1, 1),
        (2, 1, 2),
        (3, 1, 2),
        (63, 1, 32),
        (64, 1, 64),
        (127, 1, 64),
        (70, 10, 40),
        (10, 10, 10),
    ],
)
def test_down_to_a_power_of_two_units(records: int, unit: int, weight: float) -> None:
    assert rounded(records, unit) == weight


@given(st.integers(1, 100), st.integers(1, 10**9))
def test_at_least_half_of_the_truth_and_at_least_a_unit(unit: int, records: int) -> None:
    records += unit
    weight = rounded(records, unit)
    assert unit <= weight <= records < 2 * weight + unit
    assert rounded(weight, unit) == weight
    assert (weight / unit).hex().startswith("0x1.0000000000000p"), "a power of two"


def test_one_record_less_shows_at_a_border_only() -> None:
    moved = [n for n in range(2, 1025) if rounded(n) != rounded(n - 1)]
    assert moved == [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]


def test_every_figure_of_an_answer_loses_its_band_and_keeps_its_value() -> None:
    def figure(weight: float) -> TaskMetrics:
        return TaskMetrics(
            task="pass", metric="auc", value=0.75, records_band="50-99", weight=weight
        )

    told = MetricsAnswer(
        shared=(figure(70),), local=(figure(90),), rule=(figure(10),), personal=(figure(30),)
    )
    found = without_counts(told, 10)
    weights = [
        [one.weight for one in part]
        for part in (found.shared, found.local, found.rule, found.personal)
    ]
    assert weights == [[40.0], [80.0], [10.0], [20.0]]
    everyone = (*found.shared, *found.local, *found.rule, *found.personal)
    assert {(one.value, one.records_band) for one in everyone} == {(0.75, "")}
