"""Real worker processes on a real Redis: a run goes on by itself, also when they are killed with -9 again and again."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.db import Database
from app.effects import Send
from app.federations.schemas import Terms
from app.hub import Hub
from app.jobs import HubTask, Sender
from app.runs import queries
from app.runs.schemas import Proposal
from app.runs.states import RoundState, RunState, UpdateState
from tests.hub_worker.test_parent import environment
from tests.runs import world as acting
from tests.runs.world import TERMS, World
from tests.servers import wait_until

pytestmark = pytest.mark.live
ROUNDS = 3


@pytest.fixture
def live(db: Database, tmp_path: Path, redis_url: str) -> World:
    """The world, whose tasks go to Redis."""
    terms = Terms(**{**TERMS.model_dump(), "rounds": ROUNDS, "quorum": 4})
    world = acting.make(db, tmp_path, terms=terms)
    settings = world.hub.settings.model_copy(update={"redis_url": redis_url})
    hub = Hub(settings, db, world.hub.objects, world.hub.doorbell, world.hub.key)
    sender = Sender(redis_url)
    db.dispatch = lambda effect: (
        sender.send(HubTask(effect.task), *effect.args) if isinstance(effect, Send) else None
    )
    world.hub = hub
    return world


class Workers:
    """One Celery worker with its own beat, as a process group that can be killed at once."""

    def __init__(self, world: World, url: str, redis_url: str, home: Path) -> None:
        self.home = home
        self.environment = environment(
            home,
            redis_url,
            DATABASE_URL=url,
            COLLEGIUM_SWEEP_S="0.5",
            COLLEGIUM_ROW_LEASE_S="1.5",
        )
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "celery", "-A", "worker.hub.app", "worker", "--beat"]
        options = ["--schedule", str(self.home / "beat"), "--pidfile=", "--concurrency", "1"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        with (self.home / "worker.log").open("ab") as log:
            return subprocess.Popen(
                [*command, *options, *quiet],
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def restart(self) -> None:
        self.kill()
        self.process = self.start()


@contextmanager
def workers(world: World, url: str, redis_url: str, home: Path) -> Iterator[Workers]:
    made = Workers(world, url, redis_url, home)
    try:
        yield made
    finally:
        made.kill()


def round_open(world: World, run_id: str, number: int) -> bool:
    with world.hub.db.reading() as session:
        found = queries.open_round(session, run_id)
        return found is not None and found.number == number


def ended(world: World, run_id: str) -> bool:
    return acting.run_of(world, run_id).state is RunState.COMPLETED


@pytest.mark.timeout(240)
def test_killed_at_a_random_moment_of_every_round(
    live: World, database_url: str, redis_url: str, tmp_path: Path
) -> None:
    chance = random.Random(11)
    run_id = acting.propose(live, Proposal())
    with workers(live, database_url, redis_url, tmp_path) as running:
        for number in range(1, ROUNDS + 1):
            wait_until(
                lambda n=number: round_open(live, run_id, n),  # type: ignore[misc]
                seconds=60,
                what=f"round {number}",
            )
            for member in live.members:
                acting.train(live, member)
            time.sleep(chance.uniform(0, 0.08))
            running.restart()
        wait_until(lambda: ended(live, run_id), seconds=60, what="the end of the run")
    with live.hub.db.reading() as session:
        for one in queries.rounds(session, run_id):
            assert one.state is RoundState.CLOSED
            sent = queries.updates(session, one.id)
            assert len(sent) == 4
            assert {u.state for u in sent} <= {UpdateState.TAKEN, UpdateState.DELETED}
    assert acting.states(live, run_id, ROUNDS) == undisturbed(live)


def undisturbed(live: World) -> dict[str, str]:
    """The same plan and updates in another run of the same sites, done in this process."""
    live.hub.db.dispatch = lambda effect: acting.collect(live, effect)
    run_id = acting.propose(live, Proposal())
    live.work()
    for _ in range(ROUNDS):
        for member in live.members:
            acting.train(live, member)
        live.work()
    return acting.states(live, run_id, ROUNDS)
