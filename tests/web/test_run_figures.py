"""What a run's figures are said to mean: never more than chance allows."""

import pytest

from app.clock import now
from app.runs.views import Point, Series
from app.web import run_figures


def point(round_: int, value: float, half: float | None = 0.01) -> Point:
    low, high = (None, None) if half is None else (value - half, value + half)
    return Point(round_, value, low, high, sites=3, records=300, at=now())


def series(
    *shared: Point, local: Point | None = None, central: float | None = None, metric: str = "auc"
) -> Series:
    better = metric not in ("rmse", "mae")
    return Series("pass", "Will they pass?", metric, better, shared, (), local, None, central)


@pytest.mark.parametrize(
    ("figures", "said"),
    [
        (series(), "No round has been measured yet."),
        (series(point(0, 0.5)), "No round has been measured yet."),
        (series(point(1, 0.7)), "After round 1 the shared model reaches 0.70."),
        (
            series(point(1, 0.7), point(2, 0.8), local=point(0, 0.7)),
            "It got better. After round 2 the shared model (0.80) does better than each site alone (0.70).",
        ),
        (
            series(point(1, 0.8), point(2, 0.8), local=point(0, 0.814)),
            "It is no better than in round 1. After round 2 the shared model (0.80) and each site alone (0.81)"
            " cannot be told apart on these records.",
        ),
        (
            series(point(1, 9.0), point(2, 8.0), local=point(0, 7.0), metric="rmse"),
            "It got better. After round 2 the shared model (8.00) does worse than each site alone (7.00).",
        ),
        (
            series(point(1, 0.8, None), local=point(0, 0.79, None), central=0.84),
            "After round 1 the shared model (0.80) does better than each site alone (0.79). It has not reached"
            " training on all records together (0.84).",
        ),
        (
            series(point(1, 0.8), local=point(0, 0.7), central=0.804),
            "After round 1 the shared model (0.80) does better than each site alone (0.70). It has reached training"
            " on all records together (0.80).",
        ),
    ],
)
def test_the_finding(figures: Series, said: str) -> None:
    assert run_figures.finding(figures) == said
