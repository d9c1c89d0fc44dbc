"""What a newcomer meets first: mistakes are told at the step where they are made, and the next step is named."""

import re

import pytest

from app.access.permissions import Role
from app.people import service as people
from app.people import sessions
from app.people.models import Person
from tests import cast
from tests.web.browsing import send
from tests.web.populated import Populated

INSTITUTION = {"name": "Newfield School", "kind": "school", "country": "GB", "parent": ""}
YOU = {"person": "Nia New", "email": "nia@newfield.example"}


def draft_of(answer: object) -> str:
    found = re.search(r"draft=([\w-]+)", answer.headers["location"])  # type: ignore[attr-defined]
    assert found
    return found[1]


@pytest.mark.parametrize("country", ["XX", "UK", "D", "ÄÖ", "12"])
def test_a_country_that_is_none(hub: Populated, country: str) -> None:
    answer = send(hub.client(None), "/register/institution", **{**INSTITUTION, "country": country})
    assert answer.status_code == 422
    assert "Give the country as two letters" in answer.text


@pytest.mark.parametrize(
    "proof",
    [
        {"domain": "gmail.com"},
        {"domain": "ac.uk"},
        {"register": "ROR", "register_id": "nonsense"},
    ],
)
def test_a_proof_that_is_none_is_told_at_its_step(hub: Populated, proof: dict[str, str]) -> None:
    client = hub.client(None)
    draft = draft_of(send(client, "/register/institution", **INSTITUTION))
    assert send(client, "/register/you", draft=draft, **YOU).status_code == 303
    given = {"domain": "", "register": "", "register_id": ""} | proof
    answer = send(client, "/register/proof", draft=draft, **given)
    assert answer.status_code == 422
    assert "There is one thing to put right" in answer.text


def test_an_answered_invitation_has_run_out(hub: Populated) -> None:
    with hub.world.hub.db.session() as session:
        link = people.invite_operator(session, hub.app.state.hub.settings, "new@hub.example")
        token = link.rpartition("/")[2]
        people.accept_invitation(session, token, name="New", password=cast.PASSWORD)
    answer = hub.client(None).get(f"/invitations/{token}")
    assert answer.status_code == 410
    assert "This link has run out" in answer.text


def test_an_invited_officer_is_waited_for(hub: Populated) -> None:
    """And the home page of an institution that begins names a next step."""
    settings = hub.app.state.hub.settings
    with hub.world.hub.db.session() as session:
        home = cast.make_institution(session, "Lone School", "lone.example")
        who = cast.member(session, home.id, "lone", Role.ADMINISTRATOR, domain="lone.example")
        row = session.get_one(Person, who.person)
        cookie = sessions.start(session, settings, row, "Firefox").cookie
    client = hub.client(None)
    client.cookies.set("collegium", cookie)
    page = f"/i/{home.id}/people"
    assert "No privacy officer yet. Invite one" in client.get(page).text
    role = Role.PRIVACY_OFFICER.value
    assert send(client, f"{page}/invite", email="o@lone.example", role=role).status_code == 303
    assert "The privacy officer you invited has not answered yet." in client.get(page).text
    assert "<h1>Your next step</h1>" in client.get("/home").text
