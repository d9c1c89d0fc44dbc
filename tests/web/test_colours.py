"""Contrast, measured from the stylesheet itself: text 4.5, edges of controls and shapes 3; in light and in dark."""

import re

import pytest

from worker.protocol.pages import STATIC

CSS = (STATIC / "collegium.css").read_text(encoding="utf-8")
GROUNDS = ("page", "panel", "sunk")
TEXT = [(ink, ground) for ink in ("ink", "ink-2", "accent", "accent-2") for ground in GROUNDS]
TEXT += [
    (f"{tone}", f"{tone}-bg") for tone in ("good", "busy", "wait", "act", "stop", "off", "sim")
]
TEXT += [(tone, "panel") for tone in ("good", "stop", "act")]
TEXT += [("on-accent", "accent"), ("on-accent", "accent-2"), ("accent", "tint"), ("ink", "tint")]
# Names of lines in charts stand on the panel or on the band of an interval; axe does not look into drawings.
TEXT += [
    (ink, ground) for ink in ("series-2", "series-3", "accent") for ground in ("panel", "band")
]
SHAPES = [("edge", "panel"), ("edge", "page"), ("focus", "panel"), ("focus", "page")]


def themes() -> dict[str, dict[str, str]]:
    blocks = {
        "light": r":root, \[data-bs-theme=light\] \{(.*?)\n\}",
        "dark": r"\n\[data-bs-theme=dark\] \{(.*?)\n\}",
        "the system's dark": r":root:not\(\[data-bs-theme\]\) \{(.*?)\n\} \}",
    }
    found = {}
    for name, pattern in blocks.items():
        block = re.search(pattern, CSS, re.DOTALL)
        assert block, name
        found[name] = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block.group(1)))
    return found


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def ratio(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_black_on_white() -> None:
    assert ratio("#000000", "#ffffff") == pytest.approx(21)


@pytest.mark.parametrize("theme", list(themes()))
def test_contrast(theme: str) -> None:
    tokens = themes()[theme]
    least = [(pair, 4.5) for pair in TEXT] + [(pair, 3.0) for pair in SHAPES]
    low = {
        pair: round(ratio(tokens[pair[0]], tokens[pair[1]]), 2)
        for pair, wanted in least
        if ratio(tokens[pair[0]], tokens[pair[1]]) < wanted
    }
    assert low == {}


def test_the_systems_dark_is_the_readers_dark() -> None:
    found = themes()
    assert found["dark"] == found["the system's dark"]
