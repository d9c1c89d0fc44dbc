"""Tasks that read the same texts share their encoding: once forward, the same gradients as apart."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.learning import build
from worker.learning import local
from worker.learning.model.text import TextEncoder

SHEET = build.text_sheet()
MODEL = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4, "alpha": 4.0})


def second_task(task: Any) -> Any:
    """Another question about the same answers of the same students."""
    sheet = SHEET.model_copy(update={"name": "complete", "label": "complete"})
    return replace(task, sheet=sheet, label=1 - task.label)


def test_tasks_on_the_same_texts_encode_them_once(
    tiny_text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = build.answers(96, 1)
    other = second_task(task)
    ran: list[int] = []
    above = TextEncoder.above
    monkeypatch.setattr(
        TextEncoder, "above", lambda self, s, m, a: (ran.append(len(s)), above(self, s, m, a))[1]
    )
    plan = build.TRAINING.model_copy(update={"epochs": 1})
    manifest = build.manifest([SHEET, other.sheet], model=MODEL, training=plan)
    start = local.initial_modules(MODEL, manifest.tasks, bases={"text": tiny_text})
    where = build.folders(tmp_path) | {"bases": {"text": tiny_text}, "checkpoint": tmp_path / "c"}
    found = local.train(manifest, start, build.site(task, other), **where)
    texts = sum(
        bool(t) for t, s in zip(task.text["answer"], task.split, strict=True) if s == "train"
    )
    assert sum(ran) == texts, "once for both tasks"
    assert found["encoder/text"].weight == 2 * texts
    assert {"head/correct", "head/complete"} <= found.keys()


def test_a_shared_encoding_has_the_gradient_of_separate_ones(
    tiny_text: Path, tmp_path: Path
) -> None:
    """The slow oracle: every task encodes the texts itself."""
    from worker.learning.training.desk import laid

    task = build.answers(40, 1)
    data, tasks = build.site(task, second_task(task)), (SHEET, second_task(task).sheet)
    model = MODEL.model_copy(update={"dropout": 0.0})
    start = local.initial_modules(model, tasks, bases={"text": tiny_text})
    start["adapter/text"] = build.random_b(start, 3)
    where = {"bases": {"text": tiny_text}, "cache_dir": tmp_path, "on_progress": build.quiet}
    with laid(model, tasks, data, **where) as desk:
        rows = np.arange(40)
        given = [source.batch(rows) for source in desk.sources]
        shared = [given[0], replace(given[1], text=given[0].text)]
        gradients = []
        for batches in (given, shared):
            network = desk.network(start)
            network.loss(batches, training=False).backward()
            gradients.append([t.grad for _, t in network.parameters() if t.grad is not None])
    assert len(gradients[0]) > 20
    assert all(torch.allclose(a, b, atol=1e-6) for a, b in zip(*gradients, strict=True))


def test_tasks_on_other_texts_stay_apart(tiny_text: Path, tmp_path: Path) -> None:
    task = build.answers(96, 1)
    other = second_task(build.answers(96, 2))
    manifest = build.manifest([SHEET, other.sheet], model=MODEL)
    start = local.initial_modules(MODEL, manifest.tasks, bases={"text": tiny_text})
    where = build.folders(tmp_path) | {"bases": {"text": tiny_text}, "checkpoint": tmp_path / "c"}
    found = local.train(manifest, start, build.site(task, other), **where)
    assert found["fusion"].weight == 2 * float((task.split == "train").sum())
