"""A thousand sites wait at the door over TLS, and jobs are posted at 20 a second: how long until one is claimed?

Four processes, as in life: the hub's web process (the real application), Redis, one that posts as a hub worker
does, and one that plays the sites. The time runs from the moment the post begins until the site has read the
claim's last byte, so it holds the post's own transaction, the bell, two looks, the claim and TLS.
"""

import argparse
import base64
import datetime
import ipaddress
import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.access.permissions import Role
from app.db import Database
from benchmarks.harness import Measured, Options, main, say
from tests import servers
from tests.sites import world as worlds
from worker.protocol.signatures import PrivateKey

SEED = 7
_SITES_EACH = 4
_LOOPBACK = ipaddress.ip_address("127.0.0.1")
_DURABLE = {"listen_addresses": "127.0.0.1", "max_connections": "100"}


@dataclass(frozen=True)
class Stage:
    """Everything the three programs of one measurement share, as a file they all read."""

    url: str
    database_url: str
    redis_url: str
    hub_seed: str
    certificate: str
    institution: str
    run: str
    round: str
    sites: list[tuple[str, str]]
    """Id and key seed of each site."""
    jobs: int
    per_second: float
    ramp_s: float


def measure(options: Options) -> Measured:
    given = options.given
    figures: dict[str, float] = {"sites": given.sites, "jobs_per_s": given.rate}
    figures["load_before"] = os.getloadavg()[0]  # what the machine was doing besides
    with (
        tempfile.TemporaryDirectory(prefix="collegium-inbox-") as name,
        servers.redis_server() as r,
    ):
        home = Path(name)
        figures |= _on("sqlite", f"sqlite:///{home / 'hub.sqlite'}", r, home / "s", given)
        if given.sqlite_only:
            return Measured(figures)
        with servers.postgres(_DURABLE) as cluster:
            figures |= _on("postgresql", cluster.create("hub"), r, home / "p", given)
    figures["hub_mb"] = max(figures["hub_mb_sqlite"], figures["hub_mb_postgresql"])
    return Measured(figures, seeds=(SEED,))


def _on(
    kind: str, database_url: str, redis_url: str, home: Path, given: argparse.Namespace
) -> dict[str, float]:
    say(f"{kind}: {given.sites} sites")
    home.mkdir()
    migrations.upgrade(database_url)
    key = PrivateKey()
    port = servers.free_port()
    certificate, private = _certificate(home)
    stage = Stage(
        url=f"https://127.0.0.1:{port}",
        database_url=database_url,
        redis_url=redis_url,
        hub_seed=base64.urlsafe_b64encode(key.seed).decode(),
        certificate=str(certificate),
        **_people(database_url, key, given.sites),
        jobs=int(given.rate * given.seconds),
        per_second=given.rate,
        ramp_s=given.ramp,
    )
    figures: dict[str, float] = {}
    path = home / "stage.json"
    path.write_text(json.dumps(stage.__dict__))
    with _hub(stage, home, port, private) as process, _watched(process) as memory:
        waits = _play(path, psutil.Process(process.pid), figures)
    lost = stage.jobs - len(waits)
    return {
        f"hub_cores_{kind}": figures["cores"],
        f"claim_p50_ms_{kind}": float(np.percentile(waits, 50)),
        f"claim_p95_ms_{kind}": float(np.percentile(waits, 95)),
        f"claim_max_ms_{kind}": float(max(waits)),
        f"claimed_{kind}": len(waits),
        f"unclaimed_{kind}": lost,
        f"hub_mb_{kind}": max(memory) / 2**20,
    }


