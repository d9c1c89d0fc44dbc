"""A person at a browser: one way without scripts, and the live page with them."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests import cast
from tests.runs import world as making
from tests.web.populated import Populated

pytestmark = pytest.mark.browser


def test_without_scripts(live: Populated, chromium: Browser, address: str) -> None:
    """Sign in, look for what waits, confirm the six words, add a class, read the run, sign out."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}/home")
    page.get_by_label("Mail address").fill("administrator@school0.example")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("is not right")
    expect(page.get_by_label("Mail address")).to_have_value("administrator@school0.example")
    page.get_by_label("Password").fill(cast.PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(f"{address}/home")
    page.get_by_role("link", name=re.compile("Compare the words")).click()
    expect(page.locator(".words li")).to_have_count(6)
    page.get_by_role("button", name="Confirm this site").click()
    expect(page.get_by_role("alert")).to_contain_text("Compare the words first")
    page.get_by_label("All six words are the same").check()
    page.get_by_role("button", name="Confirm this site").click()
    expect(page.locator("main")).to_contain_text("The site is confirmed.")
    page.get_by_role("link", name="Classes").click()
    page.get_by_label("Term").fill("Spring 2027")
    page.get_by_label("Code").fill("PHY-3")
    page.get_by_role("button", name="Add the class").click()
    expect(page.locator("main")).to_contain_text("PHY-3")
    page.get_by_role("link", name="Runs").click()
    page.get_by_role("link", name="Early support, Run 2").click()
    expect(page.locator("main")).to_contain_text("Whom we wait for")
    expect(page.get_by_role("link", name="Look again")).to_be_visible()
    page.get_by_text("Show the numbers as a table").click()
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_text("Account:").locator("..").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    context.close()


def test_the_live_page(live: Populated, chromium: Browser, address: str) -> None:
    """What a site does appears without a reload; an open fold stays open; the link stops the looking."""
    context = chromium.new_context()
    cookie = {"name": "collegium", "value": live.cookie("reader"), "url": address}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.goto(f"{address}/runs/{live.ids['run_id']}")
    waited = page.locator("section[aria-labelledby=h-wait] .site")
    expect(waited).to_have_count(3)
    page.get_by_text("Show the numbers as a table").click()
    making.train(live.world, live.world.members[2])
    expect(waited).to_have_count(2, timeout=15_000)
    expect(page.get_by_role("table")).to_be_visible()
    page.get_by_role("link", name="Stop looking").click()
    expect(page.locator("#live")).not_to_have_attribute("hx-trigger", re.compile("."))
    context.close()


def test_dark_and_german(live: Populated, chromium: Browser, address: str) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{address}/sign-in")
    page.get_by_text("Display").click()
    page.get_by_role("button", name="Use dark colours").click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.get_by_text("Display").click()
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    expect(page.get_by_role("heading", level=1)).to_have_text("Anmelden")
    context.close()


def test_keyboard(live: Populated, chromium: Browser, address: str) -> None:
    """The first stop skips to the page; errors take the focus."""
    page = chromium.new_page()
    page.goto(f"{address}/sign-in")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.close()
