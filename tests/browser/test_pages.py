"""Every page in a real browser: no accessibility fault that axe can find, no request to another host, no error."""

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import looking
from tests.web.populated import Populated
from tests.web.route_table import NO_PAGE, ROLES, TABLE, filled

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


def pages(ids: dict[str, str]) -> list[tuple[str | None, str]]:
    """Every page once, as the first role that may read it; and some states that share an address."""
    found: list[tuple[str | None, str]] = []
    for method, path, statuses in TABLE:
        if method != "GET" or path in NO_PAGE:
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
        seen += looking.faults(page, path)
    context.close()
    assert seen == []
