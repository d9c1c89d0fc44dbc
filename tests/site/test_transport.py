"""The transport: it builds messages from a closed list, publishes nothing, and gives back what comes too late."""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from typing import Any

import pytest
from celery.worker import state
from kombu import Connection

from app.sites import inbox
from app.sites.states import JobState
from tests.runs.world import Member
from tests.servers import wait_until
from tests.site.stage import Stage
from tests.site.test_guard import claimed, manifest
from worker.protocol.codes import Failure, JobKind, Lane
from worker.site import faults, lane, transport
from worker.site.client import connect
from worker.site.door import Door, UnknownKind
from worker.site.polling import Poller


@pytest.mark.parametrize("kind", JobKind)
def test_a_message_is_of_our_own_making(kind: JobKind) -> None:
    offer = claimed(manifest(kind=kind))
    made = transport.message(offer, "job_1.1")
    args, kwargs, options = json.loads(made["body"])
    assert args == [offer.model_dump(mode="json")]
    assert kwargs == {}
    assert set(options.values()) == {None}, "no callback, errback, link, chain or chord"
    heads = made["headers"]
    assert heads["task"] == f"site.{kind.value}"
    assert (heads["retries"], heads["eta"], heads["expires"], heads["group"]) == (
        0,
        None,
        None,
        None,
    )


def test_every_task_a_message_can_name_is_installed_and_no_other() -> None:
    from worker.site.celery import app

    app.loader.import_default_modules()
    own = {name for name in app.tasks if not name.startswith("celery.")}
    assert own == set(transport.TASKS.values())


def test_settings_of_the_app() -> None:
    from worker.site.celery import app

    conf = app.conf
    assert conf.accept_content == ["json"]
    assert conf.task_acks_late and conf.task_reject_on_worker_lost
    assert not conf.worker_enable_remote_control and not conf.worker_send_task_events
    assert (conf.worker_prefetch_multiplier, conf.worker_concurrency) == (1, 1)
    assert conf.result_backend is None
    assert conf.broker_connection_max_retries is None
    assert "@" not in conf.broker_url


@pytest.mark.parametrize("name", Lane)
def test_a_lane_is_a_stock_worker_that_talks_to_no_other(name: Lane) -> None:
    said = lane.arguments(name)
    assert f"--queues={name.value}" in said
    assert {"--pool=prefork", "--concurrency=1"} <= set(said)
    assert {"--without-gossip", "--without-mingle", "--without-heartbeat"} <= set(said)


def test_a_job_s_kind_says_its_lane() -> None:
    """What takes seconds does not wait behind what takes hours."""
    quick = {kind for kind in JobKind if kind.lane is Lane.QUICK}
    assert quick == {JobKind.EVALUATE, JobKind.SWITCH_RELEASE}


