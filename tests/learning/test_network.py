"""The forward pass against a second, slow implementation in NumPy, and against numbers done by hand."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.learning import build
from worker.learning import local
from worker.learning.faults import StateMismatch
from worker.learning.model import fusion, layout, losses, table
from worker.learning.model.batch import Batch, partners
from worker.learning.model.layout import TaskColumns
from worker.learning.model.network import Network
from worker.learning.training.batches import Source

Array = np.ndarray[Any, Any]


def test_tokens_by_hand() -> None:
    part = {
        "weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "bias": torch.tensor([[0.5, 0.5], [1.0, 1.0]]),
        "missing": torch.tensor([[7.0, 7.0], [9.0, 9.0]]),
        "values.band": torch.tensor([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]]),
    }
    columns = TaskColumns(numeric=(1, 0), categorical=("band",), text=(), modalities=(0,))
    numeric = torch.tensor([[2.0, float("nan")]])
    found = table.tokens(part, columns, numeric, torch.tensor([[2]]))
    assert torch.allclose(found, torch.tensor([[[7.0, 9.0], [7.0, 7.0], [2.0, 2.1]]]))


def test_pooling_by_hand() -> None:
    """Two tokens, query 0: their mean times sqrt(2). The third token is masked. The closing MLP is zero."""
    part = {
        "query": torch.zeros(2),
        "norm.scale": torch.ones(2),
        "norm.shift": torch.zeros(2),
        "out.mlp.norm.scale": torch.ones(2),
        "out.mlp.norm.shift": torch.zeros(2),
        "out.mlp.rise.weight": torch.zeros(4, 2),
        "out.mlp.rise.bias": torch.zeros(4),
        "out.mlp.fall.weight": torch.zeros(2, 4),
        "out.mlp.fall.bias": torch.zeros(2),
    }
    tokens = torch.tensor([[[1.0, 3.0], [5.0, 7.0], [100.0, 100.0]]])
    mask = torch.tensor([[True, True, False]])
    found = fusion.fuse(part, tokens, mask, layers=0, heads=1, dropout=0.0)
    assert torch.allclose(found, torch.tensor([[3.0, 5.0]]) * math.sqrt(2))


def _norm(x: Array, scale: Array, shift: Array) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5) * scale + shift


def _mlp(part: dict[str, Array], name: str, x: Array) -> Array:
    inner = _norm(x, part[f"{name}.mlp.norm.scale"], part[f"{name}.mlp.norm.shift"])
    inner = inner @ part[f"{name}.mlp.rise.weight"].T + part[f"{name}.mlp.rise.bias"]
    inner = inner * 0.5 * (1 + np.vectorize(math.erf)(inner / np.sqrt(2)))
    return inner @ part[f"{name}.mlp.fall.weight"].T + part[f"{name}.mlp.fall.bias"]


def _softmax(x: Array) -> Array:
    shifted = np.exp(x - x.max())
    return shifted / shifted.sum()


def _slow(part: dict[str, Array], tokens: Array, heads: int) -> Array:
    """One record, only tokens that take part: loops over heads and tokens."""
    width = tokens.shape[1]
    size = width // heads
    normed = _norm(tokens, part["layer0.norm.scale"], part["layer0.norm.shift"])
    joint = normed @ part["layer0.attention.weight"].T + part["layer0.attention.bias"]
    seen = np.zeros_like(tokens)
    for head in range(heads):
        q, k, v = (
            joint[:, i * width + head * size : i * width + (head + 1) * size] for i in range(3)
        )
        for t in range(len(tokens)):
            seen[t, head * size : (head + 1) * size] = _softmax(q[t] @ k.T / np.sqrt(size)) @ v
    tokens = tokens + seen @ part["layer0.join.weight"].T + part["layer0.join.bias"]
    tokens = tokens + _mlp(part, "layer0", tokens)
    weights = _softmax(_norm(tokens, part["norm.scale"], part["norm.shift"]) @ part["query"])
    pooled = weights @ tokens * np.sqrt(len(tokens))
    return pooled + _mlp(part, "out", pooled)


def test_the_forward_pass_is_that_of_the_slow_oracle() -> None:
    sheet = build.binary_sheet()
    task = build.records(sheet, 12, 5, missing=0.3)
    task.numeric[0] = np.nan
    task.categorical[0] = 0
    modules = local.initial_modules(build.MODEL, [sheet], bases={})
    network = Network(build.MODEL, [sheet], modules)
    batch = Batch(
        sheet.name,
        torch.from_numpy(task.numeric),
        torch.from_numpy(task.categorical),
        (),
        torch.from_numpy(task.label),
    )
    found = network.forward(batch, training=False).detach().numpy()
    part = {n: a.astype(np.float64) for n, a in modules["encoder/table"].items()}
    whole = {n: a.astype(np.float64) for n, a in modules["fusion"].items()}
    head = modules["head/at-risk"]
    for row in range(12):
        x, code = task.numeric[row].astype(np.float64), task.categorical[row, 0]
        tokens = [
            part["missing"][i] if np.isnan(v) else v * part["weight"][i] + part["bias"][i]
            for i, v in enumerate(x)
        ]
        tokens.append(part["values.band"][code])
        gone = row == 0
        taking_part = whole["absent"] if gone else np.stack(tokens)
        logit = head["weight"] @ _slow(whole, taking_part, 2) + head["bias"]
        assert found[row] == pytest.approx(logit, abs=1e-5)


def test_a_record_without_any_value_is_told_by_the_absent_token_alone() -> None:
    sheet = build.binary_sheet()
    network = Network(build.MODEL, [sheet], local.initial_modules(build.MODEL, [sheet], bases={}))
    empty = Batch(
        sheet.name,
        torch.full((1, 2), float("nan")),
        torch.zeros((1, 1), dtype=torch.int64),
        (),
        torch.zeros(1, dtype=torch.int64),
    )
    before = network.forward(empty, training=False).item()
    network.parts["encoder/table"]["missing"].data += 1.0
    assert network.forward(empty, training=False).item() == before
    network.parts["fusion"]["absent"].data += 1.0
    assert network.forward(empty, training=False).item() != before


def test_modules_that_do_not_fit_are_refused() -> None:
    sheet = build.binary_sheet()
    modules = local.initial_modules(build.MODEL, [sheet], bases={})
    with pytest.raises(StateMismatch, match="are not"):
        Network(build.MODEL, [sheet], {k: v for k, v in modules.items() if k != "fusion"})
    wrong = modules | {"head/at-risk": modules["head/at-risk"] | {"bias": np.zeros(2, np.float32)}}
    with pytest.raises(StateMismatch, match="head/at-risk"):
        Network(build.MODEL, [sheet], wrong)
    broken = modules | {
        "head/at-risk": modules["head/at-risk"] | {"bias": np.full(1, np.nan, np.float32)}
    }
    with pytest.raises(StateMismatch, match="finite"):
        Network(build.MODEL, [sheet], broken)


def test_records_are_mixed_with_others_alike() -> None:
    """Only records that show the same tokens are mixed; the third has no one alike."""
    mask = torch.tensor([[True, False], [True, False], [False, True]])
    drawn = []
    for seed in range(40):
        torch.manual_seed(seed)
        share, other = partners(mask, 0.4)
        assert share.shape == (3,) and bool(((share >= 0) & (share <= 1)).all())
        assert len(set(share.tolist())) == 3, "each record has a share of its own"
        drawn.append(tuple(other.tolist()))
    assert set(drawn) == {(0, 1, 2), (1, 0, 2), (0, 0, 2), (1, 1, 2)}


def test_what_a_mixed_record_is_held_to_by_hand() -> None:
    """Squared errors to its own label and the other's, by its share; a trait not judged counts for nothing."""
    sheet = build.regression_sheet()
    given, share = torch.tensor([[1.0], [2.0]]), torch.tensor([0.25, 1.0])
    known, others = torch.tensor([0.0, 5.0]), torch.tensor([3.0, 7.0])
    found = losses.mixed(sheet, given, known, others, share)
    assert found.item() == pytest.approx((0.25 * 1 + 0.75 * 4 + 9) / 2)
    rubric = sheet.model_copy(
        update={"kind": "rubric", "metric": "pcc", "label": "a", "traits": ("a", "b")}
    )
    judged = torch.tensor([[0.0, float("nan")], [1.0, 1.0]])
    given = torch.ones(2, 2, requires_grad=True)
    found = losses.mixed(rubric, given, judged, judged, torch.full((2,), 0.5))
    found.backward()  # type: ignore[no-untyped-call]
    assert found.item() == pytest.approx(1 / 3)
    assert given.grad is not None and given.grad.tolist() == [[pytest.approx(2 / 3), 0], [0, 0]]


def test_mixing_moves_the_gradient_and_only_in_training() -> None:
    sheet = build.binary_sheet()
    data = build.records(sheet, 40, 1)
    modules = layout.initial(build.MODEL, (sheet,), None)
    network = Network(build.MODEL, (sheet,), modules)
    batch = Source(data).batch(np.arange(40))

    def loss(training: bool, mixup: float) -> float:
        torch.manual_seed(7)
        return float(network.loss([batch], training=training, mixup=mixup).detach())

    assert loss(True, 0.4) != loss(True, 0.0)
    assert loss(False, 0.4) == loss(False, 0.0)
