"""The geometry of the charts, by hand: the run of the mockups, and names that must not cover each other."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from app.web.charts import HEIGHT, TOP, Point, Reference, calibration_chart, line_chart, scale

POINTS = (
    Point(1, 0.742, 0.726, 0.758),
    Point(2, 0.771, 0.757, 0.785),
    Point(3, 0.790, 0.777, 0.803),
    Point(5, 0.804, 0.792, 0.816),
    Point(6, 0.811, 0.800, 0.822),
)
REFERENCES = (Reference("Central", 0.823), Reference("Each site alone", 0.785))


def test_the_mockups_run() -> None:
    chart = line_chart("c", "t", "Shared", POINTS, REFERENCES, last_x=20, now_x=7)
    assert chart is not None
    assert chart.line == "2.00,81.67 7.05,57.50 12.11,41.67 22.21,30.00 27.26,24.17"
    assert chart.grid == (100.0, 66.67, 33.33, 0.0)
    assert chart.now_x == 32.32
    assert [round(level.y, 2) for level in chart.levels] == [14.17, 45.83]
    assert [level.look for level in chart.levels] == ["l2", "l3"]
    texts = {tick.text for tick in chart.ticks}
    assert {"0.72", "0.76", "0.80", "0.84", "5", "10", "15", "20"} <= texts
    assert chart.name is not None
    assert chart.name.text == "Shared 0.811"


def test_a_name_stands_where_its_line_does_not_come_from() -> None:
    """Above the end of a rising line, below that of a falling one; levels may have a unit."""
    rising, falling = (Point(1, 30), Point(2, 38)), (Point(1, 38), Point(2, 30))
    up = line_chart("c", "t", "This class", rising, last_x=2, unit=" %")
    down = line_chart("c", "t", "This class", falling, last_x=2)
    assert up and up.name and down and down.name
    ends = [TOP + float(chart.line.split()[-1].split(",")[1]) * 2 for chart in (up, down)]
    assert up.name.y < ends[0] and down.name.y > ends[1]
    assert {"28 %", "40 %"} <= {tick.text for tick in up.ticks}


def test_a_level_is_not_named_on_the_line() -> None:
    """The shared model ends a little above "alone": its name goes below, and the shared one's stands above both."""
    points = (Point(1, 0.796, 0.74, 0.85), Point(2, 0.805, 0.75, 0.86), Point(3, 0.803, 0.75, 0.86))
    references = (Reference("Each site alone", 0.788), Reference("Simple rule", 0.661))
    chart = line_chart("c", "t", "Shared", points, references, last_x=3)
    assert chart is not None and chart.name is not None
    end = TOP + float(chart.line.split(",")[-1]) * HEIGHT / 100
    alone, rule = (level.label.y for level in chart.levels)
    assert chart.name.y < end < alone - 13 < rule - 13


def test_nothing_to_draw() -> None:
    assert line_chart("c", "t", "Shared", (), REFERENCES, last_x=3) is None


def test_one_point_has_no_line() -> None:
    chart = line_chart("c", "t", "Shared", (Point(1, 0.7),), last_x=1)
    assert chart is not None
    assert (chart.line, chart.band) == ("", "")
    assert chart.dots


@given(st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_a_scale_holds_what_it_scales(low: float, wide: float) -> None:
    bottom, top, levels = scale(low, low + wide)
    step = levels[1] - levels[0]
    assert bottom <= low + step * 1e-6
    assert top >= low + wide - step * 1e-6
    assert 2 <= len(levels) <= 7


@given(
    st.lists(st.floats(0.5, 1), min_size=1, max_size=12),
    st.floats(0.5, 1),
    st.floats(0.5, 1),
)
def test_everything_stays_inside(values: list[float], one: float, other: float) -> None:
    points = tuple(Point(n, v) for n, v in enumerate(values, 1))
    references = (Reference("Central", one), Reference("Each site alone", other))
    chart = line_chart("c", "t", "Shared", points, references, last_x=max(len(values), 2))
    assert chart is not None
    for pair in chart.line.split():
        x, y = map(float, pair.split(","))
        assert -0.01 <= x <= 100.01
        assert -0.01 <= y <= 100.01
    labels = [level.label for level in chart.levels]
    for label in labels:
        assert 0 < label.y < TOP + HEIGHT + 20
    if points[-1].x > 0.6 * max(len(values), 2) and chart.name:
        labels.append(chart.name)
    for a, b in combinations(labels[:2], 2):
        assert abs(a.y - b.y) >= 15 or a.text == b.text


def test_a_curve_that_keeps_its_word_lies_on_the_diagonal() -> None:
    chart = calibration_chart("c", "t", ((0.0, 0.0), (0.5, 0.5), (1.0, 1.0)))
    assert chart.line == "2.00,100.00 50.00,50.00 98.00,0.00"
