"""Geometry of the charts: numbers in, coordinates out. The drawing itself is `templates/ui/charts.html`.

One inner drawing of 100 by 100 stretches to any width; text stands outside it at percentages, so it never shrinks.
"""

from dataclasses import dataclass
from math import ceil, floor, log10
from typing import ClassVar

from worker.protocol.pages import number

HEIGHT = 200.0
TOP = 16.0
LEFT, RIGHT = 2.0, 98.0
WIDTH_SHARE = 0.86
_APART = 15.0
_UNDER = 9.0


@dataclass(frozen=True)
class Point:
    """One value at `x` (a round's number), with its 95 % interval where there is one."""

    x: float
    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class Reference:
    """A level to compare with, named beside its line."""

    name: str
    value: float


@dataclass(frozen=True)
class Label:
    text: str
    x: str
    y: float
    anchor: str = "start"


@dataclass(frozen=True)
class Level:
    """A reference as drawn: `look` is l2 or l3 and has its own dash."""

    look: str
    y: float
    label: Label


@dataclass(frozen=True)
class LineChart:
    kind: ClassVar[str] = "line-chart"
    id: str
    title: str
    line: str
    dots: str
    band: str
    grid: tuple[float, ...]
    levels: tuple[Level, ...]
    name: Label | None
    ticks: tuple[Label, ...]
    now_x: float | None
    now_label: Label | None


@dataclass(frozen=True)
class CalibrationChart:
    """Predicted against observed share; the dashed diagonal is a model that keeps its word."""

    kind: ClassVar[str] = "calibration-chart"
    id: str
    title: str
    line: str
    dots: str
    ticks: tuple[Label, ...]
    grid: tuple[float, ...]


def scale(low: float, high: float) -> tuple[float, float, tuple[float, ...]]:
    """A range that ends on round numbers and four to six levels in it."""
    if high - low < 1e-9:
        low, high = low - 0.05, high + 0.05
    rough = (high - low) / 3
    power = 10 ** floor(log10(rough))
    step = next(m * power for m in (1, 2, 2.5, 4, 5, 10) if m * power >= rough * 0.999)
    bottom, top = floor(low / step + 1e-9) * step, ceil(high / step - 1e-9) * step
    count = round((top - bottom) / step)
    return bottom, top, tuple(bottom + i * step for i in range(count + 1))


def _digits(levels: tuple[float, ...]) -> int:
    """As many as tell neighbouring levels apart."""
    step = levels[1] - levels[0]
    return next(n for n in range(5) if n == 4 or abs(round(step, n) - step) < step / 1000)


