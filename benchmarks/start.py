"""From a fresh clone to the first page and the first finished run, as a newcomer's two hands would do it.

`install_s` and `install_mb` depend on the line to the package registries; the other two count after that.
"""

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

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
        page_s, run_s, most_mb = _demo(clone)
    figures = {
        "install_s": round(install_s, 1),
        "install_mb": round(installed, 1),
        "first_page_s": round(page_s, 2),
        "first_run_s": round(run_s, 1),
        "memory_mb": round(most_mb, 1),
    }
    return Measured(figures)


def _demo(clone: Path) -> tuple[float, float, float]:
    """Seconds to the first page and to the end of the walk, and the most memory all processes held."""
    command = [".venv/bin/collegium-hub", "demo", "--home", "var/demo", "--port", "0"]
    began = time.monotonic()
    process = subprocess.Popen(command, cwd=clone, stdout=subprocess.PIPE, text=True)
    page_s = run_s = most = 0.0
    assert process.stdout is not None
    try:
        for line in process.stdout:
            say(line.rstrip())
            most = max(most, _memory(process.pid))
            passed = time.monotonic() - began
            if line.startswith("Open "):
                page_s = page_s or passed
            if line.startswith("All is done"):
                run_s = passed
                break
            if line.startswith("The walk stopped") or passed > _LONGEST_S:
                raise RuntimeError(f"the demo did not finish: {line.strip()}")
        most = max(most, _memory(process.pid))
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=120)
        process.stdout.close()
    return page_s, run_s, most


def _memory(pid: int) -> float:
    """Unshared memory of a process and all below it, in MB."""
    total = 0
    parent = psutil.Process(pid)
    for one in (parent, *parent.children(recursive=True)):
        try:
            total += one.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total / 1e6


def _megabytes(folder: Path) -> float:
    """On disk, without following links."""
    files = (path for path in folder.rglob("*") if not path.is_symlink() and path.is_file())
    return sum(path.stat().st_size for path in files) / 1e6


if __name__ == "__main__":
    sys.exit(main("start", measure, add_arguments=arguments))
