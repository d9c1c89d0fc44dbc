"""The door of the site's page: who gets in, and what nobody gets by a trick. A real server on loopback."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.needs import leave_out
from tests.site.served import Served, Visitor, command, joined, link_code, served
from worker.site import locks
from worker.site.home import Home
from worker.site.page import codes, peer, sessions

EVERY_GET = ("/", "/policy", "/sent", "/sent/2026-11/1", "/data", "/requests", "/runs/run_1")
EVERY_POST = (
    "/check",
    "/data/check",
    "/display",
    "/policy/accept",
    "/policy/approve-run",
    "/sign-out",
    "/stop",
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(joined(tmp_path_factory.mktemp("site"))) as running:
        yield running


@pytest.fixture(scope="module")
def inside(page: Served) -> Visitor:
    return page.visitor()


def test_a_link_opens_the_page_once(page: Served) -> None:
    visitor, code = page.visitor(inside=False), link_code(page.home)
    shown = visitor.get(f"/sign-in?code={code}")
    assert shown.status_code == 200, "reading the page spends nothing"
    done = visitor.enter(code)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    cookie = done.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Is this site ready?" in visitor.get("/").text
    assert page.visitor(inside=False).enter(code).status_code == 403


@pytest.mark.parametrize("path", EVERY_GET)
def test_without_a_session_nothing_is_shown(page: Served, path: str) -> None:
    answer = page.visitor(inside=False).get(path)
    assert answer.status_code == 401
    assert "collegium-site page" in answer.text
    for secret in ("Main", "School", "Test hub", str(page.home.root)):
        assert secret not in answer.text


@pytest.mark.parametrize("path", EVERY_POST)
def test_without_a_session_nothing_is_done(page: Served, path: str) -> None:
    answer = page.visitor(inside=False).http.post(path, headers={"Origin": page.url})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:{port}", 200),
        ("localhost:{port}", 200),
        ("[::1]:{port}", 200),
        ("127.0.0.1", 421),
        ("127.0.0.1:{other}", 421),
        ("evil.example", 421),
        ("evil.example:{port}", 421),
        ("localhost.evil.example:{port}", 421),
        ("127.0.0.1.evil.example:{port}", 421),
        ("user@127.0.0.1:{port}", 421),
        ("0.0.0.0:{port}", 421),
        ("127.1:{port}", 421),
        ("", 421),
    ],
)
def test_only_this_computers_own_names(
    page: Served, inside: Visitor, host: str, status: int
) -> None:
    named = host.format(port=page.port, other=page.port + 1)
    assert inside.http.get("/", headers={"Host": named}).status_code == status


@pytest.mark.parametrize("extra", [[], ["Host: evil.example"]])
def test_a_host_that_is_missing_or_named_twice(page: Served, extra: list[str]) -> None:
    first = [f"Host: 127.0.0.1:{page.port}"] if extra else []
    lines = ["GET / HTTP/1.1", *first, *extra, "Connection: close", "", ""]
    with socket.create_connection(("127.0.0.1", page.port), timeout=5) as line:
        line.sendall("\r\n".join(lines).encode())
        status = line.recv(64).split(b" ")[1]
    assert status in (b"400", b"421")


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "http://127.0.0.1:{other}"},
    {"Origin": "http://localhost:{port}"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"},
    {},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize("path", [*EVERY_POST, "/sign-in"])
def test_a_form_of_another_page(
    page: Served, inside: Visitor, path: str, headers: dict[str, str]
) -> None:
    """Even with the cookie and the token."""
    sent = {k: v.format(port=page.port, other=page.port + 1) for k, v in headers.items()}
    form = {"csrf": inside.csrf(), "code": codes.mint(page.home)}
    assert inside.http.post(path, data=form, headers=sent).status_code == 403
    assert inside.get("/").status_code == 200, "still signed in"


@pytest.mark.parametrize("path", EVERY_POST)
@pytest.mark.parametrize("token", [None, "", "x" * 43])
def test_a_form_without_the_token(
    page: Served, inside: Visitor, path: str, token: str | None
) -> None:
    form = {} if token is None else {"csrf": token}
    answer = inside.http.post(path, data=form, headers={"Origin": page.url})
    assert answer.status_code == 403


def test_the_token_of_another_session(page: Served, inside: Visitor) -> None:
    other = page.visitor().csrf()
    answer = inside.http.post("/check", data={"csrf": other}, headers={"Origin": page.url})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "cookie", ["", "x", "x" * 5000, "\x7f", "../../keys.json", "a" * 43], ids=range(6)
)
def test_a_made_up_cookie(page: Served, cookie: str) -> None:
    raw = f"collegium-site-{page.port}={cookie}"
    answer = httpx.get(page.url + "/", headers={"Cookie": raw}, trust_env=False)
    assert answer.status_code == 401


@pytest.mark.parametrize("code", ["", "x", "../../keys.json", "%00", "a" * 43, "ü" * 20])
def test_a_wrong_code(page: Served, code: str) -> None:
    page.visitor(inside=False).enter(codes.mint(page.home))
    answer = page.visitor(inside=False).enter(code)
    assert answer.status_code in (403, 429)
    assert "set-cookie" not in answer.headers
    assert page.home.keys_file.is_file()


def test_a_code_runs_out_and_is_not_kept_as_it_is(page: Served) -> None:
    code = codes.mint(page.home)
    (kept,) = [path for path in page.home.codes.iterdir() if path.stat().st_size == 0][-1:]
    assert code not in kept.name
    for path in page.home.codes.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        os.utime(path, (0, 0))
    assert not codes.spend(page.home, code)


def test_guessing_is_slowed() -> None:
    brake = sessions.Brake()
    for _try in range(10):
        assert brake.wait_s() == 0
        brake.note_failure()
    assert 0 < brake.wait_s() <= 60


OTHER_FILES = """
/static/../home.py /static/%2e%2e/%2e%2e/settings.py /static/collegium.css/../../keys/site.key /static//etc/passwd
/keys.json /sent/../../keys.json /sent/2026-11/../../../keys.json /sent/%2e%2e/1
/sent/..%2f..%2fkeys/1 /sent/2026-11.jsonl/1 /sent/2026-11/0 /sent/2026-11/-1
/sent/2026-11/99999999 /sent/9999-99/1 /sent/2026-11%00/1 /.git/config
/sign-in/x
"""


@pytest.mark.parametrize("path", OTHER_FILES.split())
def test_no_other_file(page: Served, inside: Visitor, path: str) -> None:
    with socket.create_connection(("127.0.0.1", page.port), timeout=5) as line:
        line.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{page.port}\r\nConnection: close\r\n\r\n".encode()
        )
        # Without a session first; then with one, where only the tricks are left to stop it.
        assert line.recv(64).split(b" ")[1] in (b"401", b"404")
    assert inside.get(path).status_code == 404


def test_headers(inside: Visitor) -> None:
    answer = inside.get("/")
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in answer.headers


def test_it_listens_on_loopback_only(page: Served) -> None:
    listening = [
        line.split()[1]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].endswith(f":{page.port:04X}")
    ]
    assert listening == [f"0100007F:{page.port:04X}"]


def test_a_second_server_prints_a_link_instead(page: Served) -> None:
    assert locks.holder(page.home.page_lock) == str(page.port)
    assert page.visitor(inside=False).enter(link_code(page.home)).status_code == 303


def test_a_port_that_is_taken(page: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    other = joined(tmp_path_factory.mktemp("other"))
    done = subprocess.run(
        command(other, "page", "--port", str(page.port)), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "page_port in site.yaml" in done.stderr


def test_a_folder_without_a_site(tmp_path_factory: pytest.TempPathFactory) -> None:
    empty = Home(tmp_path_factory.mktemp("empty"))
    done = subprocess.run(command(empty, "page"), capture_output=True, text=True)
    assert done.returncode == 1
    assert "collegium-site join" in done.stderr


def test_signing_out(page: Served) -> None:
    visitor = page.visitor()
    kept = dict(visitor.http.cookies)
    assert visitor.post("/sign-out").status_code == 303
    visitor.http.cookies.update(kept)
    assert visitor.get("/").status_code == 401


def test_no_secret_in_what_the_program_wrote(page: Served, inside: Visitor) -> None:
    code = codes.mint(page.home)
    page.visitor(inside=False).get(f"/sign-in?code={code}")
    page.visitor(inside=False).enter(code)
    written = (page.home.root.parent / "page.out").read_text()
    assert code not in written
    assert all(value not in written for value in dict(inside.http.cookies).values())


def test_the_account_at_the_other_end(page: Served) -> None:
    with socket.create_connection(("127.0.0.1", page.port)) as line:
        assert peer.account(line.getsockname()) == os.geteuid()
    assert peer.account(("10.0.0.1", 1)) is None
    assert peer.account(None) is None


def test_a_cookie_in_the_hands_of_another_account(page: Served, inside: Visitor) -> None:
    """Cookies reach every port of this computer; what another account's page catches must be worth nothing."""
    if os.geteuid() != 0:
        leave_out("needs root to act as another account; CI runs as root")
    cookie = "; ".join(f"{name}={value}" for name, value in inside.http.cookies.items())
    program = (
        "import http.client, sys; c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]));"
        "c.request('GET', '/', headers={'Cookie': sys.argv[2]}); print(c.getresponse().status)"
    )
    python = os.path.realpath("/usr/bin/python3")
    asked = [python, "-c", program, str(page.port), cookie]
    assert subprocess.run(asked, capture_output=True, text=True).stdout == "200\n"
    stolen = ["setpriv", "--reuid=65534", "--clear-groups", "--", *asked]
    assert subprocess.run(stolen, capture_output=True, text=True).stdout == "401\n"


def test_the_page_loads_nothing_heavy() -> None:
    heavy = "torch", "pandas", "pyarrow", "celery", "fastapi", "sqlalchemy", "app"
    program = (
        "import sys, worker.site.page.server, worker.site.page.app;"
        "print([name for name in sys.argv[1:] if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program, *heavy], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
