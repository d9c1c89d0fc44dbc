"""One device, one depth of adapters, every seed, in a process of its own: what `benchmarks.gpu` compares."""

import argparse
import json
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import gpu_model
from benchmarks import site_speed as essays
from benchmarks.site_speed_ours import SHEET, site
from worker.learning import device, local, simulate
from worker.learning.data.records import SiteData
from worker.learning.model.layout import is_pinned
from worker.learning.own import Own
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import ModelSpec, PinnedModel, Training

RANK, EPOCHS = 8, 2
Found = dict[str, Any]


class Clock:
    """Seconds of each phase: from the phase's word before it until its own last word."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(Phase, 0.0)
        self._last = time.perf_counter()

    def __call__(self, phase: Phase, step: int, steps: int) -> None:
        now = time.perf_counter()
        self.seconds[phase] += now - self._last
        self._last = now


def run(given: argparse.Namespace) -> None:
    """Prints one JSON object: per seed the seconds and peaks, and where the updates lie."""
    import torch

    here = device.chosen()
    with tempfile.TemporaryDirectory() as work:
        base = Path(work) / "base"
        everything = essays.essays(essays._source(given.data), 1, 10_000, 0)[0][0]
        pinned = gpu_model.make(base, everything, given.tokens, tuple(given.size))
        if not is_pinned(base, pinned):
            raise SystemExit("the text model is not what was pinned")
        _warm(given, base, pinned, Path(work))
        found = [
            _round(given, seed, base, pinned, Path(work) / f"{part}-{seed}", part)
            for part in given.parts
            for seed in given.seeds
        ]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = {"rounds": found, "peak_host_mb": peak, "device": device.named(here)}
    print(json.dumps(said | {"torch": torch.__version__}))


def _plan(given: argparse.Namespace, seed: int, pinned: PinnedModel) -> simulate.Plan:
    model = ModelSpec(
        width=48,
        layers=0,
        dropout=0.0,
        text=pinned,
        rank=RANK,
        alpha=float(RANK),
        adapter_layers=given.adapted,
        seed=seed,
    )
    training = Training(epochs=EPOCHS, batch=given.batch, lr=1e-3)
    return simulate.Plan((SHEET,), model, training, rounds=1, seed=seed)


def _warm(given: argparse.Namespace, base: Path, pinned: PinnedModel, work: Path) -> None:
    """Imports, the card's context, the first kernels: none of a round's seconds."""
    few = argparse.Namespace(**vars(given) | {"warm": 2, "held_out": 2})
    _round(few, 99, base, pinned, work / "warm", "warm")


def _round(
    given: argparse.Namespace, seed: int, base: Path, pinned: PinnedModel, work: Path, part: str
) -> Found:
    """A round as a live job takes part in it, and the evaluation after it."""
    count = {"few": given.few, "many": given.many, "warm": 2}[part.removesuffix("-again")]
    learnt, held = essays.essays(essays._source(given.data), seed, count, given.held_out)
    plan, clock = _plan(given, seed, pinned), Clock()
    where: dict[str, Any] = {"bases": {"text": base}, "cache_dir": work / "cache"}
    start = local.initial_modules(plan.model, plan.tasks, bases={"text": base})
    _forget()
    made, _ = local.take_part(
        simulate.manifest(plan, "site", 1, start, JobKind.TRAIN),
        start,
        Own(),
        site(learnt, "train"),
        checkpoint=work / "checkpoint",
        on_progress=clock,
        **where,
    )
    after = {
        module: {n: a + made[module].delta[n] for n, a in tensors.items()}
        for module, tensors in start.items()
    }
    judging = Clock()
    _evaluated(plan, after, site(held, "test"), where, judging)
    update = {f"{m}::{n}": a for m, one in made.items() for n, a in one.delta.items()}
    _write(given.out, f"{part}-{seed}", update)
    return _told(part, seed, count, given.held_out, clock, judging)


def _evaluated(
    plan: simulate.Plan, modules: Any, data: SiteData, where: dict[str, Any], clock: Clock
) -> None:
    manifest = simulate.manifest(plan, "site", 1, modules, JobKind.EVALUATE)
    local.evaluate(manifest, modules, data, on_progress=clock, **where)


def _told(part: str, seed: int, count: int, held: int, clock: Clock, judging: Clock) -> Found:
    return {
        "part": part,
        "seed": seed,
        "essays": count,
        "held_out": held,
        "loading_s": clock.seconds[Phase.LOADING],
        "features_s": clock.seconds[Phase.ENCODING],
        "training_s": clock.seconds[Phase.TRAINING],
        "evaluating_features_s": judging.seconds[Phase.ENCODING],
        "evaluating_s": judging.seconds[Phase.EVALUATING],
        "peak_gpu_mb": _peak_gpu_mb(),
    }


def _write(folder: Path, name: str, update: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    np.savez(folder / f"{name}.npz", **update)


def _forget() -> None:
    import torch

    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def _peak_gpu_mb() -> float:
    import torch

    return torch.cuda.max_memory_allocated() / 2**20 if torch.cuda.is_initialized() else 0.0


def environment(compute: str, threads: int) -> dict[str, str]:
    return os.environ | {
        "COLLEGIUM_COMPUTE": compute,
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }


Say = Callable[[str], None]
