"""The hub's processes on one machine, each of which can be killed with -9 and is started again."""

import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.db import Database
from app.jobs import Queue
from tests import servers
from tests.needs import need

PARTS = ("web", "worker", "redis")
"""What is killed. The sweep's clock (beat) is not: it holds nothing and sends one message every few seconds."""


class KilledHub:
    """Web, a worker per queue, beat and Redis over one database (SQLite, unless named) and one folder of objects."""

    def __init__(self, home: Path, database_url: str = "") -> None:
        self.home = home
        self._port, self._redis_port = servers.free_port(), servers.free_port()
        self.url = f"http://127.0.0.1:{self._port}"
        self.database_url = database_url or f"sqlite:///{home / 'hub.sqlite'}"
        self.environment = {
            **os.environ,
            "COLLEGIUM_ENVIRONMENT": "development",
            "COLLEGIUM_HOME": str(home),
            "COLLEGIUM_PUBLIC_URL": self.url,
            "COLLEGIUM_SWEEP_S": "2",
            "COLLEGIUM_ROW_LEASE_S": "10",
            "COLLEGIUM_DISK_RESERVE_MB": "0",
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self._redis_port}/0",
            "SECRET_KEY": secrets.token_hex(32),
            "OMP_NUM_THREADS": "1",
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._commands = self._parts()

    def _parts(self) -> dict[str, list[str]]:
        hub = [sys.executable, "-m", "app.cli"]
        redis = [str(need("redis-server")), "--port", str(self._redis_port), "--bind", "127.0.0.1"]
        return {
            "redis": [*redis, "--save", "", "--appendonly", "no", "--dir", str(self.home)],
            "web": [*hub, "serve", "--port", str(self._port)],
            **{f"worker-{q.value}": [*hub, "worker", "--queue", q.value] for q in Queue},
            "beat": [*hub, "beat"],
        }

    def __enter__(self) -> "KilledHub":
        migrations.upgrade(self.database_url)
        self.database = Database(self.database_url)
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._running.values():
            _kill(process)
        self.database.engine.dispose()

    def start(self) -> None:
        """All parts; the database may be written by others until then."""
        self.restart_the_dead()

    def kill(self, part: str) -> None:
        """With -9, the whole group: a worker's parent and its children at once."""
        for name, process in self._running.items():
            if name.partition("-")[0] == part:
                _kill(process)

    def is_whole(self) -> bool:
        """Every part runs, and is the one that was started last."""
        return all(process.poll() is None for process in self._running.values())

    def restart_the_dead(self) -> None:
        for name, command in self._commands.items():
            known = self._running.get(name)
            if known is None or known.poll() is not None:
                self._running[name] = self._start(name, command)

    def _start(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.home / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()
