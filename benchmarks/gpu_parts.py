"""A small model of tables, sequences of answers, recordings and images, drawn: do all learn the same on a card?

With dropout, mixed records, PCGrad, a proximal term and decay; one listed value and one recording in three never
occur, so that rows which no record reaches can be told from others.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.gpu_site import _write
from worker.learning import local, simulate
from worker.learning.data.records import Events, Media, SiteData, TaskData
from worker.protocol.canonical import digest
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import EventColumn, Input, TaskSheet

COUNT = 96
KINDS = ("a", "b", "never")
MIXED = TaskSheet(
    name="mixed",
    target="Is it right, by numbers, voice and drawing?",
    label="right",
    labels=("no", "yes"),
    inputs=(
        Input(name="score"),
        Input(name="kind", kind="categorical", values=KINDS),
        Input(name="recording", kind="audio", modality="audio", bands=8, mean=-40, sd=20),
        Input(name="drawing", kind="image", modality="image", size=16),
    ),
)
LEVEL = MIXED.model_copy(
    update={"name": "level", "kind": "regression", "labels": (), "metric": "rmse"}
)
NEXT = TaskSheet(
    name="next",
    target="Will the next answer be right?",
    kind="next_answer",
    label="correct",
    inputs=(
        Input(
            name="answers",
            kind="events",
            modality="events",
            length=30,
            columns=(
                EventColumn(name="skill", values=KINDS),
                EventColumn(name="correct", kind="numeric"),
            ),
        ),
    ),
)
MODEL = ModelSpec(width=32, layers=2, heads=4, dropout=0.1, seed=5)
TRAINING = Training(
    epochs=2,
    batch=16,
    lr=1e-3,
    mixup=0.2,
    proximal=0.1,
    weight_decay=0.01,
    tasks_weighed="pcgrad",
)


def run(out: Path) -> None:
    """Writes the update of a round, twice, each with a cache of its own."""
    plan = simulate.Plan((MIXED, LEVEL, NEXT), MODEL, TRAINING, rounds=1)
    start = local.initial_modules(plan.model, plan.tasks, bases={})
    with tempfile.TemporaryDirectory() as work:
        data = _site(Path(work))
        for name in ("parts", "parts-again"):
            made = local.train(
                simulate.manifest(plan, "site", 1, start, JobKind.TRAIN),
                start,
                data,
                bases={},
                cache_dir=Path(work) / name,
                checkpoint=Path(work) / f"{name}.checkpoint",
                on_progress=_silent,
            )
            update = {f"{m}::{n}": a for m, one in made.items() for n, a in one.delta.items()}
            _write(out, name, update)
    print("{}")


def _silent(phase: Phase, step: int, steps: int) -> None:
    pass


def _site(folder: Path) -> SiteData:
    from PIL import Image

    source, sounds, drawings = np.random.default_rng(7), [], []
    label = source.integers(0, 2, COUNT)
    for n in range(COUNT):
        frames = source.normal(size=(int(source.integers(5, 20)), 8)) * 5 - 40 + 5 * label[n]
        np.save(folder / f"{n}.npy", frames.astype(np.float16))
        pixels = source.integers(0, 120, (16, 16, 3), dtype=np.uint8) + np.uint8(100 * label[n])
        Image.fromarray(pixels).save(folder / f"{n}.png")
        sounds.append(str(folder / f"{n}.npy") if n % 3 else "")
        drawings.append(str(folder / f"{n}.png"))
    media = {"recording": _media(sounds), "drawing": _media(drawings)}
    numeric = source.normal(size=(COUNT, 1)).astype(np.float32)
    kinds = source.integers(0, 3, (COUNT, 1)).astype(np.int64)
    shared: dict[str, Any] = {"numeric": numeric, "categorical": kinds, "media": media}
    level = (label + source.normal(size=COUNT)).astype(np.float32)
    return SiteData(
        {
            "mixed": _task(MIXED, label=label.astype(np.int64), **shared),
            "level": _task(LEVEL, label=level, **shared),
            "next": _task(
                NEXT, label=np.zeros(COUNT, np.int64), events={"answers": _events(source)}
            ),
        },
        digest(b"drawn"),
    )


def _media(paths: list[str]) -> Media:
    return Media(tuple(paths), tuple(digest(path.encode()) if path else "" for path in paths))


def _events(source: np.random.Generator) -> Events:
    lengths = source.integers(2, 30, COUNT)
    whole = int(lengths.sum())
    return Events(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        source.integers(1, 3, (whole, 1)).astype(np.int64),
        source.integers(0, 2, (whole, 1)).astype(np.float32),
    )


def _task(sheet: TaskSheet, **more: Any) -> TaskData:
    given: dict[str, Any] = {
        "numeric": np.zeros((COUNT, 0), np.float32),
        "categorical": np.zeros((COUNT, 0), np.int64),
        "text": {},
        "student": np.array([f"p{n}" for n in range(COUNT)]),
        "class_code": np.array(["C"] * COUNT),
        "term": np.array(["2026"] * COUNT),
        "split": np.array(["train"] * COUNT),
    }
    return TaskData(sheet=sheet, **(given | more))
