"""A busy hub's pages under load: 50 requests a second, signed in with a second factor, on SQLite and on PostgreSQL.

The hub is that of `pages_hub`, made once and copied. `collegium-hub serve` serves it as in production, one web process
for each of the two cores (`--web`), asked in turn as a proxy would, with Redis beside them. The load is open
(`pages_load`): latency counts from the moment a request was due. Half of it comes from the largest institution, which
leads every federation, the rest from a member of each. `queries_max`: the most SQL statements of any page, counted in
this process over every page of the permission table that this hub has.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.audit import queries as audit
from app.audit.service import verify
from app.db import Database
from app.hub import hub_key
from app.settings import Settings
from benchmarks import pages_hub
from benchmarks.harness import Measured, Options, main, say
from benchmarks.pages_copy import copy
from benchmarks.pages_counted import counted
from benchmarks.pages_hub import Made
from benchmarks.pages_load import Ask
from benchmarks.pages_people import Browser
from tests import servers

SEED = 7
_DURABLE = {"listen_addresses": "127.0.0.1", "max_connections": "100"}


def measure(options: Options) -> Measured:
    given = options.given
    figures: dict[str, float] = {"requests_per_s": given.rate, "web_processes": given.web}
    figures["load_before"] = os.getloadavg()[0]  # what the machine was doing besides
    with tempfile.TemporaryDirectory(prefix="collegium-pages-") as name:
        home, port = Path(name), servers.free_port()
        url = f"sqlite:///{home / 'hub.sqlite'}"
        settings = pages_hub.settings_of(home, url, f"https://127.0.0.1:{port}")
        begun = time.perf_counter()
        made = _made(settings, url)
        figures["build_s"] = time.perf_counter() - begun
        say(f"made in {figures['build_s']:.0f} s")
        if not given.sqlite_only:
            with servers.postgres(_DURABLE) as cluster:
                other = cluster.create("hub")
                migrations.upgrade(other)
                copy(url, other)
                say("copied to PostgreSQL")
                figures |= _on("postgresql", other, home, port, settings, made, given)
        figures |= _on("sqlite", url, home, port, settings, made, given)
        figures |= counted(settings, made)
    slowest = max(value for name, value in figures.items() if name.startswith("p95_ms_"))
    return Measured(figures | {"p95_ms": slowest}, seeds=(SEED,))


def _made(settings: Settings, url: str) -> Made:
    migrations.upgrade(url)
    database = Database(url)
    made = pages_hub.make(settings, database, hub_key(settings))
    with database.reading() as session:
        for chain in audit.ends(session):
            fault = verify(session, chain)
            if fault is not None:
                raise RuntimeError(f"chain {chain} does not hold: {fault}")
    database.engine.dispose()
    return made


def _on(
    kind: str,
    url: str,
    home: Path,
    port: int,
    settings: Settings,
    made: Made,
    given: argparse.Namespace,
) -> dict[str, float]:
    with contextlib.ExitStack() as stack:
        redis = stack.enter_context(servers.redis_server())
        ports = [port, *(servers.free_port() for _ in range(given.web - 1))]
        for one in ports:
            stack.enter_context(_serving(url, home, one, redis, settings))
        asks = _mix(made, settings, port)
        stage = home / f"{kind}.json"
        stage.write_text(
            json.dumps(
                {
                    "asks": [ask.__dict__ for ask in asks],
                    "seed": SEED,
                    "rate": given.rate,
                    "warm_s": given.warm,
                    "seconds": given.seconds,
                    "ports": ports,
                }
            )
        )
        say(f"{kind}: {given.rate:g} requests a second for {given.seconds:g} s")
        program = [sys.executable, "-m", "benchmarks.pages_load", str(stage)]
        done = subprocess.run(program, check=True, stdout=subprocess.PIPE, text=True)
    return _figures(kind, json.loads(done.stdout))


def _figures(kind: str, found: dict[str, object]) -> dict[str, float]:
    took: dict[str, list[float]] = found["took"]  # type: ignore[assignment]
    faults: list[str] = found["faults"]  # type: ignore[assignment]
    for fault in faults[:10]:
        say(fault)
    figures: dict[str, float] = {
        f"errors_{kind}": len(faults),
        f"answered_{kind}": sum(map(len, took.values())),
        f"connections_{kind}": float(str(found["opened"])),
        f"late_p95_ms_{kind}": float(str(found["late_ms"])),  # of the client itself
    }
    for page, values in sorted(took.items()):
        if not values:
            raise RuntimeError(f"{page} was not asked for: give it more seconds")
        figures[f"p50_ms_{page}_{kind}"] = float(np.percentile(values, 50))
        figures[f"p95_ms_{page}_{kind}"] = float(np.percentile(values, 95))
    return figures


@contextlib.contextmanager
def _serving(url: str, home: Path, port: int, redis: str, settings: Settings) -> Iterator[None]:
    """`collegium-hub serve`, without TLS, which a proxy in front of it speaks."""
    with (home / "hub.log").open("ab") as log:
        environment = os.environ | {
            "COLLEGIUM_ENVIRONMENT": "production",
            "COLLEGIUM_PUBLIC_URL": settings.public_url,
            "COLLEGIUM_HOME": str(home),
            "COLLEGIUM_SEEN_RECENTLY_S": str(settings.seen_recently_s),
            "DATABASE_URL": url,
            "REDIS_URL": redis,
            "SECRET_KEY": settings.secret_key,
        }
        program = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(program, env=environment, stdout=log, stderr=log)
        try:
            ready = Browser(settings, port).answers
            servers.wait_until(ready, seconds=60, what="the hub")
            yield
        finally:
            servers.stop(process)


def _mix(made: Made, settings: Settings, port: int) -> list[Ask]:
    """Who looks at what. Polls are the most, because an open run page asks by itself."""
    browser = Browser(settings, port)
    lead, federations = made.schools[0], list(made.groups)
    readers = [(lead, federations[0], made.running[0], made.finished[-1], 5.0)]
    for number, federation in enumerate(federations):
        member = made.groups[federation][1]
        finished = made.finished[number]
        readers.append((member, federation, made.running[number], finished, 1.0))
    asks: list[Ask] = []
    for school, federation, running, finished, share in readers:
        cookie = browser.sign_in(school.administrator, made.secrets)
        at = f"/i/{school.id}"
        asks += [
            Ask("home", "/home", cookie, 10 * share),
            Ask("run", f"/runs/{running}", cookie, 10 * share),
            Ask("run_poll", f"/runs/{running}", cookie, 35 * share, fragment=True),
            Ask("run_finished", f"/runs/{finished}", cookie, 5 * share),
            Ask("federation", f"/federations/{federation}", cookie, 10 * share),
            Ask("sites", f"{at}/sites", cookie, 10 * share),
            Ask("audit", f"{at}/audit", cookie, 3 * share),
            Ask("audit", f"{at}/audit?kind=update", cookie, 3 * share),
            Ask("audit", f"{at}/audit?kind=policy", cookie, 2 * share),
            Ask("audit", f"{at}/audit?kind=update&cursor=1500", cookie, 2 * share),
        ]
    cookie = browser.sign_in(lead.instructor, made.secrets)
    asks += [Ask("report", f"/classes/{c}/report", cookie, 100 / 5) for c in made.classes]
    return asks


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rate", type=float, default=50.0, help="requests a second")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--warm", type=float, default=8.0, help="seconds of load before")
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--web", type=int, default=2, help="web processes")


if __name__ == "__main__":
    sys.exit(main("pages", measure, add_arguments=_arguments))
