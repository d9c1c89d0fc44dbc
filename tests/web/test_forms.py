"""Forms: what was typed is kept, mistakes stand at the field and on top, acts redirect, fragments are blocks."""

import re

import pytest

from tests import cast
from tests.web.browsing import send, token
from tests.web.populated import Populated


def test_mistakes_keep_what_was_typed(hub: Populated) -> None:
    client, at = hub.client("administrator"), hub.ids["institution"]
    cases = {
        f"/i/{at}/people/invite": ({"email": "not a mail", "role": "reader"}, "email"),
        f"/i/{at}/classes": ({"term": "Spring", "code": "", "title": "Optics"}, "code"),
        "/account/name": ({"name": "a\u202eb"}, "name"),
        f"/i/{at}/integrations": ({"name": "Timetable", "days": "many"}, "days"),
        f"/federations/{hub.ids['federation_id']}/runs/new": (
            {"rounds": "9999", "sheets": "pass"},
            "rounds",
        ),
    }
    for path, (fields, wrong) in cases.items():
        answer = send(client, path, **fields)
        assert answer.status_code == 422, path
        assert f'href="#f-{wrong}"' in answer.text, path
        assert f'id="e-{wrong}"' in answer.text, path
        for name, value in fields.items():
            if name not in ("role", "sheets"):
                assert f'value="{value}"' in answer.text, (path, name)


def test_a_policy_saved_by_two(hub: Populated) -> None:
    """409 shows both versions, and the second person's answers stay in the form."""
    at = hub.ids["institution"]
    first, second = hub.client("administrator"), hub.client("officer")
    page = first.get(f"/i/{at}/policy/draft").text
    found = re.search(r'name="revision" value="(\d+)"', page)
    assert found
    fields: dict[str, str | list[str]] = {
        "revision": found.group(1),
        "modalities": ["table"],
        "task_kinds": ["binary"],
        "purposes": ["early-support"],
        "minimum_cohort": "3",
        "minimum_cell": "10",
        "minimum_records": "20",
        "approval": "hub",
        "tell_withdrawals": "no",
        "leaves.updates": "yes",
    }
    path = f"/i/{at}/policy/draft/save"
    assert send(first, path, **fields).status_code == 303
    answer = send(second, path, **(fields | {"minimum_cohort": "7"}))
    assert answer.status_code == 409
    assert "Both versions" in answer.text
    assert "<del>3</del>" in answer.text
    assert "<ins>7</ins>" in answer.text
    assert re.search(r'name="minimum_cohort" value="7"', answer.text)


def test_policy_numbers_out_of_range(hub: Populated) -> None:
    client, at = hub.client("administrator"), hub.ids["institution"]
    fields = {"revision": "2", "minimum_cell": "3", "minimum_cohort": "x", "minimum_records": "1"}
    answer = send(client, f"/i/{at}/policy/draft/save", approval="hub", **fields)
    assert answer.status_code == 422
    assert re.search(r'name="minimum_cohort" value="x"', answer.text)
    assert re.search(r'name="minimum_cell" value="3"', answer.text)


def test_step_up_carries_the_form(hub: Populated) -> None:
    """An act that needs a fresh proof asks for it, and then is done with what was typed before."""
    client = hub.client()
    send(client, "/sign-in", email="administrator@school0.example", password=cast.PASSWORD)
    hub.world.hub.db.engine.dispose()
    _make_stale(hub)
    path = f"/i/{hub.ids['institution']}/people/invite"
    asked = send(client, path, email="late@school0.example", role="reader")
    assert asked.status_code == 403
    assert 'name="email" value="late@school0.example"' in asked.text
    wrong = send(
        client, "/step-up", again=path, again_by="post", proof="no", email="x", role="reader"
    )
    assert wrong.status_code == 422
    assert 'name="role" value="reader"' in wrong.text
    fields = {"email": "late@school0.example", "role": "reader"}
    right = send(client, "/step-up", again=path, again_by="post", proof=cast.PASSWORD, **fields)
    assert (right.status_code, right.headers["location"]) == (307, path)
    assert send(client, path, **fields).status_code == 303


def _make_stale(hub: Populated) -> None:
    from datetime import timedelta

    from app.clock import now
    from app.people.models import BrowserSession

    with hub.world.hub.db.session() as session:
        for row in session.query(BrowserSession):
            row.stepped_up = now() - timedelta(hours=1)


