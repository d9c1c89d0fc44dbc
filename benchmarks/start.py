"""From a fresh clone to the first page and the first finished run, as a newcomer's two hands would do it.

`install_s` and `install_mb` depend on the line to the package registries; the rest counts from the start of the
installed demo. `first_page_s`: its address is printed, and the page is here. `walk_s`: the walk's end, with central
training.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx

from benchmarks import wire
from benchmarks.harness import Measured, Options, main, say

ROOT = Path(__file__).resolve().parents[1]
_LONGEST_S = 900.0


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--source", type=Path, default=ROOT, help="the repository to clone")


def measure(options: Options) -> Measured:
    with tempfile.TemporaryDirectory(prefix="collegium-start-") as folder:
        clone = Path(folder) / "collegium"
        source = str(options.given.source)
        subprocess.run(["git", "clone", "--quiet", source, str(clone)], check=True)
        began = time.monotonic()
        # The recipe of `make demo` up to its last line: everything it installs and nothing it starts.
        targets = [".venv/.demo", "app/web/static/vendor/htmx.min.js"]
        subprocess.run(["make", "--silent", *targets], cwd=clone, check=True)
        install_s = time.monotonic() - began
        say(f"installed in {install_s:.0f} s")
        installed = sum(_megabytes(clone / name) for name in (".venv", "node_modules"))
        walk = _demo(clone)
    figures = {
        "install_s": round(install_s, 1),
        "install_mb": round(installed, 1),
        "first_page_s": round(walk["first_page_s"], 2),
        "first_run_s": round(walk["first_run_s"], 1),
        "walk_s": round(walk["walk_s"], 1),
        "memory_mb": round(walk["memory_mb"], 1),
    }
    return Measured(figures)


_MARKS = {
    "Open ": "first_page_s",
    "The first run is completed": "first_run_s",
    "All is done": "walk_s",
}


def _demo(clone: Path) -> dict[str, float]:
    """Seconds to the first page, the first run's end and the walk's end, and the most memory all processes held."""
    command = [".venv/bin/collegium-hub", "demo", "--home", "var/demo", "--port", "0"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, text=True)
    found = {"memory_mb": 0.0}
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, found, ended))
    watcher.start()
    assert process.stdout is not None
    try:
        for line in process.stdout:
            say(line.rstrip())
            if line.startswith("Open "):
                httpx.get(line.split()[1], timeout=60).raise_for_status()
            passed = time.monotonic() - began
            for mark, name in _MARKS.items():
                if line.startswith(mark):
                    found.setdefault(name, passed)
            if "walk_s" in found:
                return found
            if line.startswith("The walk stopped") or passed > _LONGEST_S:
                raise RuntimeError(f"the demo did not finish: {line.strip()}")
        raise RuntimeError("the demo ended before its walk did")
    finally:
        ended.set()
        watcher.join()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        process.stdout.close()


def _watch(pid: int, found: dict[str, float], ended: threading.Event) -> None:
    """Twice a second, so that a short peak is not missed by much."""
    while not ended.wait(0.5):
        found["memory_mb"] = max(found["memory_mb"], wire.unshared_mb(pid))


def _megabytes(folder: Path) -> float:
    """On disk, without following links."""
    files = (path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return sum(path.stat().st_size for path in files) / 1e6


if __name__ == "__main__":
    sys.exit(main("start", measure, add_arguments=arguments))
