"""A body that comes too slowly is given up: at the site door, in the API and in a page's form, over real sockets."""

import socket
import time

import httpx
import pytest

from app.web import bodies
from tests.door.conftest import Door

JSON = "Content-Type: application/json\r\n"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_PATIENCE_S", 0.3)
    monkeypatch.setattr(bodies, "SLOWEST", 1 << 30)


def drip(door: Door, path: str, headers: str) -> bytes:
    """Announces 1,000 bytes, sends one of them every tenth of a second, and returns the answer."""
    url = httpx.URL(door.url)
    head = f"POST {path} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n{headers}Content-Length: 1000\r\n\r\n"
    with socket.create_connection((url.host, url.port or 80), timeout=20) as line:
        line.sendall(head.encode())
        line.settimeout(0.1)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                return line.recv(65536)
            except TimeoutError:
                line.sendall(b"x")
    raise AssertionError("the hub went on reading")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("path", ["/site/v1/join", "/site/v1/readiness", "/api/v1/federations"])
def test_it_gets_408(door: Door, path: str) -> None:
    answer = drip(door, path, JSON)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"too-slow"' in answer


@pytest.mark.usefixtures("impatient")
def test_a_form_gets_408(door: Door) -> None:
    kind = "Content-Type: application/x-www-form-urlencoded\r\nSec-Fetch-Site: same-origin\r\n"
    assert drip(door, "/sign-in", kind).startswith(b"HTTP/1.1 408")


@pytest.mark.usefixtures("impatient")
def test_one_that_is_whole_in_time_is_read(door: Door) -> None:
    assert door.sender.send("/hello").status_code == 200


def test_the_slowest_line_may_bring_a_whole_chunk() -> None:
    assert bodies.patience(1 << 20) == pytest.approx(148)