def _path(points: list[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _dots(points: list[tuple[float, float]]) -> str:
    return "".join(f"M{x:.2f} {y:.2f}h.01" for x, y in points)


@dataclass(frozen=True)
class _Frame:
    first: float
    last: float
    bottom: float
    top: float

    def x(self, value: float) -> float:
        if self.last <= self.first:
            return (LEFT + RIGHT) / 2
        return LEFT + (value - self.first) / (self.last - self.first) * (RIGHT - LEFT)

    def y(self, value: float) -> float:
        return 100 - (value - self.bottom) / (self.top - self.bottom) * 100


def _pixel(y: float) -> float:
    return TOP + y * HEIGHT / 100


def _share(x: float) -> str:
    return f"{x * WIDTH_SHARE:.2f}%"


def line_chart(
    id_: str,
    title: str,
    name: str,
    points: tuple[Point, ...],
    references: tuple[Reference, ...] = (),
    *,
    last_x: float,
    now_x: float | None = None,
    now_word: str = "now",
    first_word: str = "1",
    digits: int = 3,
    unit: str = "",
) -> LineChart | None:
    """None when there is no point: an empty axis says nothing. At most two references are drawn."""
    if not points:
        return None
    values = [v for p in points for v in (p.value, p.low, p.high) if v is not None]
    values += [r.value for r in references[:2]]
    bottom, top, levels = scale(min(values), max(values))
    frame = _Frame(1, last_x, bottom, top)
    drawn = [(frame.x(p.x), frame.y(p.value)) for p in points]
    lines = _levels(frame, references[:2], _pixel(drawn[-1][1]))
    return LineChart(
        id=id_,
        title=title,
        line=_path(drawn) if len(drawn) > 1 else "",
        dots=_dots(drawn),
        band=_band(frame, points),
        grid=tuple(round(frame.y(v), 2) for v in levels),
        levels=lines,
        name=_name(f"{name} {number(points[-1].value, digits)}{unit}", drawn, lines),
        ticks=_y_ticks(frame, levels, unit) + _x_ticks(frame, now_x, first_word),
        now_x=round(frame.x(now_x), 2) if now_x is not None else None,
        now_label=_now(frame, now_x, now_word),
    )


def _band(frame: _Frame, points: tuple[Point, ...]) -> str:
    with_interval = [p for p in points if p.low is not None and p.high is not None]
    if len(with_interval) < 2:
        return ""
    upper = [(frame.x(p.x), frame.y(p.high or 0.0)) for p in with_interval]
    lower = [(frame.x(p.x), frame.y(p.low or 0.0)) for p in reversed(with_interval)]
    return _path(upper + lower)


def _levels(frame: _Frame, references: tuple[Reference, ...], end: float) -> tuple[Level, ...]:
    """The higher one is named above its line, the lower one below, so that close lines stay readable; on its other
    side where the drawn line `end`s under the name."""
    placed: list[Level] = []
    for place, reference in enumerate(sorted(references, key=lambda r: -r.value)):
        y = frame.y(reference.value)
        sides = (-5, 15, 31, -21) if place == 0 else (15, -5, 31, -21)
        taken = [level.label.y for level in placed]
        around = [_pixel(y) + side for side in sides]
        apart = [o for o in around if all(abs(o - other) >= _APART for other in taken)]
        free = [o for o in apart if abs(o - 4 - end) > _UNDER and o > 4]
        at = (free or apart)[0]
        text = f"{reference.name} {number(reference.value, 3)}"
        look = ("l2", "l3")[references.index(reference)]
        placed.append(Level(look, round(y, 2), Label(text, "89.5%", round(at, 1), "end")))
    return tuple(placed)


def _name(text: str, drawn: list[tuple[float, float]], levels: tuple[Level, ...]) -> Label:
    """Beside the last point, on the side from which the line does not come, away from the names of the levels."""
    x, y = drawn[-1]
    right = x > 60
    falls = len(drawn) > 1 and drawn[-2][1] < y
    at = _pixel(y) + ((24 if falls else -14) if right else 4)
    taken = [level.label.y for level in levels]
    if right:
        options = [at, _pixel(y) + (-14 if falls else 24), _pixel(y) - 30]
        options += [_pixel(y) + 40, _pixel(y) + 56]
        free = [o for o in options if 10 <= o <= 212 and all(abs(o - t) >= _APART for t in taken)]
        at = free[0] if free else at
    share = x - 1 if right else x + 2.5
    return Label(text, _share(share), round(at, 1), "end" if right else "start")


def _y_ticks(frame: _Frame, levels: tuple[float, ...], unit: str) -> tuple[Label, ...]:
    digits = _digits(levels)
    return tuple(
        Label(f"{number(value, digits)}{unit}", "100%", round(_pixel(frame.y(value)) + 4, 1), "end")
        for value in levels
    )


def _x_ticks(frame: _Frame, now_x: float | None, first_word: str) -> tuple[Label, ...]:
    last = int(frame.last)
    step = max(1, ceil(last / 4 / 5) * 5) if last > 8 else max(1, ceil(last / 4))
    ticks = [Label(first_word, "0", 240)]
    for value in range(step, last + 1, step):
        near = now_x is not None and abs(frame.x(value) - frame.x(now_x)) < 5
        if value > 1 and frame.x(value) > 14 and not near:
            ticks.append(Label(str(value), _share(frame.x(value)), 240, "middle"))
    return tuple(ticks)


def _now(frame: _Frame, now_x: float | None, word: str) -> Label | None:
    if now_x is None or frame.x(now_x) < 12:
        return None
    return Label(word, _share(frame.x(now_x)), 240, "middle")


def calibration_chart(
    id_: str, title: str, points: tuple[tuple[float, float], ...]
) -> CalibrationChart:
    """`points` are (predicted share, observed share), both 0 to 1."""
    drawn = [(LEFT + p * (RIGHT - LEFT), 100 - o * 100) for p, o in sorted(points)]
    ticks = [
        Label(f"{v} %", "100%", round(_pixel(100 - v) + 4, 1), "end") for v in (0, 25, 50, 75, 100)
    ]
    ticks += [
        Label(f"{v} %", _share(LEFT + v / 100 * (RIGHT - LEFT)), 240, "middle")
        for v in (25, 50, 75, 100)
    ]
    ticks.append(Label("0 %", "0", 240))
    return CalibrationChart(
        id_, title, _path(drawn), _dots(drawn), tuple(ticks), (0.0, 25.0, 50.0, 75.0, 100.0)
    )
