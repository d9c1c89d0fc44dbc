"""Parts of the hub killed, and its database crashed, under a run that real sites work for. Nobody helps."""

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from sqlalchemy.exc import OperationalError

from app.audit.models import HUB_CHAIN
from app.audit.service import verify
from app.institutions.models import Institution
from app.runs import queries
from app.runs.models import Run
from app.runs.states import RoundState, RunState, UpdateState
from benchmarks.crash_hub import PARTS, KilledHub
from benchmarks.crash_sites import Campus
from tests import servers
from tests.door.sender import Sender
from tests.servers import wait_until
from worker.site.home import Home

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(1200)]
ROUNDS = 2


def test_web_workers_and_redis_killed_in_every_round() -> None:
    """The benchmark in small: three sites; every kill is -9, at a moment drawn; Redis keeps nothing."""
    command = [sys.executable, "-m", "benchmarks.crash", "--rounds", "3", "--seed", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    figures = json.loads(done.stdout.splitlines()[-1])["figures"]
    # What a round was too short for is killed in the next one; only those of the last one can be missed.
    assert figures["kills"] + figures["kills_missed"] == 3 * len(PARTS)
    assert figures["kills"] >= 2 * len(PARTS)
    assert (figures["completed"], figures["rounds_void"]) == (3, 0)
    assert (figures["updates_lost"], figures["updates_doubled"]) == (0, 0)
    assert figures["digests_equal"] == 1


def round_of(hub: KilledHub, run: str) -> int:
    with hub.database.reading() as session:
        return len(queries.rounds(session, run))


def is_completed(hub: KilledHub, run: str) -> bool:
    with hub.database.reading() as session:
        return session.get_one(Run, run).state is RunState.COMPLETED


def asked_for_patience(hub: KilledHub, home: Home) -> None:
    """A page, the API and the site door: 503, a sentence, and the time to wait."""
    with httpx.Client(base_url=hub.url, timeout=60) as client:
        cookie = f"collegium={'x' * 43}"
        site = Sender(client, home.identity().site, home.keys().signing)
        answers = [
            client.get("/home", headers={"Accept": "text/html", "Cookie": cookie}),
            client.get("/api/v1/me", headers={"Authorization": f"Bearer clg_abcdefgh_{'x' * 43}"}),
            site.send("/hello"),
            site.claim(),
        ]
    for answer in answers:
        assert answer.status_code == 503, (answer.request.url, answer.text)
        assert int(answer.headers["Retry-After"]) > 0
    assert "The hub is busy" in answers[0].text
    assert {answer.json()["code"] for answer in answers[1:]} == {"busy"}


@pytest.mark.postgres
def test_the_database_crashes_in_every_round(tmp_path: Path) -> None:
    with servers.postgres() as cluster:
        url = cluster.create("hub")
        with KilledHub(tmp_path, url) as hub, Campus(hub, 2, ROUNDS) as campus:
            for number in range(1, ROUNDS + 1):
                wait_until(
                    lambda n=number: round_of(hub, campus.run) >= n,  # type: ignore[misc]
                    seconds=240,
                    what=f"round {number}",
                )
                cluster.crash()
                with pytest.raises(OperationalError):
                    round_of(hub, campus.run)
                asked_for_patience(hub, campus.homes[0])
                cluster.start()
            wait_until(lambda: is_completed(hub, campus.run), seconds=400, what="the end")
            assert hub.is_whole(), "a part of the hub ended instead of waiting"
            assert campus.final() == campus.undisturbed()
            with hub.database.reading() as session:
                for one in queries.rounds(session, campus.run):
                    assert one.state is RoundState.CLOSED
                    states = {u.state for u in queries.updates(session, one.id)}
                    assert len(queries.updates(session, one.id)) == 2
                    assert states <= {UpdateState.TAKEN, UpdateState.DELETED}
                for chain in [HUB_CHAIN, *(i.id for i in session.query(Institution))]:
                    assert verify(session, chain) is None
