"""A site's page, served by its own program, and a browser-like visitor of it."""

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.servers import free_port, wait_until
from tests.site import homes
from tests.site.stage import environment, stop
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.site.home import Home
from worker.site.page import codes

_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
NOWHERE = "http://127.0.0.1:9"
"""A hub that does not answer."""


@dataclass
class Served:
    """`code` is that of the link the program printed, not spent yet."""

    home: Home
    port: int
    code: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def visitor(self, *, inside: bool = True) -> "Visitor":
        visitor = Visitor(self)
        if inside:
            visitor.enter(codes.mint(self.home))
        return visitor


class Visitor:
    """Sends what our own page sends."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.http = httpx.Client(base_url=served.url, timeout=60, trust_env=False)

    def enter(self, code: str) -> httpx.Response:
        return self.http.post("/sign-in", data={"code": code}, headers={"Origin": self.served.url})

    def get(self, path: str) -> httpx.Response:
        return self.http.get(path)

    def csrf(self, path: str = "/") -> str:
        found = _CSRF.search(self.get(path).text)
        assert found, "the page carries no token"
        return found[1]

    def post(self, path: str, **fields: str) -> httpx.Response:
        data = {"csrf": self.csrf(), **fields}
        return self.http.post(path, data=data, headers={"Origin": self.served.url})


def joined(root: Path, **settings: Any) -> Home:
    """A site whose hub is away, with records."""
    if "data" not in settings:
        settings["data"] = homes.records(root / "records")
    return homes.make(
        root / "home",
        url=settings.pop("url", NOWHERE),
        site="site0123456789",
        institution="inst0123456789",
        hub_key=PrivateKey().public,
        policy=settings.pop("policy", PolicyDocument()),
        **settings,
    )


def command(home: Home, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "worker.site", "--home", str(home.root), *arguments]


def link_code(home: Home) -> str:
    """`collegium-site page` once more: a link for the page that is served already."""
    printed = subprocess.run(
        command(home, "page"), capture_output=True, text=True, check=True, env=environment()
    )
    return code_in(printed.stdout)


def code_in(printed: str) -> str:
    link = next(word for word in printed.split() if word.startswith("http://"))
    return parse_qs(urlsplit(link).query)["code"][0]


@contextmanager
def served(home: Home) -> Iterator[Served]:
    """`collegium-site page` until the end of the block. Its output is kept in `page.out` beside the folder."""
    port = free_port()
    out = home.root.parent / "page.out"
    with out.open("wb") as log:
        process = subprocess.Popen(
            command(home, "page", "--port", str(port)), stdout=log, stderr=log, env=environment()
        )
    try:
        yield Served(home, port, _first_code(process, out))
    finally:
        stop(process)


def _first_code(process: "subprocess.Popen[bytes]", out: Path) -> str:
    wait_until(
        lambda: "http://" in out.read_text() or process.poll() is not None,
        seconds=30,
        what="the link",
    )
    return code_in(out.read_text())
