"""A live hub with something on every page, and a real Chromium that may reach nothing else."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from app.web.render import STATIC
from tests import needs
from tests.browser.serving import FLAGS, served
from tests.servers import free_port
from tests.web.populated import Populated


@pytest.fixture(scope="session")
def address() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def live(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    needs.need(STATIC / "vendor" / "htmx.min.js")
    with served(tmp_path_factory.mktemp("live"), address) as made:
        yield made


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: while Playwright's loop runs, no other test of this process may start one."""
    program = needs.need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
