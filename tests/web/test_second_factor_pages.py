"""Led to a second factor where one is required; a lost one asked to be reset, and stopped, in the browser."""

import re
from collections.abc import Iterator
from dataclasses import replace

import pyotp
import pytest

from app.clock import now
from app.effects import Effect, Mail
from app.people import queries
from app.people.models import Person
from app.secrets import seal
from tests.web.browsing import send
from tests.web.populated import Populated


@pytest.fixture
def strict(hub: Populated) -> Iterator[Populated]:
    """The same hub, where a second factor is required."""
    state = hub.app.state
    before = state.hub
    state.hub = replace(
        before, settings=before.settings.model_copy(update={"second_factor": "required"})
    )
    yield hub
    state.hub = before


def give_factor(hub: Populated, person: str) -> str:
    secret = pyotp.random_base32()
    with hub.world.hub.db.session() as session:
        row = session.get_one(Person, person)
        row.totp_secret = seal(hub.app.state.hub.settings, secret.encode())
    return secret


def test_led_to_the_set_up_and_on(strict: Populated) -> None:
    client = strict.client("administrator")
    invite = f"/i/{strict.ids['institution']}/people/invite"
    for path in ("/home", invite):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, "/account/second-factor")
    fragment = client.get(invite, headers={"HX-Request": "true"})
    assert fragment.headers["HX-Redirect"] == "/account/second-factor"
    assert client.get(f"/i/{strict.ids['institution']}/policy").status_code == 200
    page = client.get("/account/second-factor").text
    assert "Your role takes a second factor." in page
    hidden = dict(re.findall(r'name="(sealed|secret|uri)" value="([^"]*)"', page))
    code = pyotp.TOTP(hidden["secret"]).at(now())
    shown = send(client, "/account/second-factor/confirm", code=code, **hidden)
    assert "Keep these ten recovery codes." in shown.text and 'href="/home"' in shown.text
    assert client.get("/home").status_code == 200
    assert client.get(invite).status_code == 200
    assert client.get("/account/second-factor").headers["location"] == "/account"


def test_an_operator_is_led_too(strict: Populated) -> None:
    client = strict.client("operator")
    assert client.get("/operator").headers["location"] == "/account/second-factor"
    assert strict.client("instructor").get("/classes").status_code == 200
    assert strict.client("reader").get("/home").status_code == 200


def test_a_program_reads_why(strict: Populated) -> None:
    client = strict.client("administrator")
    path = f"/i/{strict.ids['institution']}/people/invite"
    answer = client.get(path, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (403, "second-factor-missing")


def test_asked_shown_and_stopped(hub: Populated, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[Effect] = []
    monkeypatch.setattr(hub.world.hub.db, "dispatch", sent.append)
    officer = hub.world.lead.officer.person
    give_factor(hub, officer)
    client, path = (
        hub.client("administrator"),
        f"/i/{hub.ids['institution']}/people/{officer}",
    )
    assert "can stop it for 24 hours" in client.get(path).text
    assert send(client, f"{path}/reset-factor").headers["location"].endswith("done=reset-asked")
    assert "A reset is asked for." in client.get(path).text
    assert send(client, f"{path}/reset-factor").status_code == 409
    owner = hub.client("officer")
    assert "A reset is asked for." in owner.get("/account").text
    (mail,) = [effect for effect in sent if isinstance(effect, Mail)]
    link = re.search(r"/second-factor/stop/[\w-]+", mail.body)
    assert link is not None
    anyone = hub.client()
    assert "If it is not, stop this now." in anyone.get(link[0]).text
    with hub.world.hub.db.reading() as session:
        assert queries.open_factor_reset(session, officer) is not None, "reading stops nothing"
    assert send(anyone, link[0]).headers["location"] == "/sign-in?done=reset-stopped"
    assert anyone.get(link[0]).status_code == 409
    assert "A reset is asked for." not in owner.get("/account").text


def test_the_owner_stops_it_where_they_are_signed_in(hub: Populated) -> None:
    officer = hub.world.lead.officer.person
    give_factor(hub, officer)
    send(hub.client("administrator"), f"/i/{hub.ids['institution']}/people/{officer}/reset-factor")
    owner = hub.client("officer")
    answer = send(owner, "/account/second-factor/stop")
    assert answer.headers["location"] == "/account?done=reset-stopped"


def test_operators_see_whom_they_may_help(hub: Populated) -> None:
    lead = hub.world.lead
    give_factor(hub, lead.administrator.person)
    client = hub.client("operator")
    page = client.get(f"/operator/institutions/{hub.ids['institution']}").text
    assert "its only administrator, locked out?" in page
    path = f"/operator/people/{lead.administrator.person}/reset-factor"
    assert send(client, path).status_code == 303
    give_factor(hub, lead.officer.person)
    refused = send(client, f"/operator/people/{lead.officer.person}/reset-factor")
    assert refused.status_code == 403
    assert "Another administrator of their institution" in refused.text
