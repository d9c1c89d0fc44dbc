"""The hub's combining of 200 updates of 0.3 M parameters. `python -m benchmarks.aggregate --json`. It needs no data.

The product's own path, `worker.hub.contributions`, over files in the hub's object store: fetched and checked by digest,
opened, validated, summed module by module, the new states stored. Only the records around it (database, jobs) are left
out; `round_overhead` has them. The model is the product's layout (MiniLM's width, adapters of rank 8); the updates are
drawn, so there is nothing to learn. Each trial is a process of its own, which says by how much its resident size grew
over what it had before the first update (`peak_mb_N`).

`seconds`: 200 sites. `seconds_stacked`, `peak_mb_stacked_200`: the plain way in the same run: every file read by
safetensors, all updates in memory, one weighted mean per tensor, nothing checked. `seconds_flower` takes the formula
of Flower's `aggregate` (flwr.server.strategy.aggregate: lists of arrays, each multiplied, summed by `reduce`).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import reduce
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from app.objects import DiskStore
from benchmarks import harness
from worker.hub import contributions
from worker.hub.contributions import Sent, Standing, States
from worker.learning import aggregation
from worker.learning.model import layout
from worker.learning.model.layout import BaseShape
from worker.protocol import codec
from worker.protocol.codec import Array, Tensors
from worker.protocol.manifest import ModelSpec, PinnedModel
from worker.protocol.tasks import Input, TaskSheet
from worker.protocol.update import Receipt, UpdatedModule, UpdateHeader

SEEDS = (1, 2, 3)
SITES = 200
FEW = 20
SPEC = ModelSpec(
    width=132,
    layers=1,
    heads=4,
    text=PinnedModel(name="MiniLM", digest="0" * 64, files={}, bytes=0),
    adapter_layers=6,
)
SHEETS = tuple(
    TaskSheet(
        name=name,
        target="Whether the student fails",
        label="outcome",
        labels=("pass", "fail"),
        inputs=(Input(name="score"), Input(name="essay", modality="text", kind="text")),
    )
    for name in ("first", "second")
)
Trial = Callable[[Path, int], None]


def made(folder: Path, seed: int, sites: int) -> None:
    """The base and `sites` updates in a store; `told.json` names them."""
    store, source = DiskStore(folder), np.random.default_rng(seed)
    base = layout.initial(SPEC, SHEETS, {"text": BaseShape(384, 6)})
    bases = {module: store.put(codec.encode(tensors)) for module, tensors in base.items()}
    updates = []
    for _ in range(sites):
        drawn = {
            m: {n: source.normal(0, 0.01, a.shape).astype(np.float32) for n, a in tensors.items()}
            for m, tensors in base.items()
        }
        updates.append((store.put(codec.encode(codec.flat(drawn))), int(source.integers(50, 2000))))
    (folder / "told.json").write_text(json.dumps({"bases": bases, "updates": updates}))


def product(folder: Path, sites: int) -> None:
    store, told = DiskStore(folder), json.loads((folder / "told.json").read_text())
    bases: dict[str, str] = told["bases"]
    before = Standing(bases, {m: {d} for m, d in bases.items()}, {0: {}, 1: {}})
    states, usable = States(store), []
    with tempfile.TemporaryDirectory(dir=folder) as place:
        for number, (digest, weight) in enumerate(told["updates"][:sites]):
            one = _sent(store, Path(place), bases, f"site-{number:03d}", digest, weight)
            contributions.validate(states, before, one)
            usable.append(one)
        rule = aggregation.Rule(minimum_sites=2)
        for module, digest in sorted(bases.items()):
            contributions.combined(store, usable, module, digest, 1, before, rule)


def _sent(
    store: DiskStore, folder: Path, bases: dict[str, str], site: str, digest: str, weight: int
) -> Sent:
    header = UpdateHeader(
        job="job",
        claim=1,
        run="run",
        round=1,
        site=site,
        modules={m: UpdatedModule(base=d, weight=weight) for m, d in bases.items()},
        body=digest,
        bytes=1,
        receipt=Receipt(policy="0" * 64, policy_version=1),
        trained=datetime.now(UTC),
        software="benchmark",
    )
    return contributions.fetched(store, site, site, digest, header, folder)


def stacked(folder: Path, sites: int) -> None:
    weights, every, base = _read(folder, sites)
    shares = weights / weights.sum()
    for name, array in base.items():
        mean = np.tensordot(shares, np.stack([one[name] for one in every]), 1)
        codec.encode({name: (array + mean).astype(np.float32)})


def flower(folder: Path, sites: int) -> None:
    weights, every, base = _read(folder, sites)
    weighted = [
        [array * int(w) for array in one.values()] for one, w in zip(every, weights, strict=True)
    ]
    total = int(weights.sum())
    means: list[Array] = [reduce(np.add, layer) / total for layer in zip(*weighted, strict=True)]
    for (name, array), mean in zip(sorted(base.items()), means, strict=True):
        codec.encode({name: (array + mean).astype(np.float32)})


def _read(folder: Path, sites: int) -> tuple[Array, list[Tensors], Tensors]:
    store, told = DiskStore(folder), json.loads((folder / "told.json").read_text())
    some = told["updates"][:sites]
    every = [dict(sorted(load_file(store.path(digest)).items())) for digest, _ in some]
    base = codec.flat({m: codec.decode(store.get(d)) for m, d in told["bases"].items()})
    return np.array([weight for _, weight in some], np.float64), every, base


TRIALS: dict[str, Trial] = {"product": product, "stacked": stacked, "flower": flower}


def _trial(name: str, folder: Path, sites: int, answer: Connection) -> None:
    """In a process of its own. Answers seconds and the growth of its resident size, in MB."""
    TRIALS[name](folder, 2)  # what is loaded or allocated once is there before the measurement
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before, started = _resident("VmRSS"), time.perf_counter()
    TRIALS[name](folder, sites)
    seconds = time.perf_counter() - started
    answer.send((seconds, (_resident("VmHWM") - before) / 1024))


def _resident(field: str) -> int:
    """kB, of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1])
    raise RuntimeError(f"this system does not tell {field}")


