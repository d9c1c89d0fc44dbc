"""What protects the pages: token, origin, host, headers, cookies, errors that say nothing."""

from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from app.main import create_app
from app.people import queries as people_queries
from app.settings import Settings
from tests import cast
from tests.web.browsing import send, token
from tests.web.populated import ORIGIN, Populated
from tests.web.route_table import TABLE, filled

UNSAFE = [path for method, path, _s in TABLE if method == "POST"]


@pytest.mark.parametrize("path", UNSAFE)
def test_no_form_without_its_token(made: Populated, path: str) -> None:
    client, address = made.client("administrator"), filled(path, made.ids)
    for fields in ({}, {"csrf": "0" * 43}, {"csrf": token(made.client("officer"))}):
        assert client.post(address, data=fields).status_code == 403


@pytest.mark.parametrize("path", UNSAFE)
def test_no_form_from_another_page(made: Populated, path: str) -> None:
    client, address = made.client("administrator"), filled(path, made.ids)
    fields = {"csrf": token(client)}
    foreign: tuple[dict[str, str], ...] = (
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
        {"Sec-Fetch-Site": "same-site", "Origin": ORIGIN},
        {"Origin": ""},
    )
    for headers in foreign:
        assert client.post(address, data=fields, headers=headers).status_code == 403


def test_the_token_may_come_as_a_header(hub: Populated) -> None:
    client = hub.client("administrator")
    headers = {"X-CSRF-Token": token(client), "Sec-Fetch-Site": "same-origin"}
    answer = client.post("/account/name", data={"name": "Priya Raman"}, headers=headers)
    assert answer.status_code == 303


@pytest.mark.parametrize("path", ["/", "/home", "/sign-in", "/nothing-here"])
def test_headers_of_every_page(made: Populated, path: str) -> None:
    headers = made.client("administrator").get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"
    assert "HX-Request" in headers["vary"]
    assert headers["server-timing"].startswith("app;dur=")


@pytest.mark.parametrize("path", ["/", "/ui", "/home", "/sign-in"])
def test_pages_keep_to_the_policy(made: Populated, path: str) -> None:
    """No inline script, style or handler, nothing from another host."""
    text = made.client("administrator").get(path).text
    for forbidden in (" style=", " onclick=", "<style", "javascript:", "http://", "https://"):
        assert forbidden not in text.replace(ORIGIN, "")
    assert "<script>" not in text


def test_another_host_is_refused(made: Populated) -> None:
    answer = made.client().get("/", headers={"Host": "evil.example"})
    assert answer.status_code == 421


def test_cookies(hub: Populated) -> None:
    client = hub.client()
    answer = send(
        client,
        "/sign-in",
        email="administrator@school0.example",
        password=cast.PASSWORD,
        next="//evil.example",
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    cookie = next(c for c in answer.headers.get_list("set-cookie") if c.startswith("collegium="))
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()


def test_cookies_over_https(tmp_path: Any) -> None:
    settings = Settings(
        environment="test",
        home=tmp_path,
        public_url="https://hub.example",
        SECRET_KEY="x" * 40,
        DATABASE_URL=f"sqlite:///{tmp_path / 'none.sqlite'}",
    )
    app = create_app(settings)
    client = TestClient(app, base_url="https://hub.example")
    answer = client.get("/privacy")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-collegium-visit=")
    assert "Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["strict-transport-security"]
    app.state.hub.close()


def test_signed_out_fragment_is_sent_to_sign_in(made: Populated) -> None:
    answer = made.client().get(f"/runs/{made.ids['run_id']}", headers={"HX-Request": "true"})
    assert answer.status_code == 401
    assert answer.headers["hx-redirect"] == "/sign-in"


def test_errors_in_their_three_shapes(made: Populated) -> None:
    client, path = made.client("reader"), f"/i/{made.ids['institution']}/people/invite"
    page = client.get(path)
    assert page.status_code == 403
    assert "<html" in page.text
    assert "administrator" in page.text
    fragment = client.get(path, headers={"HX-Request": "true"})
    assert fragment.status_code == 403
    assert "<html" not in fragment.text
    problem = client.get(path, headers={"Accept": "application/json"})
    assert problem.headers["content-type"] == "application/problem+json"
    assert problem.json()["code"] == "not-allowed"


def test_the_unexpected_says_nothing(made: Populated, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(people_queries, "operators", broken)
    answer = made.client().get("/status")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"]


def test_a_database_that_is_away(made: Populated, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_arguments: object) -> None:
        raise OperationalError("select", {}, Exception("no server"))

    monkeypatch.setattr(people_queries, "operators", away)
    answer = made.client().get("/status")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


def test_too_large_a_form(made: Populated) -> None:
    client = made.client("administrator")
    answer = send(client, "/account/name", name="x" * 300_000)
    assert answer.status_code == 413


def test_signed_out_while_working_comes_back(hub: Populated) -> None:
    """To the page whose form was sent; never to another host's."""
    client = hub.client()
    client.cookies.set("collegium", "a session that has ended")
    path = f"/i/{hub.ids['institution']}/classes"
    for referer, back in ((f"{ORIGIN}{path}", path), ("https://evil.example/x", "/home")):
        answer = client.post(path, data={"csrf": "old"}, headers={"Referer": referer})
        assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next={back}")