def _people(database_url: str, key: PrivateKey, count: int) -> dict[str, object]:
    """Institutions of a few sites each, and one run; the sites enrolled by the services themselves."""
    database = Database(database_url)
    keys = [PrivateKey() for _ in range(count)]
    with database.session() as session:
        world = worlds.make(session)
        ids: list[str] = []
        for number, own in enumerate(keys):
            if number % _SITES_EACH == 0:
                home = worlds.institution(session, f"School {number}")
                by = worlds.actor(session, f"person{number}", Role.ADMINISTRATOR, home)
                here = replace(world, institution=home, administrator=by)
            ids.append(worlds.ready_site(session, here, key, own, f"Site {number}").id)
    database.engine.dispose()
    seeds = [base64.urlsafe_b64encode(own.seed).decode() for own in keys]
    return {
        "institution": world.institution,
        "run": world.run,
        "round": world.round,
        "sites": list(zip(ids, seeds, strict=True)),
    }


@contextmanager
def _hub(stage: Stage, home: Path, port: int, private: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The web process as `collegium-hub serve` runs it, with TLS in front."""
    environment = os.environ | {
        "COLLEGIUM_ENVIRONMENT": "production",
        "COLLEGIUM_PUBLIC_URL": stage.url,
        "COLLEGIUM_HOME": str(home),
        "DATABASE_URL": stage.database_url,
        "REDIS_URL": stage.redis_url,
        "SECRET_KEY": secrets.token_hex(32),
        "HUB_KEY": stage.hub_seed,
    }
    program = [sys.executable, "-m", "uvicorn", "app.main:create_app", "--factory"]
    options = ["--http", "httptools", "--log-level", "warning", "--no-access-log"]
    tls = ["--ssl-keyfile", str(private), "--ssl-certfile", stage.certificate]
    where = ["--host", "127.0.0.1", "--port", str(port), "--timeout-graceful-shutdown", "2"]
    with (home / "hub.log").open("wb") as log:
        process = subprocess.Popen(
            [*program, *options, *tls, *where], env=environment, stdout=log, stderr=log
        )
    try:
        servers.wait_until(lambda: _listens(port), seconds=60, what="the hub")
        yield process
    finally:
        servers.stop(process)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _watched(process: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """Resident bytes of the process, twice a second."""
    seen: list[int] = []
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.5):
            seen.append(psutil.Process(process.pid).memory_info().rss)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


def _play(stage: Path, hub: psutil.Process, figures: dict[str, float]) -> list[float]:
    """Milliseconds from post to claim, by job that was claimed."""
    sites = _program("benchmarks.inbox_sites", stage)
    posts: subprocess.Popen[str] | None = None
    try:
        assert sites.stdout is not None
        if sites.stdout.readline().strip() != "ready":
            raise RuntimeError("the sites did not get through the door; see the hub's log")
        posts = _program("benchmarks.inbox_posts", stage)
        begun, used = time.monotonic(), sum(hub.cpu_times()[:2])
        posted = dict(line.split() for line in (posts.stdout or []))
        say(f"posted {len(posted)}")
        figures["cores"] = (sum(hub.cpu_times()[:2]) - used) / (time.monotonic() - begun)
        claimed = dict(line.split() for line in sites.stdout)
    finally:
        for process in (sites, posts):
            if process is not None:
                process.kill()
                process.wait()
    return [
        (float(claimed[job]) - float(at)) * 1000 for job, at in posted.items() if job in claimed
    ]


def _program(module: str, stage: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", module, str(stage)], stdout=subprocess.PIPE, text=True
    )


def _certificate(home: Path) -> tuple[Path, Path]:
    """Made for this run, thrown away with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(minutes=5))
        .not_valid_after(now + datetime.timedelta(hours=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(_LOOPBACK)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate, private = home / "tls.crt", home / "tls.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, private


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sites", type=int, default=1000)
    parser.add_argument("--rate", type=float, default=20.0, help="jobs a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--sqlite-only", action="store_true")
    parser.add_argument("--ramp", type=float, default=15.0, help="seconds until all sites wait")


if __name__ == "__main__":
    sys.exit(main("inbox", measure, add_arguments=_arguments))
