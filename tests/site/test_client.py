"""Signed requests: what they are refused for, what is logged before they leave, which fault a problem becomes."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers import free_port
from tests.site import homes
from tests.site.stage import Stage
from tests.site.wire import between
from worker.protocol.codes import Lane, TransferKind
from worker.protocol.signatures import PrivateKey
from worker.site import faults
from worker.site.bandwidth import Bandwidth
from worker.site.client import Line, connect
from worker.site.door import Door
from worker.site.home import SiteConfig
from worker.site.problems import fault_of
from worker.site.sent import OutboundLog


def test_the_hub_takes_a_signed_hello(live: Stage) -> None:
    home = live.home(live.world.members[0])
    assert Door(connect(home)).hello().state == "ready"
    line = next(iter(OutboundLog(home.sent).since()))
    assert (line.kind, line.reason, line.bytes) == (TransferKind.HELLO, "hello", 0)


def test_another_key_is_refused(live: Stage) -> None:
    member = live.world.members[0]
    home = live.home(member)
    home.keys_file.unlink()
    home.key_file.make()
    with pytest.raises(faults.Refused) as refused:
        Door(connect(home)).hello()
    assert refused.value.code == "bad-signature"


@pytest.mark.parametrize("off_s", [-400, 400])
def test_a_clock_that_is_off_is_told_with_a_fix(
    live: Stage, off_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = live.home(live.world.members[0])
    real = time.time
    monkeypatch.setattr("worker.site.client.time.time", lambda: real() + off_s)
    with pytest.raises(faults.ClockOff, match="clock"):
        Door(connect(home)).hello()


def test_a_request_seen_before_is_refused(live: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    home = live.home(live.world.members[0])
    monkeypatch.setattr("worker.site.client.secrets.token_urlsafe", lambda n: "n" * 24)
    door = Door(connect(home))
    door.hello()
    with pytest.raises(faults.Refused) as refused:
        door.hello()
    assert refused.value.code == "replayed"


def test_nothing_leaves_unlisted_even_when_it_does_not_arrive(tmp_path: Path) -> None:
    home = homes.make(
        tmp_path,
        url=f"http://127.0.0.1:{free_port()}",
        site="site_1",
        institution="institution_1",
        hub_key=PrivateKey().public,
    )
    with pytest.raises(faults.HubUnavailable):
        Door(connect(home)).hello()
    assert [line.reason for line in OutboundLog(home.sent).since()] == ["hello"]


def test_waiting_for_work_is_not_listed(live: Stage) -> None:
    home = live.home(live.world.members[0])
    assert Door(connect(home)).claim(Lane.TRAIN, 0) is None
    assert list(OutboundLog(home.sent).since()) == []


def test_a_connection_closed_between_requests_is_opened_again(live: Stage) -> None:
    with between(live.url) as wire:
        home = live.home(live.world.members[0], url=wire.url)
        door = Door(connect(home))
        door.hello()
        wire.cut()
        wire.restore()
        assert door.hello().state == "ready"


@pytest.mark.parametrize(
    "url",
    ["http://hub.example.org", "http://10.0.0.1", "ftp://127.0.0.1", "https://u:p@hub.example"],
)
def test_an_address_that_would_not_be_private_is_refused(url: str) -> None:
    with pytest.raises(faults.SiteFault):
        Line(SiteConfig(hub=url))


PROBLEMS: list[tuple[int, dict[str, Any], type[faults.HubFault]]] = [
    (401, {"code": "revoked"}, faults.Revoked),
    (401, {"code": "clock", "detail": "off"}, faults.ClockOff),
    (401, {"code": "bad-signature"}, faults.Refused),
    (409, {"code": "stale-claim"}, faults.StaleClaim),
    (409, {"code": "wrong-offset", "errors": [{"offset": 7}]}, faults.WrongOffset),
    (422, {"code": "not-finite"}, faults.Refused),
    (404, {}, faults.Refused),
    (407, {}, faults.Refused),
    (429, {}, faults.HubUnavailable),
    (500, {}, faults.HubUnavailable),
    (503, {"code": "busy"}, faults.HubUnavailable),
]


@pytest.mark.parametrize(("status", "problem", "kind"), PROBLEMS)
def test_a_problem_becomes_its_fault(
    status: int, problem: dict[str, Any], kind: type[faults.HubFault]
) -> None:
    found = fault_of(status, problem, httpx.Headers({"Retry-After": "7"}), "https://hub")
    assert type(found) is kind
    assert isinstance(found, OSError), "so that Celery's back-off applies"
    assert str(found)
    if isinstance(found, faults.WrongOffset):
        assert found.offset == 7
    if isinstance(found, faults.HubUnavailable):
        assert found.retry_after == 7


def test_a_cap_spreads_bytes_over_time() -> None:
    began = time.monotonic()
    capped = Bandwidth(1000)
    for _ in range(4):
        capped.spend(102_400)
    assert 0.25 < time.monotonic() - began < 1.0
    began = time.monotonic()
    Bandwidth(None).spend(1 << 30)
    assert time.monotonic() - began < 0.1
