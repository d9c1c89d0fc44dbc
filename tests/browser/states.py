"""The states that share an address with a page: refused, late, wrong, empty, suspended. Each is reached as people do.

What a state changes in the hub it puts back, so that other tests see the hub as it was.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from unittest.mock import patch

from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy.exc import OperationalError

from app.access.permissions import Role
from app.clock import now
from app.ids import new_id
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.people import queries as people
from app.people import sessions
from app.people.models import BrowserSession, PasswordReset, Person
from app.policies import queries as policies
from app.policies import service as policy_service
from app.secrets import new_token, token_hash
from tests import cast
from tests.browser import told
from tests.web import populated, reported
from tests.web.populated import Populated


@dataclass(frozen=True)
class Place:
    """A hub that answers at `address`, and the page of one person at it."""

    made: Populated
    address: str
    page: Page

    def go(self, path: str) -> None:
        self.page.goto(self.address + path)


@dataclass(frozen=True)
class State:
    """`says` is what the page must say once `reach` is done."""

    name: str
    role: str
    reach: Callable[[Place], None]
    says: str


@contextmanager
def opened(made: Populated, browser: Browser, address: str, state: State) -> Iterator[Place]:
    context = browser.new_context(reduced_motion="reduce")
    if state.role:
        _sign_in(context, _fresh(made, state.role), address)
    place = Place(made, address, context.new_page())
    with undone(made, state):
        state.reach(place)
        yield place
    context.close()


def _sign_in(context: BrowserContext, cookie: str, address: str) -> None:
    kept = {"name": "collegium", "value": cookie, "url": address}
    context.add_cookies([kept])  # type: ignore[list-item]


def _fresh(made: Populated, role: str) -> str:
    """The cookie of somebody who has just signed in: a long run outlasts a proof of ten minutes."""
    if role == "newcomer":
        return _newcomer(made)
    who = populated.roles(made.world, made.reader)[role]
    with made.world.hub.db.session() as session:
        person = session.get_one(Person, who.person)
        return sessions.start(session, made.app.state.hub.settings, person, "Firefox").cookie


def _newcomer(made: Populated) -> str:
    """The administrator of an institution that has nothing yet, made once."""
    with made.world.hub.db.session() as session:
        row = people.by_email(session, "newcomer@harbour.example")
        if row is None:
            home = cast.make_institution(session, "Harbour School", "harbour.example")
            who = cast.member(
                session, home.id, "newcomer", Role.ADMINISTRATOR, domain="harbour.example"
            )
            made.ids["empty"] = home.id
            row = session.get_one(Person, who.person)
        settings = made.app.state.hub.settings
        return sessions.start(session, settings, row, "Firefox").cookie


@contextmanager
def undone(made: Populated, state: State) -> Iterator[None]:
    """Elsewhere's standing, while a state changes it."""
    changes = {"suspended": InstitutionState.SUSPENDED, "not-verified": InstitutionState.REGISTERED}
    wanted = changes.get(state.name.partition("/")[0])
    if wanted:
        _stands(made, wanted, "Its domain was sold.")
    try:
        yield
    finally:
        if wanted:
            _stands(made, InstitutionState.VERIFIED, "")


def _stands(made: Populated, state: InstitutionState, reason: str) -> None:
    (outside,) = made.world.stranger.institutions
    with made.world.hub.db.session() as session:
        row = session.get_one(Institution, outside)
        row.state, row.state_reason = state, reason


def at(path: str) -> Callable[[Place], None]:
    """Goes there; `{home}`, `{outside}` and `{empty}` are institutions."""

    def reach(place: Place) -> None:
        ids = place.made.ids
        (outside,) = place.made.world.stranger.institutions
        named = ids | {"home": ids["institution"], "outside": outside}
        place.go(path.format(**named))

    return reach


def _wrong_form(place: Place) -> None:
    place.go(f"/i/{place.made.ids['institution']}/people/invite")
    place.page.get_by_label("Mail address").fill("not a mail")
    place.page.get_by_role("button", name="Send the invitation").click()
    expect(place.page.get_by_role("alert")).to_be_focused()


