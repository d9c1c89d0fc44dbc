"""Flower, live: its own virtual environment, a SuperLink and a SuperNode for each site, all processes of one machine.

As its documentation starts them, with nothing turned off but TLS (ours speaks plain HTTP here too), telemetry and the
question for newer versions. A SuperNode starts a process for each message, which is Flower's default.
"""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import benchmarks
from benchmarks import peer_flower_stage as stages
from benchmarks import wire
from tests import servers
from tests.site import stage as sites

PINNED = "flwr==1.42.0"
PROJECT = f"""
[project]
name = "peer"
version = "1.0.0"
dependencies = ["{PINNED}"]

[tool.flwr.app]
publisher = "benchmark"

[tool.flwr.app.components]
serverapp = "app:server"
clientapp = "app:client"

[tool.flwr.app.config]
stage = ""
"""
APP = Path(benchmarks.__file__).parent / "peer_flower_app.py"


def environment(place: Path) -> Path:
    """The folder of its programs. Made if it is not there; our packages stand behind its own, nothing is written
    into ours."""
    programs = place / "bin"
    if not (programs / "flwr").exists():
        subprocess.run([sys.executable, "-m", "venv", str(place)], check=True)
        command = [str(programs / "pip"), "install", "--quiet", PINNED]
        subprocess.run(command, check=True, stdout=sys.stderr)
        [packages] = place.glob("lib/python*/site-packages")
        ours = [str(Path(benchmarks.__file__).parent.parent), sysconfig.get_path("purelib")]
        (packages / "behind.pth").write_text("\n".join(ours) + "\n", encoding="utf-8")
    return programs


@dataclass
class Flower:
    link: subprocess.Popen[bytes]
    nodes: list[subprocess.Popen[bytes]]
    wire: wire.Wire
    run: list[str]
    environ: dict[str, str]

    def train(self) -> None:
        """The whole run; returns when the server app has ended."""
        subprocess.run(self.run, env=self.environ, check=True, stdout=sys.stderr)


@contextmanager
def started(programs: Path, stage: stages.Stage) -> Iterator[Flower]:
    home = stage.folder / "flower"
    (home / "app").mkdir(parents=True)
    (home / "app" / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    shutil.copyfile(APP, home / "app" / "app.py")
    port = servers.free_port()
    config = f'[superlink]\ndefault = "here"\n[superlink.here]\naddress = "127.0.0.1:{port}"\n'
    (home / "config.toml").write_text(config + "insecure = true\n", encoding="utf-8")
    environ = sites.environment(
        FLWR_HOME=str(home),
        FLWR_TELEMETRY_ENABLED="0",
        FLWR_DISABLE_UPDATE_CHECK="1",
        PATH=f"{programs}{os.pathsep}{os.environ['PATH']}",
    )
    plain = ["--insecure", "--port"]
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, home)
        link = stack.enter_context(
            _process(
                [
                    str(programs / "flower-superlink"),
                    *plain,
                    str(port),
                    "--disable-runtime-dependency-installation",
                ],
                environ,
                home / "link.log",
            )
        )
        servers.wait_until(lambda: _answers(port), seconds=120, what="the SuperLink")
        between = stack.enter_context(wire.Wire(port))
        nodes = []
        for site in stage.folders:
            command = [str(programs / "flower-supernode"), *plain, str(servers.free_port())]
            command += ["--superlink", f"127.0.0.1:{between.port}"]
            command += ["--node-config", f'site="{site}" stage="{stage.folder}"']
            nodes.append(stack.enter_context(_process(command, environ, home / f"{site}.log")))
        run = [str(programs / "flwr"), "run", str(home / "app"), "here", "--stream"]
        run += ["--run-config", f'stage="{stage.folder}"']
        yield Flower(link, nodes, between, run, environ)


def _answers(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _process(
    command: list[str], environ: dict[str, str], log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environ, stdout=out, stderr=out)
    try:
        yield process
    finally:
        sites.stop(process)
