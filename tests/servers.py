"""Real servers for tests: a throw-away PostgreSQL cluster and a Redis, on loopback, gone at the end."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg
import redis

from tests.needs import need


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Polls; raises TimeoutError naming `what`."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise TimeoutError(f"{what} did not come within {seconds} s")
        time.sleep(0.02)


@dataclass
class PostgresServer:
    """One cluster. Fast, not durable: it lives as long as the tests."""

    port: int
    user: str
    command: list[str]
    folder: Path
    copying: str = ""
    """How a database is copied from its template: files in memory are quicker copied than logged."""
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it answers: after a crash, when it has recovered."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, cwd=self.folder)
        wait_until(self.answers, seconds=60, what="PostgreSQL")

    def crash(self) -> None:
        """At once, in the middle of whatever it does: every connection breaks."""
        assert self.process is not None
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(timeout=30)

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://{self.user}@127.0.0.1:{self.port}/{database}"

    def create(self, name: str, template: str = "template0") -> str:
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"{self.copying}')
        return self.url(name)

    def drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def answers(self) -> bool:
        try:
            self._run("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _run(self, statement: str) -> None:
        where = f"host=127.0.0.1 port={self.port} user={self.user} dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(statement.encode())


_MEMORY = Path("/dev/shm")
_POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "64MB",
    "max_connections": "100",
    "autovacuum": "off",
}


@contextmanager
def postgres(options: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """Starts a cluster from the binaries on this machine; as `postgres` or `nobody` when we are root.

    Without `options` it is fast and not durable; a benchmark gives its own.
    """
    initdb, server = need("initdb"), need("postgres")
    memory = _MEMORY if options is None and _roomy(_MEMORY) else None
    folder = Path(tempfile.mkdtemp(prefix="collegium-pg-", dir=memory))
    prefix = _unprivileged(folder)
    data = folder / "data"
    port = free_port()
    try:
        made = [str(initdb), "-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8"]
        subprocess.run(
            [*prefix, *made, "--no-sync", "--locale=C"],
            check=True,
            capture_output=True,
            cwd=folder,
        )
        settings = [
            f"--{name}={value}"
            for name, value in (_POSTGRES_SETTINGS if options is None else options).items()
        ]
        where = ["-D", str(data), "-p", str(port), "-k", str(folder)]
        command = [*prefix, str(server), *where, *settings]
        copying = " STRATEGY FILE_COPY" if memory else ""
        cluster = PostgresServer(port, "tests", command, folder, copying=copying)
        try:
            cluster.start()
            yield cluster
        finally:
            if cluster.process is not None:
                stop(cluster.process)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _roomy(folder: Path) -> bool:
    """A file system in memory with two gigabytes to spare: a cluster with every test's databases stays far below."""
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > 2 << 30


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root: change the owner, and run as that one."""
    if os.geteuid() != 0:
        return []
    names = Path("/etc/passwd").read_text(encoding="utf-8")
    user = "postgres" if "\npostgres:" in names else "nobody"
    shutil.chown(folder, user)
    # setpriv keeps the process itself as our child, so a signal to it reaches PostgreSQL.
    return ["setpriv", f"--reuid={user}", "--clear-groups", "--"]


@contextmanager
def redis_server() -> Iterator[str]:
    """A real Redis, nothing written to disk. Yields its URL."""
    binary = need("redis-server")
    port = free_port()
    arguments = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen([str(binary), *arguments], stdout=subprocess.DEVNULL)
    url = f"redis://127.0.0.1:{port}/0"
    try:
        wait_until(lambda: _pings(url), seconds=15, what="Redis")
        yield url
    finally:
        stop(process)


def stop_redis(url: str) -> None:
    """Ends a server of `redis_server` before its time, so that its port is closed."""
    client = redis.Redis.from_url(url)
    with suppress(redis.ConnectionError):
        client.shutdown(nosave=True)
    client.close()


def _pings(url: str) -> bool:
    client = redis.Redis.from_url(url)
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False
    finally:
        client.close()


def stop(process: subprocess.Popen[bytes]) -> None:
    """Asks, waits, then kills."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
