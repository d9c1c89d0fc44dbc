"""A real PostgreSQL stopped under a served hub: 503 with Retry-After in every shape, and all well when it is back."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

import migrations
from app.access.permissions import Permission
from app.people import tokens
from app.people.models import Person
from tests import servers
from tests.door.live import serving
from tests.door.sender import Sender
from tests.servers import PostgresServer
from tests.web import populated
from tests.web.populated import Populated

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def cluster() -> Iterator[PostgresServer]:
    """Of its own: other tests need theirs. What was committed must be there after the crash."""
    with servers.postgres({"listen_addresses": "127.0.0.1"}) as server:
        yield server


@pytest.fixture(scope="module")
def hub(
    cluster: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Populated, str]]:
    url = cluster.create("hub")
    migrations.upgrade(url)
    home: Path = tmp_path_factory.mktemp("away")
    made = populated.make(url, home, "http://127.0.0.1")
    with serving(made.app) as address:
        yield made, address
    made.world.hub.db.engine.dispose()


@pytest.fixture
def browser(hub: tuple[Populated, str]) -> Iterator[httpx.Client]:
    made, address = hub
    cookies = {"collegium": made.cookie("administrator")}
    heads = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=address, cookies=cookies, headers=heads, timeout=30) as client:
        yield client


@pytest.fixture
def requests(
    hub: tuple[Populated, str], browser: httpx.Client
) -> dict[str, Callable[[], httpx.Response]]:
    made, _address = hub
    run = f"/runs/{made.ids['run_id']}"
    member = made.world.members[1]
    site = Sender(browser, member.site, member.key)
    heads = {"Authorization": f"Bearer {token(made)}", "Accept": "application/json"}
    return {
        "page": lambda: browser.get(run),
        "status": lambda: browser.get("/status"),
        "fragment": lambda: browser.get(run, headers={"HX-Request": "true", "HX-Target": "live"}),
        "form": lambda: browser.post("/account/name", data={"name": "New Name", "csrf": "x"}),
        "bell": lambda: browser.get(f"{run}/bell"),
        "api": lambda: browser.get(f"/api/v1{run}", headers=heads),
        "hello": lambda: site.send("/hello"),
        "claim": lambda: site.send("/claim", {"lane": "train", "wait_s": 0}),
    }


def token(made: Populated) -> str:
    lead = made.world.members[0]
    with made.world.hub.db.session() as session:
        _row, text = tokens.mint(
            session, lead.administrator, lead.institution, "Tests", [Permission.RUN_READ]
        )
    return text


def test_away_and_back(
    hub: tuple[Populated, str],
    cluster: PostgresServer,
    requests: dict[str, Callable[[], httpx.Response]],
) -> None:
    assert {n: r().status_code for n, r in requests.items() if n not in ("form", "bell")} == {
        **dict.fromkeys(("page", "status", "fragment", "api", "hello"), 200),
        "claim": 204,
    }
    cluster.crash()
    try:
        for name, request in requests.items():
            begun = time.monotonic()
            answer = request()
            assert (name, answer.status_code) == (name, 503)
            assert (name, answer.headers["retry-after"]) == (name, "5")
            assert time.monotonic() - begun < 15
            kind = answer.headers["content-type"]
            if name in ("api", "hello", "claim"):
                assert kind == "application/problem+json" and answer.json()["code"] == "busy"
            else:
                assert kind.startswith("text/html") and "The hub is busy" in answer.text
                assert ("<html" in answer.text) is (name != "fragment")
    finally:
        cluster.start()
    assert requests["page"]().status_code == 200
    assert requests["hello"]().status_code == 200


def test_stopped_in_the_middle_of_a_write_nothing_is_half_written(
    hub: tuple[Populated, str], cluster: PostgresServer, browser: httpx.Client
) -> None:
    """The rows are flushed, the database goes, the commit fails: 503, and the form may be sent again."""
    made, _address = hub
    engine = made.world.hub.db.engine
    csrf = browser.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    form = {"name": "Another Name", "csrf": csrf}
    stopped = threading.Event()

    def stop_before_commit(_connection: object) -> None:
        if not stopped.is_set():
            stopped.set()
            cluster.crash()

    event.listen(engine, "commit", stop_before_commit)
    try:
        answer = browser.post("/account/name", data=form)
    finally:
        event.remove(engine, "commit", stop_before_commit)
        cluster.start()
    assert stopped.is_set() and answer.status_code == 503
    person = made.world.members[0].administrator.person
    with made.world.hub.db.reading() as session:
        assert session.get_one(Person, person).name != "Another Name"
    assert browser.post("/account/name", data=form).status_code == 303
    with made.world.hub.db.reading() as session:
        assert session.get_one(Person, person).name == "Another Name"


def test_a_full_disk_of_the_database_is_507(
    hub: tuple[Populated, str], browser: httpx.Client
) -> None:
    """PostgreSQL's own error, at a moment of our choosing."""
    made, _address = hub
    engine = made.world.hub.db.engine

    def full(*_: object) -> None:
        raise OperationalError("INSERT", {}, psycopg.errors.DiskFull("could not extend file"))

    event.listen(engine, "commit", full)
    csrf = browser.get("/account").text.split('name="csrf" value="')[1].split('"')[0]
    try:
        answer = browser.post("/account/name", data={"name": "A Third", "csrf": csrf})
    finally:
        event.remove(engine, "commit", full)
    assert answer.status_code == 507
    assert "disk is full" in answer.text
