"""The five ways through the dashboard, from the first form to the end, with scripts and without; one by keyboard alone.

The sites' side is that of `tests/runs/world.py`: it signs, trains and answers as a site does.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, expect

from app.access.actor import Actor
from app.clock import now
from app.ids import new_id
from app.people import sessions
from app.people.models import Person
from app.policies import queries as policies
from app.sites import statements
from app.sites.models import Site
from tests import cast
from tests.browser.serving import own_browser
from tests.runs import world as making
from tests.web.populated import Populated
from worker.protocol.messages import PolicyAcceptance

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


@contextmanager
def at_browser(
    live: Populated, chromium: Browser, address: str, who: Actor | None, scripts: bool
) -> Iterator[Page]:
    """A browser of their own; someone known has just signed in. Its process ends with it: closing a context alone
    has hung for ever on a crowded machine, and a browser that does not close is killed after 30 s.
    """
    with own_browser(chromium) as browser:
        context = browser.new_context(base_url=address, java_script_enabled=scripts)
        if who is not None:
            with live.world.hub.db.session() as session:
                person = session.get_one(Person, who.person)
                begun = sessions.start(session, live.app.state.hub.settings, person, "Firefox")
            kept = {"name": "collegium", "value": begun.cookie, "url": address}
            context.add_cookies([kept])  # type: ignore[list-item]
        yield context.new_page()


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def follow(page: Page, name: str) -> None:
    page.get_by_role("link", name=name).first.click()


@SCRIPTS
def test_register_to_verified(
    live: Populated, chromium: Browser, address: str, scripts: bool
) -> None:
    mark = new_id("site")[-6:]
    name, mail = f"Ashgrove {mark}", f"ada@{mark}.example"
    with at_browser(live, chromium, address, None, scripts) as page:
        page.goto("/")
        follow(page, "Register your institution")
        page.get_by_label("Name of the institution").fill(name)
        page.get_by_label("School").check()
        page.get_by_label("Country").fill("GB")
        press(page, "Go on")
        page.get_by_label("Your name").fill("Ada Lin")
        page.get_by_label("Your mail address").fill(mail)
        press(page, "Go on")
        page.get_by_label("Domain of the institution").fill(f"{mark}.example")
        press(page, "Go on")
        expect(page.locator("main")).to_contain_text(name)
        page.get_by_label("Choose a password").fill("four calm green hills")
        press(page, "Register")
        follow(page, "Sign in")
        page.get_by_label("Mail address").fill(mail)
        page.get_by_label("Password").fill("four calm green hills")
        press(page, "Sign in")
        page.goto("/home")
        expect(page.locator(".note.stopped")).to_contain_text("not verified you yet")
        with at_browser(live, chromium, address, live.world.operator, scripts) as other:
            other.goto("/operator/institutions")
            follow(other, name)
            press(other, "Yes, this is who they say")
            expect(other.locator("main")).to_contain_text("Your decision is recorded.")
        page.goto("/home")
        expect(page.locator(".note.stopped")).to_have_count(0)
        expect(page.locator("li.done").first).to_contain_text("Your institution is verified")


def accepted_at_site(live: Populated) -> None:
    """What a person at the site does with the newest approved version."""
    member = live.world.lead
    with live.world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        version = policies.current(session, member.institution)
        assert version is not None
        said = PolicyAcceptance(
            site=site.id, version=version.number, digest=version.digest, accepted=now()
        )
        statements.accept_policy(session, site, member.key.seal(said))


@SCRIPTS
def test_policy_drafted_to_in_force(
    live: Populated, chromium: Browser, address: str, scripts: bool
) -> None:
    lead = live.world.lead
    records = "21" if scripts else "22"
    with at_browser(live, chromium, address, lead.administrator, scripts) as page:
        page.goto(f"/i/{lead.institution}/policy/draft")
        if page.get_by_role("button", name="Start a draft").count():
            press(page, "Start a draft")
        page.get_by_label("noise").uncheck()
        page.get_by_label("Least institutions in a run").fill("2")
        page.get_by_label("Least records to train").fill(records)
        page.get_by_label("at the site").check()
        press(page, "Save the draft")
        expect(page.locator("main")).to_contain_text("Every federation you are in fits this draft.")
        number = re.findall(r"version (\d+)", page.get_by_role("heading", level=1).inner_text())[0]
    with at_browser(live, chromium, address, lead.officer, scripts) as page:
        page.goto("/home")
        follow(page, f"Read policy version {number}")
        expect(page.locator("ins", has_text=records)).to_be_visible()
        press(page, "Approve this version")
        expect(page.locator("main")).to_contain_text(f"Version {number} waits there")
        accepted_at_site(live)
        page.reload()
        expect(page.get_by_role("row", name="Main")).to_contain_text(f"Version {number} in force")


@SCRIPTS
def test_federation_founded_to_accepted(
    live: Populated, chromium: Browser, address: str, scripts: bool
) -> None:
    lead, guest = live.world.lead, live.world.stranger
    name = f"Reading {new_id('site')[-6:]}"
    with at_browser(live, chromium, address, lead.administrator, scripts) as page:
        page.goto("/federations")
        follow(page, "Found one")
        page.get_by_label("Name of the federation").fill(name)
        page.get_by_label("What it is for").fill("To see early who needs help with reading.")
        press(page, "Save and go on")
        page.get_by_label("A whole task sheet").fill(making.SHEET.model_dump_json())
        page.get_by_role("button", name="Add this sheet").first.click()
        follow(page, "Go on to the model")
        for _step in ("model", "rounds", "terms", "agreement"):
            press(page, "Save and go on")
        press(page, "Accept and open the federation")
        expect(page.locator("main")).to_contain_text("The federation is open.")
        page.get_by_label("Verified institution").select_option("Elsewhere")
        press(page, "Invite it")
    with at_browser(live, chromium, address, guest, scripts) as page:
        page.goto("/home")
        follow(page, f"Answer the invitation to {name}")
        expect(page.get_by_role("heading", level=1)).to_have_text("What Elsewhere signs")
        press(page, "Accept for our institution")
        expect(page.get_by_role("heading", level=1)).to_have_text(name)
        expect(page.get_by_role("row", name="Elsewhere (yours)")).to_contain_text("Member")


@SCRIPTS
def test_run_proposed_to_finished(
    live: Populated, chromium: Browser, address: str, scripts: bool
) -> None:
    world = live.world
    with at_browser(live, chromium, address, world.lead.administrator, scripts) as page:
        _end_what_runs(live, page)
        page.goto(f"/federations/{live.ids['federation_id']}")
        follow(page, "Propose a run")
        page.get_by_label("Rounds", exact=True).fill("1")
        press(page, "Propose it")
        expect(page.locator("main")).to_contain_text("Proposed.")
        run = page.url.partition("/runs/")[2].partition("?")[0]
        world.come_by()
        world.work()
        page.goto(f"/runs/{run}")
        expect(page.get_by_role("heading", name="Whom we wait for")).to_be_visible()
        for member in world.members:
            making.train(world, member)
        world.work()
        making.evaluate_all(world)
        world.work()
        page.goto(f"/runs/{run}")
        expect(page.locator(".head")).to_contain_text("Completed")
        page.get_by_role("link", name=re.compile(r"^See release \d+$")).click()
        expect(page.locator("main")).to_contain_text("It is in use")


def _end_what_runs(live: Populated, page: Page) -> None:
    """One run of a federation at a time: those of the world, and of other tests, are cancelled by their lead."""
    page.goto("/runs")
    for link in page.locator("tbody th a").all():
        path = link.get_attribute("href") or ""
        answer = page.request.get(f"{path}")
        if "/cancel" in answer.text():
            page.goto(f"{path}/cancel")
            press(page, "Cancel this run")
            page.goto("/runs")
    live.world.work()


@SCRIPTS
def test_an_instructors_report(
    live: Populated, chromium: Browser, address: str, scripts: bool
) -> None:
    with at_browser(live, chromium, address, live.world.lead.instructor, scripts) as page:
        page.goto("/home")
        expect(page.get_by_role("heading", level=1)).to_have_text("My classes")
        follow(page, "BIO-101 Cell biology")
        expect(page.locator("main")).to_contain_text("Is the model fit for this class?")
        page.get_by_text("Compare shared model, your site alone and a simple rule").click()
        expect(page.get_by_role("table").first).to_be_visible()
        expect(page.locator("main")).to_contain_text("Who has viewed this report")


def tab_to(page: Page, name: str) -> None:
    """Goes on by Tab until the element in focus bears this name."""
    for _press in range(80):
        page.keyboard.press("Tab")
        label = page.evaluate(
            "(e => (e.labels && e.labels[0] ? e.labels[0] : e).innerText.trim())(document.activeElement)"
        )
        if label == name:
            outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
            assert outline != "none", f"{name} shows no focus"
            return
    raise AssertionError(f"Tab never reached {name}")


def test_an_instructors_report_by_keyboard(
    live: Populated, chromium: Browser, address: str
) -> None:
    """From signing in to the table behind a fold, without a pointer; the focus is always seen."""
    with at_browser(live, chromium, address, None, True) as page:
        page.goto("/sign-in")
        tab_to(page, "Mail address")
        page.keyboard.type("instructor@school0.example")
        tab_to(page, "Password")
        page.keyboard.type(cast.PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("My classes")
        tab_to(page, "BIO-101 Cell biology")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("BIO-101 Cell biology")
        tab_to(page, "Compare shared model, your site alone and a simple rule")
        page.keyboard.press("Enter")
        expect(page.get_by_role("table").first).to_be_visible()


def test_on_paper(live: Populated, chromium: Browser, address: str) -> None:
    """Paper shows what is folded, and none of the controls."""
    with at_browser(live, chromium, address, live.world.lead.instructor, True) as page:
        page.goto("/classes")
        follow(page, "BIO-101 Cell biology")
        page.emulate_media(media="print")
        expect(page.locator(".bar")).to_be_hidden()
        expect(page.locator(".side")).to_be_hidden()
        expect(page.get_by_role("table").first).to_be_visible()
        expect(page.get_by_role("heading", level=1)).to_be_visible()