def test_step_up_goes_nowhere_else(hub: Populated) -> None:
    client = hub.client("administrator")
    for away in ("https://evil.example/x", "//evil.example", "/\\evil.example", "javascript:x"):
        answer = send(client, "/step-up", again=away, proof=cast.PASSWORD)
        assert answer.headers["location"].startswith("/home")


@pytest.mark.parametrize("role", ["administrator", "member", "reader"])
def test_the_live_part_is_the_pages_block(made: Populated, role: str) -> None:
    client, path = made.client(role), f"/runs/{made.ids['run_id']}"
    whole = client.get(path).text
    part = client.get(path, headers={"HX-Request": "true", "HX-Target": "live"}).text
    assert part.lstrip().startswith('<div id="live"')
    assert "<html" not in part
    clock = re.compile(r"\d\d:\d\d")
    assert clock.sub("", part).strip() in clock.sub("", whole)


def test_polling_stops(made: Populated) -> None:
    client, running = made.client("reader"), f"/runs/{made.ids['run_id']}"
    text = client.get(running).text
    assert 'hx-trigger="every 4s, ring"' in text and f'data-bell="{running}/bell"' in text
    for quiet in (f"{running}?look=no", f"/runs/{made.ids['finished']}"):
        text = client.get(quiet).text
        assert "hx-trigger" not in text and "data-bell" not in text


def test_no_page_shows_a_privacy_figure(made: Populated) -> None:
    """Noise is off in this version: no ε, whatever the page."""
    for role in ("administrator", "officer", "instructor"):
        for path in ("/home", f"/runs/{made.ids['run_id']}", f"/runs/{made.ids['finished']}"):
            assert "ε" not in made.client(role).get(path).text
    text = made.client("administrator").get(f"/runs/{made.ids['run_id']}").text
    assert "Can be read by the hub. Deleted when its round is closed and checked." in text
    assert "Off. No privacy figure applies to this run." in text


def test_rules_of_others_are_for_the_lead(made: Populated) -> None:
    """A member reads yes or no about another member; the lead also how far it is."""
    path = f"/runs/{made.ids['run_id']}"
    lead, member = made.client("administrator").get(path).text, made.client("member").get(path).text
    assert lead.count("Whom we wait for") == 1
    assert "Of other members you see whether they take part." in member
    assert "Of other members" not in lead


def test_a_name_that_would_be_markup(hub: Populated) -> None:
    client = hub.client("administrator")
    answer = send(client, "/account/name", name="<script>alert(1)</script>")
    assert answer.status_code == 303
    text = client.get("/home").text
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert" in text


def test_registration_from_start_to_end(hub: Populated) -> None:
    client = hub.client()
    answer = send(
        client, "/register/institution", name="Ashgrove Academy", kind="school", country="GB"
    )
    draft = answer.headers["location"].partition("draft=")[2]
    bad = send(client, "/register/you", draft=draft, person="Ada", email="nothing")
    assert bad.status_code == 422
    assert 'value="Ada"' in bad.text
    send(client, "/register/you", draft=draft, person="Ada", email="ada@ashgrove.example")
    send(client, "/register/proof", draft=draft, domain="ashgrove.example")
    check = client.get(f"/register/check?draft={draft}").text
    assert "Ashgrove Academy" in check
    assert "ashgrove.example" in check
    weak = send(client, "/register/check", draft=draft, password="short")
    assert weak.status_code == 422
    done = send(client, "/register/check", draft=draft, password="four calm green hills")
    assert done.headers["location"] == "/register/sent"
    fields = {"email": "ada@ashgrove.example", "password": "four calm green hills"}
    assert send(client, "/sign-in", **fields).headers["location"] == "/home"
    home = client.get("/home").text
    assert "Steps to a first run" in home
    assert token(client) in home


def test_an_open_page_that_looks_by_itself_keeps_nobody_signed_in(hub: Populated) -> None:
    from datetime import timedelta

    from app.clock import now
    from app.people.models import BrowserSession

    client, path = hub.client("administrator"), f"/runs/{hub.ids['run_id']}"
    long_ago = now() - timedelta(hours=1)
    with hub.world.hub.db.session() as session:
        for row in session.query(BrowserSession):
            row.last_seen = long_ago

    def seen() -> bool:
        with hub.world.hub.db.reading() as session:
            return any(row.last_seen > long_ago for row in session.query(BrowserSession))

    poll = {"HX-Request": "true", "HX-Target": "live"}
    assert client.get(path, headers=poll).status_code == 200
    assert not seen()
    assert client.get(path).status_code == 200
    assert seen()
