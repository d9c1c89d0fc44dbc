"""`/demo` exists in the demo only, for this computer only, and lets a visitor be any of the invented people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.testclient import TestClient

from app.demo.forms import read
from app.demo.memory import Memory
from app.demo.scenario import campus
from app.demo.tries import tries
from app.main import create_app
from app.settings import Settings
from tests.cast import make_person

HERE = "http://127.0.0.1:8000"
NEAR = ("127.0.0.1", 40000)


def settings(home: Path, environment: str, url: str) -> Settings:
    return Settings(
        environment=environment,  # type: ignore[arg-type]
        home=home,
        secret_key="0123456789abcdef" * 4,
        public_url=HERE,
        DATABASE_URL=url,
    )


@pytest.fixture(params=["demo", "test", "development"])
def environment(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def client(home: Path, environment: str, url: str, **options: object) -> TestClient:
    application = create_app(settings(home, environment, url))
    return TestClient(application, **{"base_url": HERE, "client": NEAR, **options})  # type: ignore[arg-type]


@pytest.fixture
def begun(tmp_path: Path) -> Path:
    Memory(tmp_path, "campus").keep()
    return tmp_path


def test_only_in_the_demo(begun: Path, environment: str, sqlite_url: str) -> None:
    with client(begun, environment, sqlite_url) as browser:
        assert browser.get("/demo").status_code == (200 if environment == "demo" else 404)


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({"client": ("192.0.2.7", 40000)}, {}),
        ({"base_url": "http://campus.example"}, {}),
        ({}, {"X-Forwarded-For": "192.0.2.7"}),
        ({}, {"Forwarded": "for=192.0.2.7"}),
        ({}, {"Host": "rebound.example"}),
    ],
    ids=["other computer", "other name", "proxy", "standard proxy", "rebinding"],
)
def test_only_from_this_computer(
    begun: Path, sqlite_url: str, options: dict[str, object], headers: dict[str, str]
) -> None:
    with client(begun, "demo", sqlite_url, **options) as browser:
        assert browser.get("/demo", headers=headers).status_code in (404, 421)
        sent = browser.post("/demo/be", data={"person": "operator-1"}, headers=headers)
        assert sent.status_code in (403, 404, 421)


def test_a_public_demo_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="this computer only"):
        Settings(environment="demo", home=tmp_path, public_url="https://hub.example.org")


@pytest.fixture
def browser(begun: Path, sqlite_url: str) -> Iterator[TestClient]:
    with client(begun, "demo", sqlite_url) as found:
        person = campus().operators[0]
        with found.app.state.hub.db.session() as session:  # type: ignore[attr-defined]
            make_person(session, person.mail, person.name, operator=True)
        yield found


def be(browser: TestClient, key: str, **more: str) -> tuple[int, str]:
    page = read("/demo", 200, browser.get("/demo").text)
    fields = dict(page.form("/demo/be").fields) | {"person": key} | more
    same = {"Origin": HERE, "Sec-Fetch-Site": "same-origin"}
    answer = browser.post("/demo/be", data=fields, headers=same, follow_redirects=False)
    return answer.status_code, answer.headers.get("location", "")


def test_a_visitor_becomes_one_of_the_people(browser: TestClient) -> None:
    assert be(browser, "operator-1") == (303, "/home")
    assert campus().operators[0].name in browser.get("/account").text


def test_someone_who_is_not_in_the_play_cannot_be(browser: TestClient) -> None:
    assert be(browser, "district-administrator")[0] == 404
    assert be(browser, "nobody")[0] == 404


def test_it_needs_the_token_of_the_form(browser: TestClient) -> None:
    assert be(browser, "operator-1", csrf="wrong")[0] == 403


def test_five_things_to_try_and_what_is_simulated(browser: TestClient) -> None:
    text = read("/demo", 200, browser.get("/demo").text).text
    assert "Five things to try" in text
    assert "See a site refuse" in text
    assert "What is simulated" in text
    assert text.count("The demo has not come so far yet.") == 5


def test_a_try_begins_on_its_page_and_nowhere_else(browser: TestClient, begun: Path) -> None:
    scenario = campus()
    ids = {"run": "run_1", "federation": "federation_1", scenario.members[1].slug: "institution_2"}
    memory = Memory(begun, "campus", done=["report hill"], ids=ids)
    memory.keep()
    with browser.app.state.hub.db.session() as session:  # type: ignore[attr-defined]
        for person in scenario.people[2:]:
            make_person(session, person.mail, person.name)
    text = browser.get("/demo").text
    assert "The demo has not come so far yet." not in text
    for one in tries(scenario, memory):
        assert f'name="to" value="{one.key}"' in text
        assert be(browser, one.person.key, to=one.key) == (303, one.path)
    assert be(browser, "operator-1", to="//evil.example") == (303, "/home")
