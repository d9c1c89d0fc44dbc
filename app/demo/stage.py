"""The processes of the demo and where they keep their things: one hub, its workers, and a site per institution."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from app import embedded
from app.demo.scenario import Member, Scenario
from app.hub_processes import hub_command, start_hub
from app.processes import Child, Group

_FIRST_PAGE_S = 60.0


class NotReady(RuntimeError):
    """A process of the demo did not come up; the message says where its log is."""


@dataclass
class Stage:
    """`home` holds everything: `hub/`, `data/`, `sites/<slug>/`, `logs/`."""

    scenario: Scenario
    home: Path
    port: int
    group: Group

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def hub_home(self) -> Path:
        return self.home / "hub"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def mails(self) -> Path:
        return self.hub_home / "mail"

    def site_home(self, member: Member) -> Path:
        return self.home / "sites" / member.slug

    def settle(self) -> None:
        """Sets the environment of this process and so of its children."""
        os.environ.update(
            COLLEGIUM_ENVIRONMENT="demo",
            COLLEGIUM_HOME=str(self.hub_home),
            COLLEGIUM_PUBLIC_URL=self.address,
            COLLEGIUM_HUB_NAME="Collegium demo",
            COLLEGIUM_OPERATOR_NAME="The operators of the demo",
            COLLEGIUM_COUNTRY="GB",
            COLLEGIUM_SIMULATED="true" if self.scenario.name == "campus" else "false",
            COLLEGIUM_SWEEP_S="2",
            HF_HUB_OFFLINE="1",
        )
        # Four sites train at once on one computer: more threads than cores would only wait for each other.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        for name in ("DATABASE_URL", "REDIS_URL", "OBJECT_STORE_URL"):
            os.environ.pop(name, None)

    def raise_curtain(self) -> None:
        """Redis, web, workers, clock. Returns when the first page answers. Raises NotReady."""
        os.environ["REDIS_URL"] = embedded.start(self.group, self.hub_home)
        start_hub(self.group, "127.0.0.1", self.port)
        end = time.monotonic() + _FIRST_PAGE_S
        while not self._answers():
            self.group.check()
            if time.monotonic() > end:
                raise NotReady(f"the hub does not answer; see {self.home / 'logs' / 'web.log'}")
            time.sleep(0.1)

    def _answers(self) -> bool:
        try:
            return httpx.get(self.address, timeout=5, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False

    def start_site(self, member: Member) -> Child:
        command = site_command("--home", str(self.site_home(member)), "run")
        environment = self.site_environment(member)
        # They leave before the hub does, together: each hands its job back to it.
        return self.group.start(f"site-{member.slug}", command, environment, batch=1)

    def site_environment(self, member: Member) -> dict[str, str]:
        """A site knows nothing of the hub's settings."""
        return {"REDIS_URL": "", "COLLEGIUM_HOME": "", "SECRET_KEY": ""}

    def hub(self, *arguments: str) -> str:
        """A command of the hub, run to its end; its output. Raises NotReady with what it said."""
        return said(hub_command(*arguments))

    def site(self, member: Member, *arguments: str, answers: str = "") -> str:
        """A command at a site, as its data steward types it."""
        command = site_command("--home", str(self.site_home(member)), *arguments)
        return said(command, answers=answers, environment=self.site_environment(member))


def site_command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "worker.site", *arguments]


def said(
    command: list[str], *, answers: str = "", environment: dict[str, str] | None = None
) -> str:
    """Output of a command that ends well. Raises NotReady with its last words."""
    done = subprocess.run(
        command,
        input=answers,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    if done.returncode != 0:
        words = (done.stderr or done.stdout).strip()[-800:]
        raise NotReady(f"{' '.join(command[2:6])} … said: {words}")
    return done.stdout


def free_port(wanted: int) -> int:
    """`wanted`, or another free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise NotReady("no port of this computer is free")
