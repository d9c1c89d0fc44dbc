"""A picture of every page, wide and narrow, light and dark: `make screenshots` says where. Each page must fit.

Those that the docs show are taken once more, as one sees them without scrolling, into `docs` of the same folder.
"""

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
DOCS = {
    "/home": "home",
    "/runs/run_id": "run",
    "/federations/federation_id": "federation",
    "/i/institution/policy/draft": "policy",
    "/i/institution/sites": "sites",
    "/i/institution/sent": "sent",
    "/classes/class_id/report": "class-report",
}
"""Page, with the names of what it is about, to the picture's name in docs/pictures."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    named = os.environ.get("COLLEGIUM_SCREENSHOTS")
    where = Path(named) if named else tmp_path
    (where / "docs").mkdir(parents=True, exist_ok=True)
    return where


def anonymous(path: str, ids: dict[str, str]) -> str:
    """The path with names instead of ids, which change from run to run."""
    for name, value in ids.items():
        path = path.replace(value, name) if len(value) > 8 else path
    return path


def pictures(page: Page, path: str, folder: Path) -> list[str]:
    """Takes them; returns a sentence for each width the page does not fit."""
    wide = []
    if path in DOCS:
        page.set_viewport_size({"width": 1280, "height": 800})
        page.screenshot(path=folder / "docs" / f"{DOCS[path]}.png")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        named(page, path, f"{width}", folder)
        page.emulate_media(color_scheme="dark")
        named(page, path, f"{width}-dark", folder)
        page.emulate_media(color_scheme="light")
        needed = page.evaluate("document.documentElement.scrollWidth")
        wide += [f"{path} needs {needed} pixels of {width}"] if needed > width else []
    return wide


def named(page: Page, path: str, look: str, folder: Path) -> None:
    name = re.sub(r"[^a-z0-9]+", "-", path.lower()).strip("-") or "start"
    page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)


def test_every_page_fits(live: Populated, chromium: Browser, address: str, folder: Path) -> None:
    faults: list[str] = []
    for role, path in pages(live.ids):
        context = chromium.new_context(reduced_motion="reduce")
        if role:
            cookie = {"name": "collegium", "value": live.cookie(role), "url": address}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        page.goto(address + path)
        faults += pictures(page, anonymous(path, live.ids), folder)
        context.close()
    assert faults == []
    assert {p.stem for p in (folder / "docs").iterdir()} == set(DOCS.values())
    assert len(list(folder.glob("*.png"))) >= 2 * len(WIDTHS) * 40


def test_every_state(live: Populated, chromium: Browser, address: str, folder: Path) -> None:
    for state in states.STATES:
        with states.opened(live, chromium, address, state) as place:
            for width in WIDTHS:
                place.page.set_viewport_size({"width": width, "height": 900})
                named(place.page, f"state {state.name}", f"{width}", folder)
    assert len(list(folder.glob("state-*.png"))) == len(WIDTHS) * len(states.STATES)
