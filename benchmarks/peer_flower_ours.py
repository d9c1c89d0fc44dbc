"""Our side of `peer_flower`: the hub as `serve --all` starts it and a real `collegium-site run` for each course."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.db import Database
from app.federations.schemas import ModelStep, Terms
from app.hub import hub_key
from app.runs import queries
from app.runs.schemas import Proposal
from app.runs.states import RUN_ENDED, RoundState
from app.settings import Settings
from benchmarks import peer_flower_stage as stages
from benchmarks import wire
from benchmarks.round_overhead import served
from tests import servers
from tests.runs import world as worlds
from tests.site import homes
from tests.site.stage import running
from worker.learning import simulate
from worker.protocol import codec
from worker.site import accepted

LIMIT_S = 1800.0


@dataclass
class Ours:
    server: list[int]
    sites: list[int]
    wire: wire.Wire
    database: Database
    world: worlds.World
    run: str
    rounds: int

    def wait(self) -> None:
        def ended() -> bool:
            with self.database.reading() as session:
                run = queries.by_id(session, self.run)
                return run is not None and run.state in RUN_ENDED

        servers.wait_until(ended, seconds=LIMIT_S, what="the run")

    def stamps(self) -> list[float]:
        """When the first round opened, then when each closed."""
        with self.database.reading() as session:
            found = [r for r in queries.rounds(session, self.run) if r.state is RoundState.CLOSED]
            found.sort(key=lambda one: one.number)
            return [found[0].opened.timestamp(), *(r.closed.timestamp() for r in found if r.closed)]

    def modules(self) -> simulate.Modules:
        """The shared model after the last round, from the hub's store."""
        with self.database.reading() as session:
            states = queries.states_after(session, self.run, self.rounds)
            digests = {name: state.digest for name, state in states.items()}
        store = self.world.hub.objects
        return {name: codec.decode(store.get(digest)) for name, digest in digests.items()}


@contextmanager
def started(stage: stages.Stage) -> Iterator[Ours]:
    with ExitStack() as stack:
        home = stage.folder / "ours"
        home.mkdir()
        redis_url = stack.enter_context(servers.redis_server())
        url, secret = f"sqlite:///{home / 'hub.sqlite'}", secrets.token_hex(32)
        migrations.upgrade(url)
        database = Database(url)
        stack.callback(database.engine.dispose)
        world = _world(stage, database, home)
        run = worlds.propose(world, Proposal())
        terms = worlds.terms_of(world, run)
        hub = stack.enter_context(served(home, url, redis_url, secret))
        between = stack.enter_context(wire.Wire(hub.port))
        settings = Settings(environment="development", home=home, SECRET_KEY=secret)
        started = []
        for member, data in zip(world.members, stage.folders.values(), strict=True):
            site = homes.make(
                home / "sites" / member.site,
                url=f"http://127.0.0.1:{between.port}",
                site=member.site,
                institution=member.institution,
                hub_key=hub_key(settings).public,
                key=member.key,
                policy=worlds.POLICY,
                data=data,
            )
            accepted.approve_run(site, run, terms)
            started.append(stack.enter_context(running(site)).pid)
        server = [hub.process.pid, _redis(redis_url)]
        yield Ours(server, started, between, database, world, run, stage.plan.rounds)


def _world(stage: stages.Stage, database: Database, home: Path) -> worlds.World:
    count, model = len(stage.folders), stage.plan.model
    terms = Terms(
        rounds=stage.plan.rounds,
        quorum=count,
        minimum_sites=2,
        deadline_s=3600,
        evaluate_every=stage.plan.rounds,
        leaves=("updates", "metrics"),
        training=stages.TRAINING,
    )
    step = ModelStep(
        width=model.width,
        layers=model.layers,
        heads=model.heads,
        dropout=model.dropout,
        seed=model.seed,
    )
    return worlds.make(
        database, home, count, terms, sheets=stage.plan.tasks, model=lambda session, hub: step
    )


def _redis(url: str) -> int:
    """The process that listens there: it is started beside the hub, not by it."""
    port = int(url.rsplit(":", 1)[1].split("/")[0])
    return next(
        one.pid
        for one in psutil.process_iter(["name"])
        if "redis" in one.info["name"] and str(port) in " ".join(one.cmdline())
    )
