"""A live hub with something on every page, and a real Chromium that may reach nothing else."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright

import migrations
from app.web.render import STATIC
from tests import needs
from tests.web import populated
from tests.web.populated import Populated

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture(scope="session")
def live(address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    needs.need(STATIC / "vendor" / "htmx.min.js")
    home: Path = tmp_path_factory.mktemp("live")
    url = f"sqlite:///{home / 'hub.sqlite'}"
    migrations.upgrade(url)
    made = populated.make(url, home, address)
    config = uvicorn.Config(made.app, port=int(address.rpartition(":")[2]), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield made
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Ends with its module: while Playwright's loop runs, no other test of this process may start one."""
    program = needs.need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
