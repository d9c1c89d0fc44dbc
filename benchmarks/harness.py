"""What every benchmark shares: its command line, and the one JSON line it ends with.

The last line of standard output is one object: name, data (digest or null), seeds, machine, seconds, figures.
Figures are a flat map from a plain name with its unit (`auc_central_day60`, `claim_p95_ms`) to a number. What
a person wants to see meanwhile goes to standard error by `say`.
"""

import argparse
import hashlib
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What the command line gave. `given` holds the benchmark's own arguments."""

    data: Path | None
    given: argparse.Namespace


@dataclass(frozen=True)
class Measured:
    """What a benchmark found. `data`: digest of the real records used, None if there were none."""

    figures: dict[str, float]
    seeds: Sequence[int] = ()
    data: str | None = None


def say(text: str) -> None:
    """Progress for the person who waits."""
    print(text, file=sys.stderr, flush=True)


def digest_of_files(files: Iterable[Path]) -> str:
    """SHA-256 over names and contents, in order of name."""
    whole = hashlib.sha256()
    for file in sorted(files, key=lambda path: path.name):
        whole.update(file.name.encode() + b"\0")
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


def machine() -> str:
    """Cores, processor and system, as far as a figure depends on them."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores, {_processor()}, {platform.system()}, Python {platform.python_version()}"


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def main(
    name: str,
    measure: Callable[[Options], Measured],
    *,
    add_arguments: Callable[[argparse.ArgumentParser], None] = lambda parser: None,
    needs_data: bool = False,
    argv: Sequence[str] | None = None,
) -> int:
    """Runs `measure` and prints its figures. Returns the exit status: 2 if the real records are not there."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", action="store_true", help="print the JSON line only")
    parser.add_argument("--data", type=Path, help="folder of the real data sets")
    add_arguments(parser)
    given = parser.parse_args(argv)
    if needs_data and (given.data is None or not given.data.is_dir()):
        say(f"{name} needs real records: give their folder with --data DIR.")
        return 2
    started = time.perf_counter()
    measured = measure(Options(given.data, given))
    line = {
        "name": name,
        "data": measured.data,
        "seeds": list(measured.seeds),
        "machine": machine(),
        "seconds": round(time.perf_counter() - started, 1),
        "figures": {key: _plain(value) for key, value in measured.figures.items()},
    }
    if not given.json:
        for key, value in measured.figures.items():
            print(f"{key:40} {_plain(value)}")
    print(json.dumps(line), flush=True)
    return 0


def _plain(value: float) -> float | int:
    """Six significant digits: enough for every figure, and readable."""
    return value if isinstance(value, int) else float(f"{value:.6g}")