def tried(name: str, folder: Path, sites: int) -> tuple[float, float]:
    processes = get_context("spawn")
    ours, theirs = processes.Pipe()
    child = processes.Process(target=_trial, args=(name, folder, sites, theirs))
    child.start()
    theirs.close()
    found: tuple[float, float] = ours.recv()
    child.join()
    return found


def one_seed(seed: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="aggregate-") as place:
        folder = Path(place)
        made(folder, seed, SITES)
        seconds, many = tried("product", folder, SITES)
        found = {"seconds": seconds, f"peak_mb_{SITES}": many}
        found[f"peak_mb_{FEW}"] = tried("product", folder, FEW)[1]
        for name in ("stacked", "flower"):
            found[f"seconds_{name}"], found[f"peak_mb_{name}_{SITES}"] = tried(name, folder, SITES)
    return found


def measure(options: harness.Options) -> harness.Measured:
    seeds: Sequence[int] = tuple(options.given.seeds)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        one = one_seed(seed)
        harness.say(f"seed {seed}: " + ", ".join(f"{k} {v:.3f}" for k, v in one.items()))
        for key, value in one.items():
            found.setdefault(key, []).append(value)
    figures: dict[str, float] = {key: float(np.mean(values)) for key, values in found.items()}
    if len(seeds) > 1:
        figures |= {f"{key}_sd": float(np.std(v, ddof=1)) for key, v in found.items()}
    base = layout.initial(SPEC, SHEETS, {"text": BaseShape(384, 6)})
    size = sum(array.size for tensors in base.values() for array in tensors.values())
    return harness.Measured(figures | {"sites": SITES, "parameters": size}, seeds)


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)


if __name__ == "__main__":
    sys.exit(harness.main("aggregate", measure, add_arguments=_arguments))