@contextmanager
def connected(live: Stage, member: Member, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A channel that consumes the lane `train`, as a worker's does."""
    home = live.home(member)
    monkeypatch.setenv("COLLEGIUM_SITE_HOME", str(home.root))
    with Connection(f"hub+{live.url}") as connection:
        channel = connection.channel()
        channel.basic_qos(0, 1)
        yield connection, channel


def test_a_site_publishes_nothing(live: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    message = {"body": "x", "properties": {"delivery_info": {}}}
    with (
        connected(live, live.world.members[0], monkeypatch) as (_, channel),
        pytest.raises(PermissionError),
    ):
        channel.basic_publish(message, "", "train")


def receive(connection: Any, channel: Any, seen: list[Any], seconds: float = 5) -> None:
    def look() -> bool:
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.3)
        return bool(seen)

    wait_until(look, seconds=seconds, what="a message")


def test_one_job_at_a_time_confirmed_at_once_and_given_back_when_rejected(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = live.world.members[0]
    with connected(live, member, monkeypatch) as (connection, channel):
        seen: list[Any] = []
        channel.basic_consume("train", False, seen.append, "tag")
        live.propose()
        live.world.work()
        receive(connection, channel, seen)
        job = live.job(seen[0].delivery_tag.rpartition(".")[0])
        assert job.state is JobState.CLAIMED, "confirmed: the first lease is no more than 15 s"
        assert not transport.gate.is_free(0)
        with pytest.raises(TimeoutError):
            connection.drain_events(timeout=0.6)
        seen[0].reject(requeue=True)
        assert transport.gate.is_free(0)
        back = live.job(job.id)
        assert (back.state, back.failure) in {
            (JobState.WAITING, None),
            (JobState.WAITING, Failure.LOST_CHILD),
        }
        assert live.events(job.id).count("job.returned") == 1
        assert back.claim == 1


def test_nothing_is_claimed_once_the_worker_stops(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = live.world.members[0]
    with connected(live, member, monkeypatch) as (_, channel):
        channel.basic_consume("train", False, lambda message: None, "tag")
        monkeypatch.setattr(state, "should_stop", 0)
        live.propose()
        live.world.work()
        with pytest.raises(Empty):
            channel._get("train")
    assert {job.state for job in live.posted(member)} == {JobState.WAITING}


def test_a_job_that_arrives_while_stopping_goes_back(live: Stage) -> None:
    member = live.world.members[0]
    door = Door(connect(live.home(member)))
    stopping = threading.Event()
    poller = Poller(door, stopping.is_set, 5)
    assert poller.look([Lane.TRAIN], 0.3) is None
    stopping.set()
    live.propose()
    live.world.work()
    posted = live.posted(member)
    returned = [job.id for job in posted]

    def given_back() -> bool:
        return sum(live.events(job).count("job.returned") for job in returned) == 1

    wait_until(given_back, seconds=5, what="the nack")
    assert poller.look([Lane.TRAIN], 1) is None
    for job in live.posted(member):
        assert (job.state, job.attempts) == (JobState.WAITING, 0)


def test_a_job_found_and_not_taken_goes_back_at_the_end(live: Stage) -> None:
    member = live.world.members[0]
    poller = Poller(Door(connect(live.home(member))), lambda: False, 5)
    live.propose()
    live.world.work()
    poller.look([Lane.TRAIN], 0)
    wait_until(lambda: poller._found is not None, seconds=5, what="a job")
    poller.close()
    assert {job.state for job in live.posted(member)} == {JobState.WAITING}


@pytest.mark.parametrize(
    ("asked", "end"), [("pause", JobState.WAITING), ("cancel", JobState.CANCELLED)]
)
def test_a_job_the_hub_wants_back_before_it_began(live: Stage, asked: str, end: JobState) -> None:
    member = live.world.members[0]
    door = Door(connect(live.home(member)))
    run = live.propose()
    live.world.work()
    offer = door.claim(Lane.TRAIN, 0)
    assert offer is not None
    with live.world.hub.db.session() as session:
        if asked == "pause":
            inbox.pause_jobs(session, run=run)
        else:
            inbox.cancel_jobs(session, run=run)
    assert Poller(door, lambda: False)._confirmed(offer) is None
    assert live.job(offer.job).state is end


def test_a_kind_of_job_this_version_does_not_know_is_refused_by_name(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = live.world.members[0]
    door = Door(connect(live.home(member)))
    live.propose()
    live.world.work()
    real = door.line.post

    def from_the_future(path: str, *args: Any, **kwargs: Any) -> bytes:
        answer = real(path, *args, **kwargs)
        return (
            re.sub(rb'"kind":"[a-z]+"', b'"kind":"dream"', answer, count=1)
            if path == "/claim"
            else answer
        )

    monkeypatch.setattr(door.line, "post", from_the_future)
    with pytest.raises(UnknownKind) as unknown:
        door.claim(Lane.TRAIN, 0)
    door.refuse_unknown(unknown.value)
    job = live.job(unknown.value.job)
    assert (job.state, job.refusal) == (JobState.REFUSED, "unknown-kind")


def test_a_revoked_site_asks_every_five_minutes(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport._Last, "revoked_at", None)
    member = live.world.members[0]
    home = live.home(member)
    monkeypatch.setenv("COLLEGIUM_SITE_HOME", str(home.root))
    live.revoke(member)
    connection = Connection(f"hub+{live.url}")
    with pytest.raises(faults.Revoked):
        connection.transport.establish_connection()
    asked: list[int] = []
    monkeypatch.setattr(Door, "hello", lambda self, worker: asked.append(1))
    with pytest.raises(faults.Revoked):
        Connection(f"hub+{live.url}").transport.establish_connection()
    assert asked == []
    monkeypatch.setattr(transport, "REVOKED_EVERY_S", 0.0)
    with pytest.raises(AttributeError):
        Connection(f"hub+{live.url}").transport.establish_connection()
    assert asked == [1]
    monkeypatch.setattr(transport._Last, "revoked_at", None)


def test_outside_its_hours_a_site_claims_nothing(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    member = live.world.members[0]
    with connected(live, member, monkeypatch) as (_, channel):
        channel.basic_consume("train", False, lambda message: None, "tag")
        monkeypatch.setattr(channel, "_is_open", lambda: False)
        live.propose()
        live.world.work()
        with pytest.raises(Empty):
            channel._get("train")
    assert {job.claim for job in live.posted(member)} == {0}
