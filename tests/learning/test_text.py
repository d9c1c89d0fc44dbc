"""The text path: cut, cached, adapted; against the whole model and against peft."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import layer_norm

from tests.learning import build
from worker.learning import aggregation, local
from worker.learning.faults import ModelMissing
from worker.learning.model.text import TextEncoder
from worker.protocol.adapters import WEIGHTS, common_a, peft_files
from worker.protocol.codec import Tensors, decode, encode
from worker.protocol.manifest import ModelSpec

SHEET = build.text_sheet()
MODEL = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 4, "alpha": 4.0})
TEXTS = ["the closed path", "open switch gap voltage bulb", "battery"]


def torched(tensors: Tensors) -> dict[str, torch.Tensor]:
    return {name: torch.from_numpy(array) for name, array in tensors.items()}


def padded(encoder: TextEncoder, texts: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    found = [torch.from_numpy(encoder.below(text)) for text in texts]
    longest = max(len(states) for states in found)
    states = torch.zeros(len(texts), longest, encoder.hidden)
    mask = torch.zeros(len(texts), longest, dtype=torch.bool)
    for row, one in enumerate(found):
        states[row, : len(one)], mask[row, : len(one)] = one, True
    return states, mask


def whole_model(folder: Path, texts: list[str], second: list[str] | None = None) -> torch.Tensor:
    """Mean of every layer over real tokens, all texts in one padded batch, nothing of ours."""
    from transformers import AutoModel

    return means_of(AutoModel.from_pretrained(folder).eval(), folder, texts, second)


def means_of(model: Any, folder: Path, texts: list[str], second: Any = None) -> torch.Tensor:
    """(texts, layers + 1, hidden), each of mean 0 and spread 1."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    given = tokenizer(texts, second, padding=True, return_tensors="pt")
    with torch.no_grad():
        states = torch.stack(model(**given, output_hidden_states=True).hidden_states, dim=1)
    mask = given["attention_mask"][:, None, :, None].float()
    return layer_norm((states * mask).sum(2) / mask.sum(2), states.shape[-1:])


@pytest.mark.parametrize("model", ["tiny_text", "minilm"])
@pytest.mark.parametrize("adapter_layers", [0, 1, 2, 9])
def test_cutting_the_model_changes_nothing(
    request: pytest.FixtureRequest, model: str, adapter_layers: int
) -> None:
    folder = request.getfixturevalue(model)
    encoder = TextEncoder(folder, MODEL.model_copy(update={"adapter_layers": adapter_layers}))
    found = encoder.above(*padded(encoder, TEXTS), {})
    assert torch.allclose(found, whole_model(folder, TEXTS), atol=1e-4)


@pytest.mark.parametrize("model", ["tiny_text", "minilm"])
def test_a_new_adapter_changes_nothing(request: pytest.FixtureRequest, model: str) -> None:
    folder = request.getfixturevalue(model)
    start = local.initial_modules(MODEL, [SHEET], bases={"text": folder})
    encoder = TextEncoder(folder, MODEL)
    states, mask = padded(encoder, TEXTS)
    plain = encoder.above(states, mask, {})
    assert torch.equal(encoder.above(states, mask, torched(start["adapter/text"])), plain)
    trained = encoder.above(states, mask, torched(build.random_b(start, 1)))
    assert not torch.allclose(trained, plain, atol=1e-4)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")
@pytest.mark.parametrize("model", ["tiny_text", "minilm"])
def test_an_exported_adapter_does_in_peft_what_it_does_here(
    request: pytest.FixtureRequest, model: str, tmp_path: Path
) -> None:
    from peft import PeftModel
    from transformers import AutoModel

    folder = request.getfixturevalue(model)
    spec = MODEL.model_copy(update={"alpha": 8.0})
    b = build.random_b(local.initial_modules(spec, [SHEET], bases={"text": folder}), 2)
    encoder = TextEncoder(folder, spec)
    own = encoder.above(*padded(encoder, TEXTS), torched(b))
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    for name, content in peft_files(spec, config, b, "the text model").items():
        (tmp_path / name).write_bytes(content)
    other = PeftModel.from_pretrained(AutoModel.from_pretrained(folder), tmp_path).eval()
    assert sum("lora_B" in name for name, _ in other.named_parameters()) == len(b)
    assert torch.allclose(own, means_of(other, folder, TEXTS), atol=1e-5)


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing.:FutureWarning")
@pytest.mark.parametrize("family", ["roberta", "distilbert"])
def test_adapters_of_other_families_are_found_by_peft(family: str, tmp_path: Path) -> None:
    """Saved by these libraries in their real format, read back with the adapter on."""
    from peft import PeftModel
    from transformers import AutoConfig, AutoModel

    sizes: dict[str, Any] = {"vocab_size": 40, "max_position_embeddings": 32}
    if family == "distilbert":
        sizes |= {"dim": 16, "n_layers": 3, "n_heads": 2, "hidden_dim": 32}
    else:
        sizes |= {"hidden_size": 16, "num_hidden_layers": 3, "num_attention_heads": 2}
        sizes |= {"intermediate_size": 32}
    AutoModel.from_config(AutoConfig.for_model(family, **sizes)).save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    names = [f"layer{layer}.{target}.Bt" for layer in (1, 2) for target in ("query", "value")]
    b = {name: np.full((4, 16), 0.25, np.float32) for name in names}
    (tmp_path / "adapter").mkdir()
    for name, content in peft_files(MODEL, config, b, family).items():
        (tmp_path / "adapter" / name).write_bytes(content)
    model = PeftModel.from_pretrained(AutoModel.from_pretrained(tmp_path), tmp_path / "adapter")
    found = [p for name, p in model.named_parameters() if "lora_B" in name]
    assert len(found) == 4
    assert all(bool((p == 0.25).all()) for p in found)