def _too_often(place: Place) -> None:
    place.go("/sign-in")
    for _try in range(7):
        place.page.get_by_label("Mail address").fill("nobody@nowhere.example")
        place.page.get_by_label("Password").fill("wrong")
        with place.page.expect_navigation():  # the page before it has an alert, too
            place.page.get_by_role("button", name="Sign in").click()
        expect(place.page.get_by_role("alert")).to_be_visible()


def _busy(place: Place) -> None:
    """The database goes away for one request."""
    away = OperationalError("select", {}, Exception("no server"))
    with patch("app.people.queries.operators", side_effect=away):
        place.go("/status")


def _expired_link(place: Place) -> None:
    token = new_token()
    with place.made.world.hub.db.session() as session:
        session.add(
            PasswordReset(
                id=new_id("reset"),
                token_hash=token_hash(token),
                person_id=place.made.world.lead.officer.person,
                expires=now() - timedelta(hours=1),
            )
        )
    place.go(f"/password/reset/{token}")


def _conflict(place: Place) -> None:
    """The officer saves the draft while the administrator has it open."""
    home = place.made.ids["institution"]
    place.go(f"/i/{home}/policy/draft")
    place.page.get_by_label("Least records to train").fill("50")
    with place.made.world.hub.db.session() as session:
        draft = policies.open_draft(session, home)
        assert draft is not None
        before = policies.document(draft)
        changed = before.model_copy(update={"minimum_records": before.minimum_records + 10})
        officer = place.made.world.lead.officer
        policy_service.save(session, officer, draft.id, changed, draft.revision)
    place.page.get_by_role("button", name="Save the draft").click()


def _signed_out(place: Place) -> None:
    """The session ends while a form is open."""
    database, who = place.made.world.hub.db, place.made.world.lead.administrator.person
    with database.session() as session:
        settings = place.made.app.state.hub.settings
        begun = sessions.start(session, settings, session.get_one(Person, who), "Firefox")
    _sign_in(place.page.context, begun.cookie, place.address)
    place.go(f"/i/{place.made.ids['institution']}/classes")
    with database.session() as session:
        ended = session.query(BrowserSession).filter_by(token_hash=token_hash(begun.cookie))
        ended.delete()
    place.page.get_by_label("Code").fill("PHY-9")
    place.page.get_by_role("button", name="Add the class").click()


def _again(place: Place) -> None:
    """A proof older than ten minutes."""
    person = place.made.world.lead.administrator.person
    with place.made.world.hub.db.session() as session:
        for row in session.query(BrowserSession).filter_by(person_id=person):
            row.stepped_up = now() - timedelta(hours=1)
    place.go(f"/i/{place.made.ids['institution']}/people/invite")
    place.page.get_by_label("Mail address").fill("late@school0.example")
    place.page.get_by_role("button", name="Send the invitation").click()
    with place.made.world.hub.db.session() as session:
        for row in session.query(BrowserSession).filter_by(person_id=person):
            row.stepped_up = now()


def _swapped(place: Place) -> None:
    """The run's page after it has looked again by itself."""
    place.go(f"/runs/{place.made.ids['run_id']}")
    with place.page.expect_response(lambda r: r.request.headers.get("hx-request") == "true"):
        pass
    expect(place.page.locator("#live")).not_to_have_attribute("aria-busy", "true")


def _stale(place: Place) -> None:
    """The hub cannot be reached from an open page."""
    place.go(f"/runs/{place.made.ids['run_id']}")
    place.page.context.set_offline(True)
    expect(place.page.locator("#stale")).to_be_visible(timeout=15_000)


def _command(place: Place) -> None:
    """The command of a site that exists, made anew."""
    ids = place.made.ids
    place.go(f"/i/{ids['institution']}/sites/new?site={ids['waiting_site']}")
    place.page.get_by_role("button", name="Make a new command").click()


def _hook_secret(place: Place) -> None:
    place.go(
        f"/i/{place.made.ids['institution']}/integrations/webhooks/{place.made.ids['webhook']}"
    )
    place.page.get_by_role("button", name="Make a new secret").click()


