"""A picture of every page, wide and narrow, for eyes: `make screenshots` says where. Each page must fit its window."""

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import states
from tests.browser.test_pages import pages
from tests.web.populated import Populated

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
WIDTHS = (1280, 360)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    named = os.environ.get("COLLEGIUM_SCREENSHOTS")
    where = Path(named) if named else tmp_path
    where.mkdir(parents=True, exist_ok=True)
    return where


def picture(page: Page, path: str, width: int, ids: dict[str, str], folder: Path) -> str:
    """Takes it; returns a sentence where the page is wider than its window."""
    page.set_viewport_size({"width": width, "height": 900})
    for name, value in ids.items():
        path = path.replace(value, name) if len(value) > 8 else path
    named(page, path, width, folder)
    wide = page.evaluate("document.documentElement.scrollWidth")
    return f"{path} needs {wide} pixels of {width}" if wide > width else ""


def named(page: Page, path: str, width: int, folder: Path) -> None:
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "start"
    page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)


def test_every_page_fits(live: Populated, chromium: Browser, address: str, folder: Path) -> None:
    faults: list[str] = []
    for role, path in pages(live.ids):
        context = chromium.new_context(reduced_motion="reduce")
        if role:
            cookie = {"name": "collegium", "value": live.cookie(role), "url": address}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(address + path)
        faults += [picture(page, path, width, live.ids, folder) for width in WIDTHS]
        context.close()
    assert [fault for fault in faults if fault] == []
    assert len(list(folder.glob("*.png"))) >= 2 * 40


def test_every_state(live: Populated, chromium: Browser, address: str, folder: Path) -> None:
    for state in states.STATES:
        with states.opened(live, chromium, address, state) as place:
            for width in WIDTHS:
                place.page.set_viewport_size({"width": width, "height": 900})
                named(place.page, f"state {state.name}", width, folder)
    assert len(list(folder.glob("state-*.png"))) == len(WIDTHS) * len(states.STATES)
