"""No page shows a state older than 30 s without saying so: the hub frozen, killed and started under an open page."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

import migrations
from tests import needs
from tests.servers import free_port, stop, wait_until
from tests.web import populated
from worker.protocol.pages import STATIC

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
LIMIT_MS = 30_000


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def hub(home: Path, url: str) -> Iterator[subprocess.Popen[bytes]]:
    """The web process, alone."""
    environ = {
        **os.environ,
        "COLLEGIUM_ENVIRONMENT": "test",
        "COLLEGIUM_HOME": str(home),
        "COLLEGIUM_PUBLIC_URL": url,
        "DATABASE_URL": f"sqlite:///{home / 'hub.sqlite'}",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "SECRET_KEY": "x" * 40,
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--port", url.rpartition(":")[2]]
    with (home / "web.log").open("ab") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log)
    try:
        wait_until(lambda: answers(f"{url}/sign-in"), seconds=60, what="the hub")
        yield process
    finally:
        stop(process)


def test_an_open_page_says_within_30_s_that_it_is_old(tmp_path: Path, chromium: Browser) -> None:
    needs.need(STATIC / "vendor" / "htmx.min.js")
    url = f"http://127.0.0.1:{free_port()}"
    database = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    migrations.upgrade(database)
    made = populated.make(database, tmp_path, url)
    context = chromium.new_context()
    context.add_cookies([{"name": "collegium", "value": made.cookie("reader"), "url": url}])
    page = context.new_page()
    note = page.locator("#stale")
    with hub(tmp_path, url) as process:
        page.goto(f"{url}/runs/{made.ids['run_id']}")
        expect(page.locator("#live")).to_contain_text("Whom we wait for")
        expect(note).to_be_hidden()
        process.send_signal(signal.SIGSTOP)
        expect(note).to_be_visible(timeout=LIMIT_MS)
        expect(page.locator("#live")).to_contain_text("Whom we wait for")
        process.send_signal(signal.SIGCONT)
        expect(note).to_be_hidden(timeout=LIMIT_MS)
        process.kill()
        expect(note).to_be_visible(timeout=LIMIT_MS)
    with hub(tmp_path, url):
        expect(note).to_be_hidden(timeout=LIMIT_MS)
    context.close()
