"""A site's own page in a real browser: opened by its link, walked through, with scripts and without, judged by axe."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.looking import VIEWS, faults, turned
from tests.browser.test_pages import watched
from tests.runs.world import SHEET
from tests.site import homes
from tests.site.served import Served, joined, served
from tests.site.test_guard import manifest as guard_manifest
from worker.protocol.canonical import canonical, digest, digest_of
from worker.protocol.codes import TransferKind
from worker.site import accepted, files
from worker.site.page import codes
from worker.site.sent import OutboundLog

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def page_of_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """With a fault, a task sheet, a run that waits, and something that left."""
    root = tmp_path_factory.mktemp("site")
    data = homes.records(root / "records")
    rows = list(csv.reader((data / "records.csv").open(encoding="utf-8")))
    rows[3][rows[0].index("hours")] = "many"
    with (data / "records.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows(rows)
    home = joined(root, data=data)
    files.write(home.sheets / f"{digest_of(SHEET)}.json", canonical(SHEET))
    accepted.ask_for(home, guard_manifest(run="run_0123456789"))
    said = '{"claim":1,"failed":"disk-full"}'
    log = OutboundLog(home.sent)
    log.note(TransferKind.ANSWER, len(said), digest(said.encode()), "failed", "job", "run", said)
    with served(home) as running:
        yield running


def paths(site: Served) -> list[str]:
    (month,) = (path.stem for path in site.home.sent.glob("*.jsonl"))
    read = ["/", "/policy", "/runs/run_0123456789", "/sent", f"/sent/{month}/1", "/data"]
    return [*read, "/requests", "/sign-in", "/nothing-here"]


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_from_the_link_to_every_page(
    page_of_site: Served, chromium: Browser, scripts: bool
) -> None:
    context = chromium.new_context(java_script_enabled=scripts, locale="en-GB")
    page, seen = context.new_page(), []
    watched(page, page_of_site.url, seen)
    page.goto(codes.link(page_of_site.home, page_of_site.port))
    page.get_by_role("button", name="Open the page").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this site ready?")
    page.get_by_role("link", name="Policy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Which rule holds here?")
    page.get_by_role("link", name="What left").click()
    page.get_by_label("Kind").select_option("answer")
    page.get_by_role("button", name="Show").click()
    page.locator("tbody a").first.click()
    expect(page.get_by_text("Fits the digest")).to_be_visible()
    page.get_by_role("link", name="Records").click()
    page.get_by_role("button", name="Look again").click()
    _until(page, "row 4, column hours")
    page.locator("summary", has_text="Main").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sind die Daten brauchbar?")
    page.locator("summary", has_text="Main").click()
    page.get_by_role("button", name="Abmelden").click()
    page.goto(page_of_site.url + "/sent")
    assert page.locator("tbody").count() == 0
    context.close()
    assert seen == []


def _until(page: Page, text: str) -> None:
    """The look at the records may take a while on a busy machine; reload as a person would."""
    for _try in range(120):
        if page.get_by_text(text).count():
            return
        page.wait_for_timeout(1000)
        page.reload()
    raise AssertionError(f"{text} never came")


def test_every_page_is_free_of_faults(page_of_site: Served, chromium: Browser) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    page, seen = context.new_page(), []
    watched(page, page_of_site.url, seen)
    page.goto(codes.link(page_of_site.home, page_of_site.port))
    page.get_by_role("button", name="Open the page").click()
    page.goto(page_of_site.url + "/data")
    _until(page, "row 4, column hours")
    for path in paths(page_of_site):
        page.goto(page_of_site.url + path)
        seen += faults(page, path)
        for width, theme, _rules in VIEWS:
            turned(page, width, theme)
            _picture(page, f"site{path}-{width}-{theme}")
    context.close()
    assert seen == []


def _picture(page: Page, name: str) -> None:
    folder = os.environ.get("COLLEGIUM_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name.replace('/', '-')}.png", full_page=True)