def test_the_exported_a_is_the_common_one_and_other_families_are_refused() -> None:
    b = {"layer2.query.Bt": np.ones((4, 16), np.float32)}
    files = peft_files(MODEL, {"model_type": "bert"}, b, "x")
    a = decode(files[WEIGHTS])[
        "base_model.model.encoder.layer.2.attention.self.query.lora_A.weight"
    ]
    assert np.allclose(a @ a.T, np.eye(4), atol=1e-6)
    assert np.array_equal(a, common_a(MODEL, 2, "query", 16))
    with pytest.raises(ValueError, match="gpt2"):
        peft_files(MODEL, {"model_type": "gpt2"}, b, "x")


def test_the_adapted_layers_take_records_in_chunks_and_trim_their_padding(
    minilm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tokens go together, predictions and gradients are those of one padded batch."""
    encoder = TextEncoder(minilm, MODEL)
    b = build.random_b(local.initial_modules(MODEL, [SHEET], bases={"text": minilm}), 3)
    states, mask = padded(encoder, ["bulb " * n for n in (1, 2, 2, 40, 41, 300)])
    shapes: list[tuple[int, int]] = []
    pooled = TextEncoder._adapted
    monkeypatch.setattr(
        TextEncoder,
        "_adapted",
        lambda self, s, m: (shapes.append((len(s), s.shape[1])), pooled(self, s, m))[1],
    )
    found = []
    for most in (10**6, 100):
        monkeypatch.setattr("worker.learning.model.text.CHUNK_TOKENS", most)
        given = {name: tensor.requires_grad_() for name, tensor in torched(b).items()}
        out = encoder.above(states, mask, given)
        out.square().sum().backward()
        found.append((out, [tensor.grad for tensor in given.values()]))
    assert shapes == [(6, 302), (3, 4), (2, 43), (1, 302)]
    assert torch.allclose(found[0][0], found[1][0], atol=1e-5)
    assert all(
        torch.allclose(a, b, rtol=1e-3, atol=1e-4)
        for a, b in zip(*[g for _, g in found], strict=True)
    )


def test_with_a_common_a_the_mean_of_b_is_the_mean_of_the_dense_products(tiny_text: Path) -> None:
    """W0 + s·mean(B_k)·A is the mean over sites of W0 + s·B_k·A, to rounding."""
    start = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})["adapter/text"]
    sites = [build.random_b({"adapter/text": start}, seed) for seed in range(5)]
    weights = [3.0, 1.0, 2.0, 5.0, 4.0]
    combined = aggregation.combine(
        start,
        [(f"s{k}", w, b) for k, (w, b) in enumerate(zip(weights, sites, strict=True))],
        aggregation.Rule(weight_percentile=100),
    ).state
    for name in start:
        layer, target, _ = name.split(".")
        a = common_a(MODEL, int(layer[5:]), target, 16).astype(np.float64)
        dense = (
            sum(w * (b[name].astype(np.float64).T @ a) for w, b in zip(weights, sites, strict=True))
            / 15
        )
        assert np.allclose(combined[name].astype(np.float64).T @ a, dense, atol=1e-7)


def train(root: Path, text_dir: Path, data: Any, spec: ModelSpec = MODEL) -> dict[str, Any]:
    return local.train(
        build.manifest([SHEET], model=spec),
        local.initial_modules(spec, [SHEET], bases={"text": text_dir}),
        data,
        checkpoint=root / "checkpoint",
        **(build.folders(root) | {"bases": {"text": text_dir}}),
    )


@pytest.mark.parametrize("adapter_layers", [0, 2])
def test_cached_states_give_the_same_bytes_as_fresh_ones(
    tiny_text: Path, tmp_path: Path, adapter_layers: int
) -> None:
    data = build.site(build.answers(80, 1))
    spec = MODEL.model_copy(update={"adapter_layers": adapter_layers})
    first = train(tmp_path, tiny_text, data, spec)
    (tmp_path / "checkpoint").unlink()
    partly = build.site(build.answers(30, 5))
    train(tmp_path / "other", tiny_text, partly, spec)
    (tmp_path / "other" / "checkpoint").unlink()
    for root in (tmp_path, tmp_path / "other", tmp_path / "fresh"):
        again = train(root, tiny_text, data, spec)
        assert {m: encode(c.delta) for m, c in again.items()} == {
            m: encode(c.delta) for m, c in first.items()
        }


def test_frozen_layers_run_once_per_text(
    tiny_text: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []
    below = TextEncoder.below
    monkeypatch.setattr(
        TextEncoder, "below", lambda self, text: (ran.append(text), below(self, text))[1]
    )
    task = build.answers(60, 1)
    data = build.site(task)
    train(tmp_path, tiny_text, data)
    assert sorted(ran) == sorted({text for text in task.text["answer"] if text})
    (tmp_path / "checkpoint").unlink()
    train(tmp_path, tiny_text, data)
    assert len(ran) == len({text for text in task.text["answer"] if text})


def test_text_carries_the_label_and_absent_text_is_not_counted(
    tiny_text: Path, tmp_path: Path
) -> None:
    task = build.answers(400, 1)
    data = build.site(task)
    plan = build.TRAINING.model_copy(update={"epochs": 8})
    manifest = build.manifest([SHEET], model=MODEL, training=plan)
    start = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})
    where = build.folders(tmp_path) | {"bases": {"text": tiny_text}}
    found = local.train(manifest, start, data, checkpoint=tmp_path / "c", **where)
    present = sum(
        bool(text)
        for text, split in zip(task.text["answer"], task.split, strict=True)
        if split == "train"
    )
    assert found["encoder/text"].weight == found["adapter/text"].weight == present
    assert found["fusion"].weight == 240
    assert any(a.any() for a in found["adapter/text"].delta.values())
    after = {m: {n: a + found[m].delta[n] for n, a in own.items()} for m, own in start.items()}
    assert local.evaluate(manifest, after, data, **where).shared[0].value > 0.85


def test_a_site_without_text_trains_the_rest_and_needs_no_text_model(
    tiny_text: Path, tmp_path: Path
) -> None:
    task = build.answers(80, 1)
    silent = build.site(replace(task, text={"answer": [""] * 80}))
    manifest = build.manifest([SHEET], model=MODEL)
    start = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})
    where = build.folders(tmp_path)
    found = local.train(manifest, start, silent, checkpoint=tmp_path / "c", **where)
    assert sorted(found) == ["encoder/table", "fusion", "head/correct"]
    assert local.evaluate(manifest, start, silent, **where).shared
    assert local.baseline(manifest, silent, **where).local


def test_a_missing_or_pickled_text_model_has_a_name(tiny_text: Path, tmp_path: Path) -> None:
    data = build.site(build.answers(40, 1))
    start = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})
    pickled = tmp_path / "pickled"
    pickled.mkdir()
    for file in tiny_text.iterdir():
        if file.suffix != ".safetensors":
            (pickled / file.name).write_bytes(file.read_bytes())
    torch.save({"embeddings.weight": torch.zeros(2)}, pickled / "pytorch_model.bin")
    for bases in ({}, {"text": tmp_path / "nowhere"}, {"text": pickled}):
        with pytest.raises(ModelMissing):
            local.train(
                build.manifest([SHEET], model=MODEL),
                start,
                data,
                checkpoint=tmp_path / "c",
                **(build.folders(tmp_path) | {"bases": bases}),
            )


def test_a_text_longer_than_the_model_reads_is_cut(tiny_text: Path) -> None:
    encoder = TextEncoder(tiny_text, MODEL)
    assert len(encoder.below("bulb " * 500)) == encoder.split + 1 + 64


def test_the_adapter_of_minilm_is_small_enough_to_send(minilm: Path) -> None:
    spec = build.MODEL.model_copy(update={"text": build.TEXT_MODEL, "rank": 8})
    start = local.initial_modules(spec, [SHEET], bases={"text": minilm})
    assert len(encode(start["adapter/text"])) < 150_000
