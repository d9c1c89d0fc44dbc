"""Our side of `site_speed`: one rubric of seven traits through `local.train`, as a site calls it."""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import site_speed as bench
from worker.learning import local, simulate
from worker.learning.data.records import SiteData, TaskData
from worker.learning.model.text import TextEncoder
from worker.learning.own import Modules
from worker.protocol.canonical import digest
from worker.protocol.codes import JobKind
from worker.protocol.manifest import ModelSpec, PinnedModel, Training
from worker.protocol.tasks import Input, TaskSheet

SHEET = TaskSheet(
    name="essay-rubric",
    target="The seven traits of the essay",
    kind="rubric",
    label=bench.TRAITS[0],
    traits=bench.TRAITS,
    label_mean=bench.MEAN,
    label_sd=bench.SD,
    metric="mcrmse",
    inputs=(Input(name="essay", modality="text", kind="text"),),
)


def measured(
    given: argparse.Namespace, folder: Path, learnt: bench.Essays, held: bench.Essays
) -> tuple[float, float, float]:
    """Seconds and processor seconds of training with an empty cache, and the error on the held-out essays."""
    plan = _plan(given)
    state = local.initial_modules(plan.model, plan.tasks, bases={"text": folder})
    TextEncoder(folder, plan.model)  # imports, as the peer has made its own by now
    with tempfile.TemporaryDirectory() as work:
        folders, own = simulate.Folders(Path(work), folder), site(learnt, "train")
        began, busy = time.perf_counter(), time.process_time()
        for number in range(1, plan.rounds + 1):
            state = _after(plan, number, state, own, folders)
        seconds, cpu_s = time.perf_counter() - began, time.process_time() - busy
        judged = simulate.judged(plan, state, site(held, "test"), folders)[SHEET.name]
    return seconds, cpu_s, bench.mcrmse(judged.prediction, held[1])


def _plan(given: argparse.Namespace) -> simulate.Plan:
    """An epoch a round. No dropout; the fusion has no layer of its own but its pooling."""
    model = ModelSpec(
        width=48,
        layers=0,
        dropout=0.0,
        text=PinnedModel(name="MiniLM", digest="0" * 64, files={}, bytes=0),
        rank=bench.RANK,
        alpha=bench.ALPHA,
        adapter_layers=1,
        seed=given.seed,
    )
    training = Training(epochs=1, batch=bench.BATCH, lr=given.lr, half_life=1.0)
    return simulate.Plan((SHEET,), model, training, rounds=bench.EPOCHS, seed=given.seed)


def _after(
    plan: simulate.Plan,
    number: int,
    state: Modules,
    own: SiteData,
    folders: simulate.Folders,
) -> Modules:
    found = local.train(
        simulate.manifest(plan, "site", number, state, JobKind.TRAIN),
        state,
        own,
        checkpoint=folders.work / f"checkpoint-{number}",
        **simulate.places(folders, "site"),
    )
    return {
        module: {name: array + found[module].delta[name] for name, array in tensors.items()}
        for module, tensors in state.items()
    }


def site(part: bench.Essays, split: str) -> SiteData:
    texts, scores = part
    n = len(texts)
    scaled = ((scores - bench.MEAN) / bench.SD).astype(np.float32)
    task = TaskData(
        sheet=SHEET,
        numeric=np.zeros((n, 0), np.float32),
        categorical=np.zeros((n, 0), np.int64),
        text={"essay": texts},
        label=scaled,
        student=np.array([f"{split}-{number}" for number in range(n)]),
        class_code=np.array(["essays"] * n),
        term=np.array(["corpus"] * n),
        split=np.array([split] * n),
    )
    return SiteData({SHEET.name: task}, digest("|".join(texts).encode()))
