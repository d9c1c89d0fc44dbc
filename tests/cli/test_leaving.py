"""`collegium-hub serve` as a service manager runs it: asked to stop, it ends what is under way and leaves nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from app import embedded
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.live


@dataclass
class Served:
    process: subprocess.Popen[bytes]
    url: str
    port: int
    log: Path
    home: Path


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    port, log = free_port(), tmp_path / "log"
    environment = {
        **os.environ,
        "COLLEGIUM_ENVIRONMENT": "development",
        "COLLEGIUM_HOME": str(tmp_path / "home"),
        "COLLEGIUM_PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    for name in ("REDIS_URL", "DATABASE_URL", "OBJECT_STORE_URL"):
        environment.pop(name, None)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--port", str(port)],
            env=environment,
            stdout=out,
            stderr=out,
        )
    made = Served(process, f"http://127.0.0.1:{port}", port, log, tmp_path / "home")
    try:
        wait_until(lambda: answers(made), seconds=60, what="the hub")
        yield made
    finally:
        process.kill()
        process.wait()


def answers(served: Served) -> bool:
    assert served.process.poll() is None, served.log.read_text()
    try:
        return httpx.get(f"{served.url}/health/live").status_code == 200
    except httpx.TransportError:
        return False


def test_a_request_under_way_is_answered_and_nothing_stays(served: Served) -> None:
    redis_url = embedded.running_url(served.home)
    children = psutil.Process(served.process.pid).children(recursive=True)
    assert redis_url is not None and children
    ready = httpx.get(f"{served.url}/health/ready")
    assert (ready.status_code, ready.json()["redis"]) == (200, "up")

    body = b"mail=a%40school.example&password=wrong"
    with socket.create_connection(("127.0.0.1", served.port)) as half:
        half.sendall(
            b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n"
            b"Content-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body) + body[:10]
        )
        time.sleep(0.5)
        begun = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        time.sleep(1)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{served.url}/health/live", timeout=2)
        half.sendall(body[10:])
        assert half.recv(12).startswith(b"HTTP/1.1 4")  # the token is missing: an answer, not a cut
    assert served.process.wait(15) == 0
    assert time.monotonic() - begun < 10
    assert embedded.running_url(served.home) is None
    wait_until(lambda: not any(c.is_running() for c in children), seconds=5, what="their end")


def test_every_line_of_its_log_is_json(served: Served) -> None:
    httpx.get(f"{served.url}/")
    httpx.get(f"{served.url}/nothing-here")
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(15) == 0
    lines = [json.loads(line) for line in served.log.read_text().splitlines()]
    assert {line.get("path") for line in lines} >= {"/", "/nothing-here"}
    assert all(line["level"] in ("info", "warning") for line in lines)
