"""SQL statements of each page, counted where the driver is called; without BEGIN, and 'last seen' once a minute."""

from starlette.testclient import TestClient

from app.access.actor import Actor
from app.clock import now
from app.db import Database
from app.main import create_app
from app.people import sessions
from app.people.models import BrowserSession, Person
from app.settings import Settings
from benchmarks.harness import say
from benchmarks.pages_hub import Made
from tests.web.counting import statements
from tests.web.route_table import NO_PAGE, TABLE, filled

ORIGIN = "http://127.0.0.1:8000"


def counted(settings: Settings, made: Made) -> dict[str, float]:
    """The most of any page, and which: one figure's name says it."""
    here = settings.model_copy(update={"environment": "test", "public_url": ORIGIN})
    application = create_app(here)
    database: Database = application.state.hub.db
    lead = made.schools[0]
    people = (lead.administrator, lead.officer, lead.instructor, made.operator)
    found: dict[str, int] = {}
    for who in people:
        client = TestClient(application, base_url=ORIGIN, follow_redirects=False)
        client.cookies.set("collegium", _session(database, here, who))
        for path, address in _pages(made):
            with statements(database) as seen:
                answer = client.get(address)
            if answer.status_code == 200:
                found[path] = max(found.get(path, 0), len(seen))
    database.engine.dispose()
    most = sorted(found.items(), key=lambda item: -item[1])
    for path, count in most[:12]:
        say(f"{count:3} statements: {path}")
    page, count = most[0]
    return {"queries_max": count, f"queries_max of {page}": count, "pages_counted": len(found)}


def _session(database: Database, settings: Settings, who: Actor) -> str:
    with database.session() as session:
        begun = sessions.start(session, settings, session.get_one(Person, who.person), "Firefox")
        row = session.get_one(BrowserSession, begun.browser_session.id)
        row.second_factor_done, row.stepped_up = True, now()
        return begun.cookie


def _pages(made: Made) -> list[tuple[str, str]]:
    """Every page of the table that this hub has, by its route and its address here."""
    paths = [path for method, path, _s in TABLE if method == "GET" and path not in NO_PAGE]
    pages = [(path, filled(path, made.ids)) for path in paths]
    ended = ("/runs/{run_id} (ended)", f"/runs/{made.finished[0]}")
    return [*((p, a) for p, a in pages if "none" not in a and "{" not in a), ended]
