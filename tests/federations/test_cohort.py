"""Counting institutions without a common parent."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.federations.cohort import count, root

DISTRICT = {"a": "d", "b": "d", "d": "state", "e": "other"}


def test_a_district_and_its_schools_are_one() -> None:
    assert count(["a", "b", "d"], DISTRICT) == 1
    assert count(["a", "e", "free"], DISTRICT) == 3
    assert count([], DISTRICT) == 0
    assert root("a", DISTRICT) == "state"


def test_a_circle_of_parents_ends() -> None:
    assert root("x", {"x": "y", "y": "x"}) in {"x", "y"}
    assert root("x", {"x": "x"}) == "x"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.dictionaries(st.integers(0, 9), st.integers(0, 9)),
    st.lists(st.integers(0, 9), max_size=10),
    st.integers(0, 9),
)
def test_one_more_institution_adds_at_most_one(
    parents: dict[int, int], asked: list[int], extra: int
) -> None:
    named = {str(k): str(v) for k, v in parents.items()}
    ids = [str(i) for i in asked]
    before, after = count(ids, named), count([*ids, str(extra)], named)
    assert before <= after <= before + 1
    assert after <= len({*ids, str(extra)})
