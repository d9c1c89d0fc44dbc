"""Every page in a real browser: no accessibility fault that axe can find, no request to another host, no error."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.web.populated import Populated
from tests.web.route_table import ROLES, TABLE, filled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
TAGS = ("wcag2a", "wcag2aa", "wcag21aa", "wcag22aa")
EVERY_RULE = {"runOnly": {"type": "tag", "values": TAGS}}
CONTRAST = {"runOnly": {"type": "rule", "values": ["color-contrast"]}}
VIEWS = [
    (1280, "light", EVERY_RULE),
    (360, "light", EVERY_RULE),
    (360, "dark", CONTRAST),  # colours are all that changes in the dark
    (1280, "dark", CONTRAST),
]


def pages(ids: dict[str, str]) -> list[tuple[str | None, str]]:
    """Every page once, as the first role that may read it; and some states that share an address."""
    found: list[tuple[str | None, str]] = []
    for method, path, statuses in TABLE:
        if method != "GET":
            continue
        may = [
            role for role, status in zip(ROLES, statuses.split(), strict=True) if status == "200"
        ]
        if may:
            found.append((None if may[0] == "nobody" else may[0], filled(path, ids)))
    at, federation = ids["institution"], ids["federation_id"]
    more = [
        ("administrator", f"/i/{at}/sites/new?site={ids['joined_site']}"),
        ("administrator", f"/i/{at}/sites/new?site={ids['waiting_site']}"),
        ("administrator", f"/runs/{ids['finished']}"),
        ("member", f"/runs/{ids['run_id']}"),
        ("officer", f"/i/{at}/policy/{ids['draft_number']}"),
        ("stranger", f"/federations/{federation}/join"),
        ("reader", f"/i/{at}/people/invite"),
        (None, "/nothing-here"),
    ]
    steps = [f"/federations/{ids['draft_federation']}/edit/{s}" for s in _STEPS]
    return found + more + [("administrator", path) for path in steps]


_STEPS = ("task", "model", "rounds", "terms", "agreement", "check")


def watched(page: Page, address: str, faults: list[str]) -> None:
    """Notes whatever leaves this host, whatever the policy blocks, and every error of a script."""

    def note(url: str) -> None:
        if not url.startswith((address, "data:")):
            faults.append(f"request to {url}")

    page.on("request", lambda request: note(request.url))
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    page.on("console", lambda said: _console(said.type, said.text, faults))


def _console(kind: str, text: str, faults: list[str]) -> None:
    if kind == "error" and "status of 4" not in text:
        faults.append(f"console: {text}")


@pytest.mark.parametrize("role", ROLES)
def test_every_page(live: Populated, chromium: Browser, address: str, role: str) -> None:
    """Wide and narrow, light and dark."""
    context = chromium.new_context(reduced_motion="reduce")  # no colour half way to another
    if role != "nobody":
        cookie = {"name": "collegium", "value": live.cookie(role), "url": address}
        context.add_cookies([cookie])  # type: ignore[list-item]
    page, seen = context.new_page(), []
    watched(page, address, seen)
    mine = [path for who, path in pages(live.ids) if (who or "nobody") == role]
    for path in mine:
        page.goto(address + path)
        for width, theme, rules in VIEWS:
            page.set_viewport_size({"width": width, "height": 800})
            page.emulate_media(color_scheme="dark" if theme == "dark" else "light")
            seen += [f"{path}, {width} {theme}: {fault}" for fault in looked_at(page, width, rules)]
    context.close()
    assert seen == []


def looked_at(page: Page, width: int, rules: dict[str, Any]) -> list[str]:
    found = Axe().run(page, options=rules).response["violations"]
    faults = [f"{v['id']}: {v['nodes'][0]['html'][:160]}" for v in found]
    wide = page.evaluate("document.documentElement.scrollWidth")
    return [*faults, f"{wide} pixels wide"] if wide > width else faults
