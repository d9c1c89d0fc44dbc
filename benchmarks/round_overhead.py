"""What a round costs beyond the sites' training: combining, and the gap until a site holds its next job.

The hub runs as `collegium-hub serve --all` starts it (web, two workers, beat, Redis); sites speak the real door
protocol over HTTP with ready-made small updates and do no training. `aggregate_s`: from the last update's arrival
to the closed round, by the hub's own stamps. `gap_s`: from there until the first site has read its next job;
`gap_all_s` until every site has. Medians over rounds, the first left out.
"""

import argparse
import base64
import json
import os
import secrets
import signal
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.db import Database
from app.federations.schemas import Terms
from app.runs import queries
from app.runs.models import Round
from app.runs.schemas import Proposal
from app.runs.states import RUN_ENDED, RoundState
from benchmarks.harness import Measured, Options, main, say
from tests import servers
from tests.runs import world as worlds

SEED = 7
LIMIT_S = 300.0


def measure(options: Options) -> Measured:
    figures: dict[str, float] = {"rounds": options.given.rounds}
    for count in options.given.sites:
        figures |= _with(count, options.given.rounds)
    return Measured(figures, seeds=(SEED,))


def _with(count: int, rounds: int) -> dict[str, float]:
    say(f"{count} sites, {rounds} rounds")
    with (
        tempfile.TemporaryDirectory(prefix="collegium-rounds-") as name,
        servers.redis_server() as redis_url,
    ):
        home = Path(name)
        url = f"sqlite:///{home / 'hub.sqlite'}"
        migrations.upgrade(url)
        database = Database(url)
        world, run_id = _stage(database, home, count, rounds)
        with served(home, url, redis_url) as hub:
            claims = _play(home, hub.address, world)
            servers.wait_until(lambda: _ended(database, run_id), seconds=LIMIT_S, what="the run")
            claims.terminate()
            lines = (claims.stdout or sys.stdin).read().splitlines()
        with database.reading() as session:
            found = list(queries.rounds(session, run_id))
        database.engine.dispose()
    return _figures(found, lines, count)


def _stage(database: Database, home: Path, count: int, rounds: int) -> tuple[worlds.World, str]:
    terms = Terms(rounds=rounds, quorum=count, deadline_s=120, leaves=("updates", "metrics"))
    world = worlds.make(database, home, count, terms)
    return world, worlds.propose(world, Proposal())


@dataclass(frozen=True)
class Served:
    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(home: Path, url: str, redis_url: str, secret: str = "") -> Iterator[Served]:
    """The whole hub. `secret`: what its keys in `home` were made with."""
    port = servers.free_port()
    environment = os.environ | {
        "COLLEGIUM_ENVIRONMENT": "development",
        "COLLEGIUM_HOME": str(home),
        "COLLEGIUM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "COLLEGIUM_SWEEP_S": "2",
        "DATABASE_URL": url,
        "REDIS_URL": redis_url,
        "SECRET_KEY": secret or secrets.token_hex(32),
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "app.cli", "serve", "--all", "--port", str(port)]
    with (home / "hub.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield Served(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
        servers.stop(process)


def _play(home: Path, address: str, world: worlds.World) -> subprocess.Popen[str]:
    sites = [(m.site, base64.urlsafe_b64encode(m.key.seed).decode()) for m in world.members]
    stage = home / "stage.json"
    stage.write_text(json.dumps({"url": address, "sites": sites}))
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.round_overhead_sites", str(stage)],
        stdout=subprocess.PIPE,
        text=True,
    )


def _ended(database: Database, run_id: str) -> bool:
    with database.reading() as session:
        run = queries.by_id(session, run_id)
        return run is not None and run.state in RUN_ENDED


def _figures(found: list[Round], lines: list[str], count: int) -> dict[str, float]:
    claimed: dict[int, list[float]] = {}
    for line in lines:
        number, at = line.split()
        claimed.setdefault(int(number), []).append(float(at))
    closed = [r for r in found if r.state is RoundState.CLOSED and r.complete and r.closed]
    aggregate, gap, gap_all = [], [], []
    for one in closed[1:]:
        assert one.complete is not None
        assert one.closed is not None
        aggregate.append((one.closed - one.complete).total_seconds())
        after = claimed.get(one.number + 1, [])
        if len(after) >= count:
            gap.append(min(after) - one.closed.timestamp())
            gap_all.append(max(after) - one.closed.timestamp())
    return {
        f"aggregate_s_{count}": statistics.median(aggregate),
        f"gap_s_{count}": statistics.median(gap),
        f"gap_all_s_{count}": statistics.median(gap_all),
        f"overhead_max_s_{count}": max(a + g for a, g in zip(aggregate, gap, strict=False)),
        f"rounds_closed_{count}": len(closed),
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=24)
    parser.add_argument("--sites", type=int, nargs="+", default=[4, 20])


if __name__ == "__main__":
    sys.exit(main("round_overhead", measure, add_arguments=_arguments))
