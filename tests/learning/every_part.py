"""One site with every modality and every kind of task: what each job of learning makes of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.learning import build
from tests.learning import test_modalities as parts
from tests.learning import test_pretrained_training as perceived
from worker.learning import local
from worker.learning.data.records import SiteData, TaskData
from worker.learning.own import Modules
from worker.learning.training.class_parts import FEWEST
from worker.protocol.codec import encode
from worker.protocol.manifest import Manifest, ModelSpec, Training

MODEL = build.MODEL.model_copy(
    update={"text": build.TEXT_MODEL, "rank": 4, "alpha": 4.0, "adapter_layers": 2, "width": 16}
)
TRAINING = Training(
    epochs=1,
    batch=16,
    lr=5e-3,
    seed=11,
    mixup=0.2,
    proximal=0.1,
    weight_decay=0.01,
    tasks_weighed="pcgrad",
    personal=0.3,
)
COUNT = 40
Found = dict[str, Any]


def tasks(root: Path) -> tuple[TaskData, ...]:
    """The answers stand in classes large enough for a head of their own."""
    answers = build.answers(6 * FEWEST, 1)
    again = answers.sheet.model_copy(update={"name": "complete", "label": "complete"})
    steps = np.arange(COUNT) % 4
    return (
        answers,
        replace(answers, sheet=again, label=1 - answers.label),
        build.records(build.binary_sheet(), COUNT, 2),
        build.records(build.multiclass_sheet(), COUNT, 3),
        parts.answered(COUNT),
        parts.heard(root / "sound", COUNT),
        parts.seen(root / "drawings", COUNT),
        parts.records(parts.STEPS, COUNT, label=steps),
        parts.records(parts.RUBRIC, COUNT, label=np.ones((COUNT, 2), np.float32)),
    )


def site(root: Path) -> SiteData:
    return build.site(*tasks(root))


def manifest(data: SiteData, spec: ModelSpec = MODEL, **changes: Any) -> Manifest:
    sheets = [one.sheet for one in data.tasks.values()]
    return build.manifest(sheets, **({"model": spec, "training": TRAINING, "rank": 2} | changes))


def trained(root: Path, data: SiteData, wanted: Manifest, bases: dict[str, Path]) -> dict[str, Any]:
    """Module to its difference after a round. Begins with an adapter that does something already."""
    start = first(wanted, bases)
    where = build.folders(root) | {"bases": bases, "checkpoint": root / "checkpoint"}
    return {n: one.delta for n, one in local.train(wanted, start, data, **where).items()}


def first(wanted: Manifest, bases: dict[str, Path]) -> Modules:
    start = local.initial_modules(wanted.model, wanted.tasks, bases=bases)  # type: ignore[arg-type]
    return start | ({"adapter/text": build.random_b(start, 3)} if "adapter/text" in start else {})


def judged(root: Path, data: SiteData, wanted: Manifest, bases: dict[str, Path]) -> dict[str, Any]:
    """Task to predictions by the model in use: shared, near it or alone, with classes' own heads."""
    where = build.folders(root) | {"bases": bases, "own_dir": root / "own"}
    found = local.predictions(wanted, first(wanted, bases), data, **where)
    return {name: one.prediction for name, one in found.items()}


def everything(root: Path, text: Path) -> dict[str, Any]:
    """Tensors by a name, of every job."""
    data, bases = site(root), {"text": text}
    made = trained(root, data, manifest(data), bases)
    return _flat(made) | judged(root, data, manifest(data, rank=None), bases)


def trained_alone(root: Path) -> Found:
    """A round of one table."""
    data = build.site(build.records(build.binary_sheet(), COUNT, 2))
    plain = build.MODEL
    return _flat(trained(root, data, manifest(data, plain, rank=None), {}))


def pretrained(root: Path, models: perceived.Models) -> dict[str, Any]:
    """The same of recordings and images read by base models."""
    data = perceived.site(perceived.made(root))
    bases = {"image": models.image, "audio": models.audio}
    return _flat(trained(root, data, manifest(data, models.spec), bases))


def _flat(modules: dict[str, Any]) -> dict[str, Any]:
    return {f"{m}::{name}": a for m, tensors in modules.items() for name, a in tensors.items()}


def digests(found: dict[str, Any]) -> dict[str, bytes]:
    return {name: encode({"it": np.asarray(array, np.float32)}) for name, array in found.items()}
