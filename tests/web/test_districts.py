"""The district's officer in the browser at a school that accepted it: shown as such, and never a class."""

from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.access.permissions import Role
from app.institutions import ties
from app.people import sessions
from app.people.models import Person
from app.policies import queries as policies
from tests import cast
from tests.web.browsing import send
from tests.web.populated import ORIGIN, Populated


def officer(made: Populated, session: Session) -> str:
    """A cookie of a privacy officer of the district, whose tie the school accepts."""
    ties.accept(session, made.world.lead.administrator, made.ids["tie"])
    who = cast.member(
        session, made.ids["district"], "guard", Role.PRIVACY_OFFICER, domain="north.example"
    )
    person = session.get_one(Person, who.person)
    return sessions.start(session, made.app.state.hub.settings, person, "Firefox").cookie


def browser(made: Populated, cookie: str) -> TestClient:
    client = TestClient(made.app, base_url=ORIGIN, follow_redirects=False)
    client.headers.update({"Origin": ORIGIN, "Accept": "text/html"})
    client.cookies.set("collegium", cookie)
    return client


def test_a_districts_officer_at_its_school(hub: Populated) -> None:
    at, draft = hub.ids["institution"], hub.ids["draft_number"]
    with hub.world.hub.db.session() as session:
        client = browser(hub, officer(hub, session))
    home = client.get("/home")
    assert home.status_code == 200 and "as its district" in home.text
    assert "You act here" not in home.text, "at home the officer is the district's own"
    assert send(client, "/switch", institution=at).status_code == 303
    page = client.get(f"/i/{at}/policy/{draft}")
    assert "You act here as the privacy officer of North District" in page.text
    for path in ("sent", "audit", "evidence", "district", "people"):
        assert client.get(f"/i/{at}/{path}").status_code == 200, path
    for path in ("classes", "people/invite", "integrations"):
        assert client.get(f"/i/{at}/{path}").status_code == 403, path
    assert "Accept this floor" not in client.get(f"/i/{at}/district").text
    floor = hub.ids["floor"]
    assert send(client, f"/i/{at}/district/floors/{floor}/accept").status_code in (403, 404)
    with hub.world.hub.db.reading() as session:
        waits = policies.open_draft(session, at)
        assert waits is not None
    approved = send(client, f"/i/{at}/policy/{draft}/approve", digest=waits.digest)
    assert approved.status_code == 303
    with hub.world.hub.db.session() as session:
        current = policies.current(session, at)
        assert current is not None and current.decided_for == hub.ids["district"]
    shown = client.get(f"/i/{at}/policy/{draft}").text
    assert "privacy officer of North District" in shown.replace("You act here as the ", "")
