"""How a page is judged by program: axe's WCAG rules, and that it fits its window; wide and narrow, light and dark."""

from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

TAGS = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa")
EVERY_RULE = {"runOnly": {"type": "tag", "values": TAGS}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
VIEWS: tuple[tuple[int, str, dict[str, Any]], ...] = (
    (1280, "light", EVERY_RULE),
    (360, "light", EVERY_RULE),
    (360, "dark", CONTRAST),  # colours are all that changes in the dark
    (1280, "dark", CONTRAST),
)

_BRIEF = {"resultTypes": ["violations"], "preload": False}
"""Nothing but what fails is described; no style sheet or medium is fetched, which no rule of these tags asks for."""
_RUN = """async (rules) => {
  const found = await axe.run(rules);
  const said = found.violations.map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 160)}`);
  return [said, document.documentElement.scrollWidth];
}"""


def turned(page: Page, width: int, theme: str) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme="dark" if theme == "dark" else "light")


def faults(page: Page, path: str) -> list[str]:
    """Every fault in every view, with where it is."""
    found = []
    for width, theme, rules in VIEWS:
        turned(page, width, theme)
        found += [f"{path}, {width} {theme}: {fault}" for fault in _looked_at(page, width, rules)]
    return found


def _looked_at(page: Page, width: int, rules: dict[str, Any]) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    said, wide = page.evaluate(_RUN, rules | _BRIEF)
    return [*said, f"{wide} pixels wide"] if wide > width else list(said)
