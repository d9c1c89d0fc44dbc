"""Small task sheets, records and manifests to learn from. Everything is generated; nothing stands for a school."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from worker.learning.data.records import SiteData, TaskData
from worker.protocol.canonical import digest
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import Manifest, ModelSpec, PinnedModel, Training
from worker.protocol.tasks import Input, TaskSheet

WORDS = (
    "current",
    "bulb",
    "battery",
    "switch",
    "closed",
    "open",
    "path",
    "terminal",
    "gap",
    "voltage",
)
GOOD = ("closed", "path")
MODEL = ModelSpec(width=8, layers=1, heads=2, dropout=0.1, seed=3)
TRAINING = Training(epochs=2, batch=16, lr=5e-3, seed=11)
TEXT_MODEL = PinnedModel(name="tiny", digest="a" * 64, files={}, bytes=0)


def binary_sheet(**changes: Any) -> TaskSheet:
    given: dict[str, Any] = {
        "name": "at-risk",
        "target": "Whether the student fails",
        "label": "outcome",
        "labels": ("pass", "fail"),
        "inputs": (
            Input(name="score"),
            Input(name="late"),
            Input(name="band", kind="categorical", values=("low", "high")),
        ),
        "simple_rule": "score",
    }
    return TaskSheet(**(given | changes))


def regression_sheet() -> TaskSheet:
    return TaskSheet(
        name="next-score",
        target="The score of the next assessment",
        kind="regression",
        label="next",
        label_mean=60.0,
        label_sd=15.0,
        metric="rmse",
        inputs=(Input(name="score"), Input(name="effort")),
        simple_rule="score",
    )


def multiclass_sheet() -> TaskSheet:
    return TaskSheet(
        name="grade",
        target="The grade of the course",
        kind="multiclass",
        label="grade",
        labels=("a", "b", "c"),
        metric="macro_f1",
        inputs=(Input(name="score"), Input(name="late")),
    )


def text_sheet() -> TaskSheet:
    return TaskSheet(
        name="correct",
        target="Whether the short answer is correct",
        label="correct",
        labels=("no", "yes"),
        inputs=(Input(name="answer", modality="text", kind="text"), Input(name="score")),
    )


def splits(count: int) -> np.ndarray[Any, Any]:
    """Of five students in a row three train, one validates, one tests."""
    return np.array(["train", "train", "train", "validation", "test"])[np.arange(count) % 5]


def records(sheet: TaskSheet, count: int, seed: int, *, missing: float = 0.1) -> TaskData:
    """Labels depend on the first two numeric inputs, so there is something to learn."""
    source = np.random.default_rng(seed)
    numeric_names = [i.name for i in sheet.inputs if i.kind == "numeric"]
    numeric = source.normal(size=(count, len(numeric_names))).astype(np.float32)
    signal = numeric[:, 0] * 1.5 + source.normal(size=count) * 0.5
    categorical = [i for i in sheet.inputs if i.kind == "categorical"]
    codes = (
        np.stack([source.integers(0, len(i.values) + 1, count) for i in categorical], 1)
        if (categorical)
        else np.zeros((count, 0), np.int64)
    )
    numeric[source.random(numeric.shape) < missing] = np.nan
    numbers = np.arange(count)
    return TaskData(
        sheet=sheet,
        numeric=numeric,
        categorical=codes.astype(np.int64),
        text={i.name: [""] * count for i in sheet.inputs if i.kind == "text"},
        label=_label(sheet, signal),
        student=np.array([f"p{seed}-{n}" for n in numbers]),
        class_code=np.array([f"C{n // 5 % 2}" for n in numbers]),
        term=np.array(["2026"] * count),
        split=splits(count),
    )


def _label(sheet: TaskSheet, signal: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if sheet.kind == "regression":
        return signal.astype(np.float32)
    edges = [0.0] if sheet.kind == "binary" else [-0.8, 0.8]
    return np.digitize(signal, edges).astype(np.int64)


def answers(count: int, seed: int, *, absent: float = 0.2) -> TaskData:
    """Short answers; right ones contain both words of GOOD."""
    source = np.random.default_rng(seed)
    label = source.integers(0, 2, count)
    texts = []
    for right in label:
        drawn = [w for w in source.choice(WORDS, 4) if w not in GOOD or not right]
        texts.append(" ".join([*GOOD, *drawn] if right else [w for w in drawn if w != GOOD[0]]))
    gone = source.random(count) < absent
    texts = ["" if lost else text for lost, text in zip(gone, texts, strict=True)]
    base = records(text_sheet(), count, seed)
    return replace(base, label=label.astype(np.int64), text={"answer": texts})


def site(*tasks: TaskData) -> SiteData:
    """The digest here covers what these tests change: the numbers, texts and labels."""
    told = "|".join(
        f"{t.sheet.name}{t.numeric.tobytes().hex()}{t.categorical.tolist()}{t.label.tolist()}{t.text}"
        for t in tasks
    )
    return SiteData({t.sheet.name: t for t in tasks}, digest(told.encode()))


def manifest(tasks: Sequence[TaskSheet], **changes: Any) -> Manifest:
    given: dict[str, Any] = {
        "job": "job-1",
        "kind": JobKind.TRAIN,
        "site": "site-1",
        "institution": "institution-1",
        "federation": "federation-1",
        "run": "run-1",
        "round": 1,
        "issued": datetime(2026, 1, 1, tzinfo=UTC),
        "expires": datetime(2026, 1, 2, tzinfo=UTC),
        "tasks": tuple(tasks),
        "model": MODEL,
        "modules": {},
        "training": TRAINING,
        "cohort": 3,
        "minimum_cell": 10,
    }
    return Manifest(**(given | changes))


def quiet(phase: Phase, step: int, steps: int) -> None:
    pass


def folders(root: Path) -> dict[str, Any]:
    """The keyword arguments every job takes, without text."""
    return {"bases": {}, "cache_dir": root / "cache", "on_progress": quiet}


def random_b(start: dict[str, Tensors], seed: int) -> Tensors:
    source = np.random.default_rng(seed)
    return {
        name: source.normal(size=a.shape).astype(np.float32) * 0.1
        for name, a in start["adapter/text"].items()
    }
