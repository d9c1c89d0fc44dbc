"""The run page's doorbell over real sockets: it rings within a second, and ends when it should."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

import migrations
from app.events import Doorbell
from app.people import service as people
from app.runs.models import Run
from app.runs.states import RunState
from app.web.pages import run_bell
from tests import servers
from tests.door.live import serving
from tests.web import populated
from tests.web.populated import Populated


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bell")


@pytest.fixture(scope="module")
def rung(home: Path, redis_server: str) -> Iterator[tuple[Populated, str]]:
    """A served hub with Redis; its pages' cookies are for the address it has."""
    url = f"sqlite:///{home / 'hub.sqlite'}"
    migrations.upgrade(url)
    made = populated.make(url, home, "http://127.0.0.1")
    state = made.app.state
    state.hub = replace(state.hub, doorbell=Doorbell(redis_server))
    with serving(made.app) as address:
        yield made, address
    made.world.hub.db.engine.dispose()


class Stream:
    """What one browser hears, line by line, on a thread of its own."""

    def __init__(self, url: str, cookie: str) -> None:
        self.heard: queue.Queue[str] = queue.Queue()
        self.status = 0
        self._client = httpx.Client(cookies={"collegium": cookie}, timeout=30)
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(url,), daemon=True)
        self._thread.start()
        assert self._open.wait(10)

    def _listen(self, url: str) -> None:
        try:
            with self._client.stream("GET", url) as answer:
                self.status = answer.status_code
                self.type = answer.headers.get("content-type", "")
                self._socket = answer.extensions["network_stream"].get_extra_info("socket")
                self._open.set()
                for line in answer.iter_lines():
                    if line.startswith(("event:", ":")):
                        self.heard.put(line)
        except httpx.HTTPError:
            pass
        self.heard.put("closed")

    def wait(self, wanted: str, seconds: float = 5) -> float:
        """Seconds until `wanted` was heard."""
        begun = time.monotonic()
        while (left := begun + seconds - time.monotonic()) > 0:
            try:
                if self.heard.get(timeout=left) == wanted:
                    return time.monotonic() - begun
            except queue.Empty:
                break
        raise AssertionError(f"not heard: {wanted}")

    def hang_up(self) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._client.close()


@contextmanager
def listening(rung: tuple[Populated, str], role: str = "reader") -> Iterator[Stream]:
    made, address = rung
    stream = Stream(f"{address}/runs/{made.ids['run_id']}/bell", made.cookie(role))
    try:
        yield stream
    finally:
        stream.hang_up()


def test_another_process_rings_within_a_second(
    rung: tuple[Populated, str], redis_server: str
) -> None:
    with listening(rung) as stream:
        assert stream.status == 200 and stream.type.startswith("text/event-stream")
        stream.wait("event: up")
        Doorbell(redis_server).ring(f"run:{rung[0].ids['run_id']}")
        assert stream.wait("event: ring") < 1


def test_many_rings_are_few(rung: tuple[Populated, str], redis_server: str) -> None:
    other = Doorbell(redis_server)
    with listening(rung) as stream:
        stream.wait("event: up")
        for _ in range(200):
            other.ring(f"run:{rung[0].ids['run_id']}")
        stream.wait("event: ring")
        time.sleep(1)
        heard = [stream.heard.get_nowait() for _ in range(stream.heard.qsize())]
        assert heard.count("event: ring") <= 5


def test_other_runs_do_not_ring(rung: tuple[Populated, str], redis_server: str) -> None:
    with listening(rung) as stream:
        stream.wait("event: up")
        Doorbell(redis_server).ring(f"run:{rung[0].ids['finished']}")
        time.sleep(0.5)
        assert stream.heard.empty()


def test_no_stream_holds_a_connection_to_the_database(rung: tuple[Populated, str]) -> None:
    with listening(rung) as one, listening(rung) as two:
        one.wait("event: up")
        two.wait("event: up")
        assert rung[0].app.state.streams.open >= 2
        assert rung[0].world.hub.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_who_hangs_up_makes_room(
    rung: tuple[Populated, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, address = rung
    streams = made.app.state.streams
    servers.wait_until(lambda: streams.open == 0, seconds=10, what="room")
    monkeypatch.setattr(streams, "limit", 1)
    with listening(rung):
        servers.wait_until(lambda: streams.open == 1, seconds=5, what="the first")
        refused = httpx.get(
            f"{address}/runs/{made.ids['run_id']}/bell",
            cookies={"collegium": made.cookie("reader")},
        )
        assert refused.status_code == 503 and refused.headers["retry-after"] == "30"
    servers.wait_until(lambda: streams.open == 0, seconds=10, what="room")
    with listening(rung) as again:
        assert again.status == 200


def test_silence_has_a_heartbeat(
    rung: tuple[Populated, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_bell, "BEAT_S", 0.5)
    monkeypatch.setattr(run_bell, "STEP_S", 0.2)
    with listening(rung) as stream:
        stream.wait(": still here")
        stream.wait(": still here")


def test_the_stream_ends_after_signing_out(
    rung: tuple[Populated, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_bell.CHECK_S + run_bell.STEP_S < 60
    monkeypatch.setattr(run_bell, "CHECK_S", 1.0)
    made = rung[0]
    with listening(rung, "member") as stream:
        stream.wait("event: up")
        with made.world.hub.db.session() as session:
            people.sign_out(session, made.cookies["member"])
        stream.wait("event: end")
        stream.wait("closed")


def test_without_redis_the_page_is_told_to_look_by_itself(rung: tuple[Populated, str]) -> None:
    made = rung[0]
    kept, run_id = made.app.state.hub, made.ids["run_id"]
    with servers.redis_server() as url:
        own = Doorbell(url)
        made.app.state.hub = replace(kept, doorbell=own)
        with listening(rung) as stream:
            stream.wait("event: up")
            servers.stop_redis(url)
            stream.wait("event: down")
            own.ring(f"run:{run_id}")  # of this very process: still heard
            stream.wait("event: ring")
    made.app.state.hub = kept


def test_the_stream_closes_with_the_run(rung: tuple[Populated, str], redis_server: str) -> None:
    """Last: the run stays ended."""
    made, address = rung
    with listening(rung) as stream:
        stream.wait("event: up")
        with made.world.hub.db.session() as session:
            session.get_one(Run, made.ids["run_id"]).state = RunState.COMPLETED
        Doorbell(redis_server).ring(f"run:{made.ids['run_id']}")
        stream.wait("event: ring")  # the page shows the end
        stream.wait("event: end")
        stream.wait("closed")
    ended = httpx.get(
        f"{address}/runs/{made.ids['run_id']}/bell", cookies={"collegium": made.cookie("reader")}
    )
    assert ended.status_code == 204
