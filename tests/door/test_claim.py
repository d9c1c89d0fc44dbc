"""The long poll: woken by the bell, empty in time, and never a claim for someone who has hung up."""

import socket
import threading
import time

import httpx
import pytest

from app.events import Doorbell
from app.sites import inbox
from app.sites.models import Job
from app.sites.states import JobState
from tests.door.conftest import Door
from tests.servers import wait_until
from worker.protocol.messages import Claimed


def waiting(door: Door) -> bool:
    return door.hub.doorbell.listeners > 0


def in_thread(work) -> tuple[threading.Thread, list]:
    got: list = []
    thread = threading.Thread(target=lambda: got.append((work(), time.monotonic())))
    thread.start()
    return thread, got


def test_a_waiting_job_is_handed_out_at_once(door: Door) -> None:
    job = door.post()
    answer = door.sender.claim(wait_s=20)
    assert Claimed.model_validate_json(answer.content).job == job
    assert answer.elapsed.total_seconds() < 2


def test_an_empty_inbox_answers_204_after_the_wait(door: Door) -> None:
    answer = door.sender.claim(wait_s=0.4)
    assert answer.status_code == 204 and answer.content == b""
    assert 0.35 < answer.elapsed.total_seconds() < 2


def test_a_posted_job_wakes_the_waiting_site(door: Door) -> None:
    thread, got = in_thread(lambda: door.sender.claim(wait_s=20))
    wait_until(lambda: waiting(door), seconds=5, what="the poll")
    time.sleep(0.3)
    posted = time.monotonic()
    job = door.post()
    thread.join(timeout=10)
    ((answer, at),) = got
    assert answer.json()["job"] == job
    assert at - posted < 1


def test_a_bell_rung_by_another_process_wakes_the_site(door: Door) -> None:
    """As a hub worker rings: through Redis, not through this process's doorbell."""
    thread, got = in_thread(lambda: door.sender.claim(wait_s=20))
    wait_until(lambda: waiting(door), seconds=5, what="the poll")
    time.sleep(0.3)
    worker = Doorbell(door.hub.settings.redis_url)
    door.hub.db.dispatch = lambda effect: (
        worker.ring(effect.topic) if hasattr(effect, "topic") else None
    )
    posted = time.monotonic()
    door.post()
    thread.join(timeout=10)
    ((answer, at),) = got
    assert answer.status_code == 200 and at - posted < 1


def test_a_hub_that_is_asked_to_stop_lets_waiting_sites_go(door: Door) -> None:
    thread, got = in_thread(lambda: door.sender.claim(wait_s=20))
    wait_until(lambda: waiting(door), seconds=5, what="the poll")
    asked = time.monotonic()
    door.hub.doorbell.close_up()
    thread.join(timeout=10)
    ((answer, at),) = got
    assert answer.status_code == 204 and at - asked < 1
    assert door.sender.claim(wait_s=20).elapsed.total_seconds() < 2


def test_of_two_polls_one_gets_the_job(door: Door) -> None:
    first, got_first = in_thread(lambda: door.sender.claim(wait_s=1.5))
    second, got_second = in_thread(
        lambda: httpx.Client(base_url=door.url).__class__ and door.sender.claim(wait_s=1.5)
    )
    wait_until(lambda: door.hub.doorbell.listeners == 2, seconds=5, what="two polls")
    door.post()
    first.join(timeout=10)
    second.join(timeout=10)
    assert sorted([got_first[0][0].status_code, got_second[0][0].status_code]) == [200, 204]


def test_a_job_that_rests_is_handed_out_when_its_time_comes(door: Door) -> None:
    job, claim = door.begun()
    door.sender.send(f"/jobs/{job}/nack", {"claim": claim, "code": "lost-child"})
    answer = door.sender.claim(wait_s=10)
    assert answer.status_code == 200 and answer.json()["claim"] == claim + 1
    assert 0.5 < answer.elapsed.total_seconds() < 4


def test_nothing_is_claimed_for_a_site_that_hung_up(door: Door) -> None:
    body = b'{"lane":"train","wait_s":20}'
    headers = door.sender.headers("POST", "/site/v1/claim", body)
    lines = [f"{name}: {value}" for name, value in headers.items()]
    head = ["POST /site/v1/claim HTTP/1.1", "Host: hub", f"Content-Length: {len(body)}", *lines]
    url = httpx.URL(door.url)
    with socket.create_connection((url.host, url.port)) as line:
        line.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        wait_until(lambda: waiting(door), seconds=5, what="the poll")
    time.sleep(0.2)
    job = door.post()
    wait_until(lambda: not waiting(door), seconds=5, what="the poll's end")
    with door.hub.db.reading() as session:
        row = session.get_one(Job, job)
        assert (row.state, row.claim) == (JobState.WAITING, 0)
    assert door.sender.claim().json()["claim"] == 1


def test_without_redis_jobs_are_still_handed_out(door: Door) -> None:
    object.__setattr__(door.hub, "doorbell", Doorbell("redis://127.0.0.1:1/0"))
    thread, got = in_thread(lambda: door.sender.claim(wait_s=20))
    wait_until(lambda: waiting(door), seconds=5, what="the poll")
    posted = time.monotonic()
    door.post()
    thread.join(timeout=15)
    ((answer, at),) = got
    assert answer.status_code == 200 and at - posted < 5


def test_the_loop_that_holds_the_polls_never_waits_for_the_database(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that takes three seconds: the web process answers others meanwhile."""
    slow, real = threading.Event(), inbox.claim

    def late(*given: object) -> object:
        slow.set()
        time.sleep(3)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(inbox, "claim", late)
    job = door.post()
    thread, got = in_thread(lambda: door.sender.claim(wait_s=5))
    assert slow.wait(5)
    with httpx.Client(base_url=door.url) as other:
        asked = time.monotonic()
        assert other.get("/site/v1/nothing").status_code == 404
        assert time.monotonic() - asked < 2
    thread.join(timeout=10)
    assert got[0][0].json()["job"] == job


@pytest.mark.parametrize("lane", ["quick", "train"])
def test_a_claim_waits_for_its_own_lane(door: Door, lane: str) -> None:
    door.post()
    expected = 200 if lane == "train" else 204
    assert door.sender.claim(lane, wait_s=0.2).status_code == expected
