"""Our side of `site_speed`: seven task sheets on the same essays through `local.train`, as a site calls it."""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import site_speed as bench
from worker.learning import local, simulate
from worker.learning.data.records import SiteData, TaskData
from worker.learning.model.text import TextEncoder
from worker.protocol.canonical import digest
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import ModelSpec, PinnedModel, Training
from worker.protocol.tasks import Input, TaskSheet

SHEETS = tuple(
    TaskSheet(
        name=trait.lower(),
        target=f"The score of the trait {trait}",
        kind="regression",
        label=trait,
        label_mean=bench.MEAN,
        label_sd=bench.SD,
        metric="rmse",
        inputs=(Input(name="essay", modality="text", kind="text"),),
    )
    for trait in bench.TRAITS
)


def measured(
    given: argparse.Namespace, folder: Path, learnt: bench.Essays, held: bench.Essays
) -> tuple[float, float, float]:
    """Seconds and processor seconds of training with an empty cache, and the error on the held-out essays."""
    pinned = PinnedModel(name="MiniLM", digest="0" * 64, files={}, bytes=0)
    spec = ModelSpec(
        text=pinned, rank=bench.RANK, alpha=bench.ALPHA, adapter_layers=2, seed=given.seed
    )
    training = Training(epochs=bench.EPOCHS, batch=bench.BATCH, lr=bench.LR, seed=given.seed)
    plan = simulate.Plan(tasks=SHEETS, model=spec, training=training, rounds=1)
    start = local.initial_modules(spec, SHEETS, bases={"text": folder})
    TextEncoder(folder, spec)  # imports, as the peer has made its own by now
    with tempfile.TemporaryDirectory() as work:
        manifest = simulate.manifest(plan, "site", 1, start, JobKind.TRAIN)
        began, busy = time.perf_counter(), time.process_time()
        found = local.train(
            manifest,
            start,
            site(learnt, "train"),
            bases={"text": folder},
            cache_dir=Path(work),
            checkpoint=Path(work) / "checkpoint",
            on_progress=_silent,
        )
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
        after = {
            module: {name: array + found[module].delta[name] for name, array in tensors.items()}
            for module, tensors in start.items()
        }
        folders = simulate.Folders(Path(work), folder)
        judged = simulate.judged(plan, after, site(held, "test"), folders)
    predicted = np.stack([judged[sheet.name].prediction for sheet in SHEETS], axis=1)
    return seconds, cpu_s, bench.mcrmse(predicted, held[1])


def site(part: bench.Essays, split: str) -> SiteData:
    texts, scores = part
    n = len(texts)
    scaled = ((scores - bench.MEAN) / bench.SD).astype(np.float32)
    tasks = {
        sheet.name: TaskData(
            sheet=sheet,
            numeric=np.zeros((n, 0), np.float32),
            categorical=np.zeros((n, 0), np.int64),
            text={"essay": texts},
            label=scaled[:, place],
            student=np.array([f"{split}-{number}" for number in range(n)]),
            class_code=np.array(["essays"] * n),
            term=np.array(["corpus"] * n),
            split=np.array([split] * n),
        )
        for place, sheet in enumerate(SHEETS)
    }
    return SiteData(tasks, digest("|".join(texts).encode()))


def _silent(phase: Phase, step: int, steps: int) -> None:
    """Nobody waits."""
