"""Where the accepted policy says so, the hub learns that someone withdrew: a day, and not who or how many."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from app.erasure import queries as erasure
from app.erasure.models import ErasureRequest
from app.runs import queries as runs
from tests.runs.making import set_policy
from tests.runs.world import POLICY, Member
from tests.servers import wait_until
from tests.site import homes
from tests.site.stage import Stage, lane, stage
from tests.site.test_withdrawals import KEY, consenting, object_
from tests.site.test_work import Bench
from tests.site.wire import between
from worker.learning.data.tables import pseudonym
from worker.protocol.codes import JobKind
from worker.protocol.policy import PolicyDocument
from worker.site import telling, withdrawals
from worker.site.site import open_site

TELLING = POLICY.model_copy(update={"tell_withdrawals": "that_one_happened"})
GONE = ("Zwiebelfisch-3", "Zwiebelfisch-7")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """No ten minutes after a word that was not taken: each test begins anew."""
    monkeypatch.setattr(telling, "_not_before", 0.0)


def hub_has(live: Stage, member: Member, policy: PolicyDocument) -> None:
    with live.world.hub.db.session() as session:
        set_policy(session, member, policy)


def opened(live: Stage) -> list[ErasureRequest]:
    with live.world.hub.db.reading() as session:
        return list(session.scalars(select(ErasureRequest)).all())


@pytest.fixture
def bench(database_url: str, redis_url: str, tmp_path: Path) -> Iterator[Bench]:
    """On each database; the policy that tells is in force at the hub and at the site."""
    terms = {"rounds": 3}
    with (
        stage(database_url, redis_url, tmp_path, terms=terms) as live,
        between(live.url) as wire,
    ):
        made = Bench(live, wire)
        consenting(made.data)
        hub_has(live, made.member, TELLING)
        homes.accept(made.home, TELLING, version=2)
        made.propose()
        yield made


def test_the_hub_learns_a_day_and_the_rounds_before_it_are_told_apart(bench: Bench) -> None:
    bench.work(JobKind.TRAIN)
    assert opened(bench.live) == [] and b"/withdrawn" not in bench.wire.sent
    object_(bench.data, *GONE)
    bench.work(JobKind.BASELINE)
    (one,) = opened(bench.live)
    assert (one.site_id, one.institution_id) == (bench.member.site, bench.member.institution)
    said = json.dumps({"day": one.day.isoformat()}, separators=(",", ":"))
    lines = [
        line for line in open_site(bench.home).door.line._log.since() if "withdrawn" in line.reason
    ]
    assert [(line.content, line.kind) for line in lines] == [(said, "withdrawal")]
    assert bench.wire.sent.count(b"POST /site/v1/withdrawn") == 1
    assert bench.wire.sent.count(said.encode()) == 1
    assert not bench.canary_left() and b"opted-out" not in bench.wire.sent
    assert all(pseudonym(gone, KEY).encode() not in bench.wire.sent for gone in GONE)
    with bench.live.world.hub.db.reading() as session:
        seen = runs.seen(session, bench.member.administrator, runs.Permission.RUN_READ, bench.run)
        found = erasure.touched(session, seen)
    assert found is not None and (found.round, found.own) == (1, True)


def test_a_second_one_on_a_day_is_not_to_be_seen(bench: Bench) -> None:
    bench.work(JobKind.TRAIN)
    for gone in GONE:
        object_(bench.data, gone)
        assert len(withdrawals.look(bench.home)) == 1
        with_door(bench)
    assert len(opened(bench.live)) == 1
    assert bench.wire.sent.count(b"POST /site/v1/withdrawn") == 1


def with_door(bench: Bench) -> None:
    """As after a restart: everything is opened anew."""
    site = open_site(bench.home)
    telling.tell(site.home, site.door)
    site.door.close()


def test_what_a_hub_does_not_take_is_told_later(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that does not know the word, or not the policy yet, and one that is away."""
    bench.work(JobKind.TRAIN)
    hub_has(bench.live, bench.member, POLICY)
    object_(bench.data, *GONE)
    withdrawals.look(bench.home)
    with_door(bench)
    assert opened(bench.live) == [] and len(withdrawals.to_tell(bench.home)) == 1
    hub_has(bench.live, bench.member, TELLING)
    with_door(bench)
    assert opened(bench.live) == [], "not asked again at once"
    monkeypatch.setattr(telling, "_not_before", 0.0)
    bench.wire.cut()
    with_door(bench)
    assert len(withdrawals.to_tell(bench.home)) == 1
    bench.wire.restore()
    monkeypatch.setattr(telling, "_not_before", 0.0)
    with_door(bench)
    assert len(opened(bench.live)) == 1 and withdrawals.to_tell(bench.home) == []
    withdrawals.told(bench.home, [])
    (day,) = opened(bench.live)
    known = bench.home.read_json(bench.home.requests_file)
    bench.home.requests_file.write_text(
        json.dumps({**known, "to_tell": [day.day.isoformat()]}), encoding="utf-8"
    )
    with_door(bench)
    assert len(opened(bench.live)) == 1, "the answer was lost: the same word again"


def test_a_policy_that_has_come_to_say_no_takes_it_back(bench: Bench) -> None:
    bench.work(JobKind.TRAIN)
    object_(bench.data, *GONE)
    withdrawals.look(bench.home)
    homes.accept(bench.home, POLICY, version=3)
    with_door(bench)
    assert withdrawals.to_tell(bench.home) == [] and opened(bench.live) == []
    homes.accept(bench.home, TELLING, version=4)
    with_door(bench)
    assert b"/withdrawn" not in bench.wire.sent


def test_a_waiting_lane_tells_it_without_a_job(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    """A real process, started after the withdrawal was noted and the site stopped."""
    with stage(database_url, redis_url, tmp_path) as live:
        member = live.world.members[0]
        hub_has(live, member, TELLING)
        home = live.home(member, policy=TELLING)
        folder = home.config().data
        assert folder is not None
        consenting(folder)
        object_(folder, "pupil-3")
        home.requests_file.write_text(
            json.dumps({"requests": [], "used": [pseudonym("pupil-3", KEY)]}), encoding="utf-8"
        )
        assert len(withdrawals.look(home)) == 1
        with lane(home, "quick"):
            wait_until(lambda: len(opened(live)) == 1, seconds=90, what="the word")
        wait_until(lambda: not withdrawals.to_tell(home), seconds=30, what="the note")
