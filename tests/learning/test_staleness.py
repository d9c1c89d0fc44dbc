"""An older base counts less, by the square root."""

import pytest

from worker.learning.aggregation import discounted


def test_by_hand() -> None:
    assert discounted(100.0, 0) == 100.0
    assert discounted(100.0, 1) == pytest.approx(70.7107, abs=1e-4)
    assert discounted(100.0, 3) == 50.0


def test_no_base_from_the_future() -> None:
    with pytest.raises(ValueError, match="ahead"):
        discounted(1.0, -1)
