"""A live hub with something on every page, and a real Chromium that may reach nothing else."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import needs
from tests.browser.serving import FLAGS, served
from tests.servers import free_port
from tests.web.conftest import restore
from tests.web.populated import Populated
from worker.protocol.pages import STATIC


@pytest.fixture(scope="session")
def address() -> str:
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def live_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="session")
def served_hub(address: str, live_home: Path) -> Iterator[Populated]:
    needs.need(STATIC / "vendor" / "htmx.min.js")
    with served(live_home, address) as made:
        made.world.hub.db.engine.dispose()
        shutil.copy(live_home / "hub.sqlite", live_home / "kept.sqlite")
        yield made


@pytest.fixture(scope="module")
def live(served_hub: Populated, live_home: Path) -> Populated:
    """As it was made: no module sees what another one changed."""
    restore(served_hub, live_home)
    return served_hub


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: while Playwright's loop runs, no other test of this process may start one."""
    program = needs.need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
