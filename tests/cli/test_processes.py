"""A group ends everything it started, in every way it can end."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.processes import ChildEnded, Group
from tests.servers import wait_until

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
FAMILY = [
    sys.executable,
    "-c",
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']);"
    "print('ready', flush=True); time.sleep(600)",
]


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_the_end_of_the_block_ends_children_and_their_children(tmp_path: Path) -> None:
    with Group(tmp_path) as group:
        child = group.start("family", FAMILY)
        wait_until(lambda: "ready" in (tmp_path / "family.log").read_text(), seconds=10, what="it")
        pids = [child.process.pid, *(p.pid for p in psutil.Process(child.process.pid).children())]
        assert len(pids) == 2
    wait_until(lambda: all(gone(pid) for pid in pids), seconds=5, what="their end")


def test_an_error_in_the_block_ends_them_too() -> None:
    with pytest.raises(ValueError, match="ours"), Group() as group:
        child = group.start("sleeper", SLEEPER)
        raise ValueError("ours")
    assert child.process.poll() is not None


def test_one_that_ignores_the_request_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.processes._GRACE_S", 0.3)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('deaf', flush=True); time.sleep(600)"
    )
    with Group(tmp_path) as group:
        child = group.start("stubborn", [sys.executable, "-c", stubborn])
        log = tmp_path / "stubborn.log"
        wait_until(lambda: "deaf" in log.read_text(), seconds=10, what="its deafness")
    assert child.process.returncode == -signal.SIGKILL


def test_a_higher_batch_has_left_before_a_lower_one_is_asked(tmp_path: Path) -> None:
    told = (
        "import signal, sys, time\n"
        "def leave(*_):\n"
        "    time.sleep(float(sys.argv[2])); open(sys.argv[1], 'w').write(str(time.time())); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, leave); print('ready', flush=True); time.sleep(600)\n"
    )
    with Group(tmp_path) as group:
        for name, wait, batch in (("hub", "0", 0), ("one", "0.3", 1), ("two", "0.3", 1)):
            command = [sys.executable, "-c", told, str(tmp_path / name), wait]
            group.start(name, command, batch=batch)
        logs = [tmp_path / f"{name}.log" for name in ("hub", "one", "two")]
        wait_until(
            lambda: all("ready" in log.read_text() for log in logs), seconds=10, what="all of them"
        )
    left = {name: float((tmp_path / name).read_text()) for name in ("hub", "one", "two")}
    assert left["hub"] > max(left["one"], left["two"])
    assert abs(left["one"] - left["two"]) < 0.25


def test_a_child_that_ends_by_itself_is_noticed() -> None:
    with Group() as group:
        child = group.start("short", [sys.executable, "-c", "raise SystemExit(3)"])
        child.process.wait()
        with pytest.raises(ChildEnded, match=r"short ended by itself \(code 3\)"):
            group.check()


def test_children_do_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time; from app.processes import Group; "
        f"g = Group(); c = g.start('sleeper', {SLEEPER!r}); print(c.process.pid, flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: gone(pid), seconds=5, what="the child's end")