def _hook_refused(place: Place) -> None:
    place.go(f"/i/{place.made.ids['institution']}/integrations")
    place.page.get_by_label("Address").fill("http://10.0.0.1/")
    place.page.get_by_role("button", name="Make the webhook").click()


def _factor(place: Place) -> None:
    place.go("/account")
    place.page.get_by_role("button", name="Set it up").click()


def _changed(place: Place) -> None:
    """A class with four reports, topics and a group: what changed is a line, and its numbers stand in a fold."""
    shares = ({"predicted_mean": 0.36}, {"predicted_mean": 0.34}, {"predicted_mean": 0.4})
    made = reported.before(place.made, *shares)
    reported.parts(place.made)
    place.go(f"/classes/{place.made.ids['class_id']}/report")
    place.page.get_by_text("Show the numbers as a table").last.click()
    reported.forget(place.made, made)


STATES = (
    State("modalities/told", "member", told.modalities, "100-199"),
    State(
        "modalities/none", "member", at("/federations/{federation_id}/modalities"), "not told yet"
    ),
    State("form-errors", "administrator", _wrong_form, "There is one thing to put right"),
    State("not-allowed", "reader", at("/i/{home}/people/invite"), "At School 0 that is"),
    State("nothing-here", "administrator", at("/i/{outside}/sites"), "There is nothing here"),
    State("link-expired", "", _expired_link, "Send a new link"),
    State("conflict", "administrator", _conflict, "Both versions"),
    State("too-many", "", _too_often, "Too many tries."),
    State("busy", "", _busy, "Try again in 5 seconds."),
    State("signed-out", "administrator", _signed_out, "Then you come back to where you were."),
    State("report-changed", "instructor", _changed, "6 points less than in the report of"),
    State("step-up", "administrator", _again, "Confirm that it is you"),
    State("after-a-form", "administrator", at("/account?done=saved"), "Saved."),
    State("live-swapped", "reader", _swapped, "This page looks again"),
    State("live-stopped", "reader", at("/runs/{run_id}?look=no"), "no longer looks by itself"),
    State("stale", "reader", _stale, "The hub could not be reached."),
    State("command-shown-once", "administrator", _command, "It is shown only now."),
    State("webhook-secret", "administrator", _hook_secret, "It is not shown again."),
    State("webhook-refused", "administrator", _hook_refused, "Choose at least one event."),
    State("second-factor", "stranger", _factor, "Scan the square"),
    State("suspended/home", "stranger", at("/home"), "The operators suspended you"),
    State("suspended/join", "stranger", at("/federations/{federation_id}/join"), "Its domain was"),
    State("suspended/verification", "stranger", at("/i/{outside}/verification"), "suspended you"),
    State("suspended/webhooks", "stranger", at("/i/{outside}/integrations"), "suspended you"),
    State("not-verified/federations", "stranger", at("/federations"), "not verified you yet"),
    State("empty/home", "newcomer", at("/home"), "Steps to a first run"),
    State("empty/federations", "newcomer", at("/federations"), "You are in no federation yet."),
    State("empty/runs", "newcomer", at("/runs"), "No run yet."),
    State("empty/sites", "newcomer", at("/i/{empty}/sites"), "You have no site yet"),
    State("empty/policy", "newcomer", at("/i/{empty}/policy"), "You have no policy yet"),
    State("empty/classes", "newcomer", at("/i/{empty}/classes"), "No class yet."),
    State("empty/people", "newcomer", at("/i/{empty}/people"), "No privacy officer yet."),
    State("empty/sent", "newcomer", at("/i/{empty}/sent"), "Nothing has left."),
    State("empty/integrations", "newcomer", at("/i/{empty}/integrations"), "No program acts"),
    State("empty/webhooks", "newcomer", at("/i/{empty}/integrations"), "No server of yours"),
    State("empty/draft", "newcomer", at("/i/{empty}/policy/draft"), "Start a draft"),
)
