"""Where adapters sit in a text model, their common A, and the form in which PEFT reads them. NumPy only."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from worker.protocol import codec
from worker.protocol.codec import Array, Tensors
from worker.protocol.manifest import ModelSpec
from worker.protocol.seeds import derive

MODULE = "adapter/text"
LORA_TARGETS = ("query", "value")
FAMILIES = {
    "bert": ("encoder", "layer", ("attention.self.query", "attention.self.value")),
    "roberta": ("encoder", "layer", ("attention.self.query", "attention.self.value")),
    "xlm-roberta": ("encoder", "layer", ("attention.self.query", "attention.self.value")),
    "distilbert": ("transformer", "layer", ("attention.q_lin", "attention.v_lin")),
}
"""Of `model_type`: where its layers lie, and which of a layer's linear maps the targets are."""
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"


def common_a(model: ModelSpec, layer: int, target: str, width: int) -> Array:
    """The A of one adapter, shape (rank, width), rows orthonormal. Common to all sites, so never sent.

    FFA-LoRA (arXiv 2403.12313): with A common, the mean of B_k A is exactly mean(B_k) A. Rows come from the QR
    decomposition of a Gaussian; signs are fixed so that every LAPACK gives the same A.
    """
    source = np.random.default_rng(derive("adapter-a", model.seed, layer, target))
    if model.rank > width:
        raise ValueError(f"rank {model.rank} is above the text model's width {width}")
    q, r = np.linalg.qr(source.standard_normal((width, model.rank)))
    return np.ascontiguousarray((q * np.sign(np.diag(r))).T.astype(np.float32))


def peft_files(
    model: ModelSpec, config: Mapping[str, Any], adapter: Tensors, base: str
) -> dict[str, bytes]:
    """File name to content, as `peft.PeftModel.from_pretrained` reads them. `adapter`: `layer<i>.<target>.Bt`, (rank,
    width); `config`: the text model's config.json; `base`: its name. Raises ValueError for an unknown family."""
    family = FAMILIES.get(str(config.get("model_type")))
    if family is None:
        raise ValueError(f"adapters of the family {config.get('model_type')} are not known")
    first, pattern, paths = family
    path_of = dict(zip(LORA_TARGETS, paths, strict=True))
    tensors: Tensors = {}
    layers = set()
    for name, bt in sorted(adapter.items()):
        place, target, _bt = name.split(".")
        layer = int(place.removeprefix("layer"))
        layers.add(layer)
        at = f"base_model.model.{first}.{pattern}.{layer}.{path_of[target]}"
        tensors[f"{at}.lora_A.weight"] = common_a(model, layer, target, bt.shape[1])
        tensors[f"{at}.lora_B.weight"] = np.ascontiguousarray(bt.T)
    said = {
        "peft_type": "LORA",
        "task_type": None,
        "base_model_name_or_path": base,
        "r": model.rank,
        "lora_alpha": model.alpha,
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "target_modules": sorted({path.rpartition(".")[2] for path in paths}),
        "layers_to_transform": sorted(layers),
        "layers_pattern": pattern,
    }
    return {CONFIG: json.dumps(said, indent=1).encode(), WEIGHTS: codec.encode(tensors)}
