"""PCGrad: what several tasks ask of shared parts, against the paper's algorithm written out on whole gradients."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.learning import build
from tests.learning.test_text_shared import MODEL, SHEET, second_task
from worker.learning import local
from worker.learning.training import conflict
from worker.protocol.codec import Tensors, encode

Floats = npt.NDArray[np.float64]
NUMBERS = st.floats(-5, 5, allow_subnormal=False).map(lambda x: round(x, 3))
TASKS = st.integers(1, 5).flatmap(lambda n: arrays(np.float64, (n, 6), elements=NUMBERS))
TWO = arrays(np.float64, (2, 6), elements=NUMBERS)


def projected(gradients: Floats) -> Floats:
    """Algorithm 1 as it is printed: every gradient is moved, the others stay as they were."""
    found = np.zeros(gradients.shape[1])
    for mine, gradient in enumerate(gradients):
        left = gradient.copy()
        for other in torch.randperm(len(gradients)).tolist():
            if other != mine and left @ gradients[other] < 0:
                against = gradients[other]
                left -= left @ against / (against @ against) * against
        found += left
    return found


def shares(gradients: Floats) -> Floats:
    found: Floats = conflict.shares(torch.from_numpy(gradients @ gradients.T)).numpy()
    return found


@given(TASKS, st.integers(0, 2**31))
def test_products_alone_give_the_step_of_whole_gradients(gradients: Floats, seed: int) -> None:
    """But where nothing is left of a gradient: its sign against the others is then a rounding error."""
    torch.manual_seed(seed)
    slow = projected(gradients)
    torch.manual_seed(seed)
    assert shares(gradients) @ gradients == pytest.approx(slow, abs=1e-6)


@given(TWO)
def test_of_two_tasks_neither_is_worked_against(gradients: Floats) -> None:
    step = shares(gradients) @ gradients
    assert (gradients @ step >= -1e-9).all()


def test_tasks_that_agree_are_added() -> None:
    assert shares(np.array([[1.0, 0.0], [1.0, 2.0], [0.0, 3.0]])).tolist() == [1, 1, 1]


def test_two_tasks_by_hand() -> None:
    """(1, 0) and (-1, 1): each loses half of the other's length squared: (.5, .5) + (0, 1)."""
    gradients = np.array([[1.0, 0.0], [-1.0, 1.0]])
    assert shares(gradients) @ gradients == pytest.approx([0.5, 1.5])


def site(count: int = 96, **changes: Any) -> tuple[Any, tuple[Any, ...]]:
    """Two questions about the same answers, one the opposite of the other."""
    task = replace(build.answers(count, 1), **changes)
    other = second_task(task)
    return build.site(task, other), (SHEET, other.sheet)


def test_heads_learn_as_before_and_shared_parts_by_the_slow_way(
    tiny_text: Path, tmp_path: Path
) -> None:
    from worker.learning.training.desk import laid

    data, tasks = site(40, label=np.ones(40, np.int64))
    model = MODEL.model_copy(update={"dropout": 0.0})
    start = local.initial_modules(model, tasks, bases={"text": tiny_text})
    start["adapter/text"] = build.random_b(start, 3)
    start["head/complete"] = start["head/correct"]
    where = {"bases": {"text": tiny_text}, "cache_dir": tmp_path, "on_progress": build.quiet}
    with laid(model, tasks, data, **where) as desk:
        first = desk.sources[0].batch(np.arange(40))
        batches = [first, desk.sources[1].batch(np.arange(40), first)]
        each = []
        for batch in batches:
            network = desk.network(start)
            network.loss([batch], training=False).backward()
            each.append([(n, t.grad, t) for n, t in network.parameters()])
        network = desk.network(start)
        named = list(network.parameters())
        torch.manual_seed(5)
        conflict.backward(network.losses(batches, training=False), named)
    shared = [n for n, _ in named if not n.startswith("head/")]

    def whole(one: Any) -> Floats:
        parts = {n: np.zeros(t.shape) if g is None else g.numpy() for n, g, t in one}
        return np.concatenate([parts[n].ravel() for n in shared]).astype(np.float64)

    torch.manual_seed(5)
    slow = projected(np.stack([whole(one) for one in each]))
    found = np.concatenate([t.grad.numpy().ravel() for n, t in named if n in shared])
    assert found == pytest.approx(slow, abs=1e-5)
    plain = np.sum([whole(one) for one in each], axis=0)
    assert np.abs(found - plain).max() > 1e-3, "the two do pull apart"
    for name, tensor in named:
        own = [g for one in each for n, g, _ in one if n == name and g is not None]
        if name.startswith("head/"):
            assert torch.equal(tensor.grad, own[0])


def trained(root: Path, tiny: Path, **changes: Any) -> dict[str, Tensors]:
    data, tasks = changes.pop("records", None) or site()
    training = build.TRAINING.model_copy(update=changes.pop("training", {}))
    manifest = build.manifest(tasks, model=MODEL, training=training, **changes)
    start = local.initial_modules(MODEL, tasks, bases={"text": tiny})
    where = build.folders(root) | {"bases": {"text": tiny}, "checkpoint": root / "c"}
    found = local.train(manifest, start, data, **where)
    return {name: one.delta for name, one in found.items()}


def test_a_site_trains_by_it_and_alone_on_a_step_it_changes_nothing(
    tiny_text: Path, tmp_path: Path
) -> None:
    chosen = {"training": {"tasks_weighed": "pcgrad"}}
    plain, by_it = trained(tmp_path / "1", tiny_text), trained(tmp_path / "2", tiny_text, **chosen)
    assert encode(plain["fusion"]) != encode(by_it["fusion"])
    again = trained(tmp_path / "3", tiny_text, **chosen)
    assert all(encode(by_it[name]) == encode(again[name]) for name in by_it)
    task = build.answers(96, 1)
    one = {"records": (build.site(task), (SHEET,))}
    apart = trained(tmp_path / "4", tiny_text, **one)
    same = trained(tmp_path / "5", tiny_text, **one, **chosen)
    assert all(encode(apart[name]) == encode(same[name]) for name in apart)


def test_a_smaller_rank_stays_smaller(tiny_text: Path, tmp_path: Path) -> None:
    found = trained(tmp_path, tiny_text, training={"tasks_weighed": "pcgrad"}, rank=2)
    moved = [np.abs(rows).sum(axis=1) > 0 for rows in found["adapter/text"].values()]
    assert all(one[:2].any() and not one[2:].any() for one in moved)
