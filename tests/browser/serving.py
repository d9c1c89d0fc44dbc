"""A live hub with something on every page in this process, and the flags of a Chromium that may reach nothing else."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser

import migrations
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


@contextmanager
def served(home: Path, address: str) -> Iterator[Populated]:
    url = f"sqlite:///{home / 'hub.sqlite'}"
    migrations.upgrade(url)
    made = populated.make(url, home, address)
    config = uvicorn.Config(made.app, port=int(address.rpartition(":")[2]), log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    try:
        yield made
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def own_browser(like: Browser) -> Iterator[Browser]:
    """Another process of the same Playwright."""
    browser = like.browser_type.launch(executable_path=needs.need("chromium"), args=FLAGS)
    try:
        yield browser
    finally:
        browser.close()
