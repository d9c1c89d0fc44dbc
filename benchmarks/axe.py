"""What axe finds against WCAG 2.2 AA on every page and in every state, light and dark, 1280 and 360 pixels wide.

The pages are those of the permission table, each as the first role that may read it; the states those of
`tests/browser/states.py`, swaps among them. `violations` counts a rule once for each view in which it fails, a page
wider than its window too. Axe finds part of what is wrong: a person still has to look.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from benchmarks.harness import Measured, Options, main, say
from tests import needs
from tests.browser import looking, states
from tests.browser.serving import FLAGS, served
from tests.browser.test_pages import pages
from tests.servers import free_port
from tests.web.populated import Populated


def measure(options: Options) -> Measured:
    address = f"http://127.0.0.1:{free_port()}"
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder), address) as made,
        sync_playwright() as playwright,
    ):
        program = needs.need("chromium")
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        listed = pages(made.ids)
        found = _pages(made, browser, address, listed)
        for state in states.STATES:
            with states.opened(made, browser, address, state) as place:
                found += looking.faults(place.page, f"state {state.name}")
        browser.close()
    for fault in found:
        say(fault)
    return Measured(
        {
            "violations": len(found),
            "pages": len(listed),
            "states": len(states.STATES),
            "views": len(looking.VIEWS) * (len(listed) + len(states.STATES)),
        }
    )


def _pages(
    made: Populated, browser: Browser, address: str, listed: list[tuple[str | None, str]]
) -> list[str]:
    """One signed-in window for each role, so that styles and scripts are fetched once."""
    found: list[str] = []
    for role in dict.fromkeys(role for role, _path in listed):
        context = browser.new_context(reduced_motion="reduce")
        if role:
            cookie = {"name": "collegium", "value": made.cookie(role), "url": address}
            context.add_cookies([cookie])  # type: ignore[list-item]
        page = context.new_page()
        for path in (path for who, path in listed if who == role):
            page.goto(address + path)
            found += looking.faults(page, path)
        context.close()
        say(f"seen as {role or 'nobody'}")
    return found


if __name__ == "__main__":
    sys.exit(main("axe", measure))
