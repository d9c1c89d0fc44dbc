"""The pretrained text encoder: frozen, cut below its first adapted layer, with adapters above the cut.

A text is told by the mean over its tokens of what goes into the first layer and of what each layer makes of it, frozen
ones and adapted ones, each brought to mean 0 and spread 1: layers + 1 outputs, which a model learns to weigh.

Only config, tokenizer and safetensors are read, from a local folder; no code of the model is ever run from
there. Families whose layers map a state and a mask to a state can be cut: BERT, RoBERTa, XLM-R, DistilBERT.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from worker.learning.faults import ModelMissing
from worker.learning.model import loading
from worker.learning.model.lowrank import LowRank
from worker.learning.model.pretrained import evened
from worker.protocol.adapters import FAMILIES, LORA_TARGETS, common_a
from worker.protocol.codec import Array
from worker.protocol.manifest import ModelSpec

MAX_TOKENS = 512
"""Longer texts are cut here, or where the model's positions end."""
CHUNK_TOKENS = 2048
"""Records go through the adapted layers so many padded tokens at a time: what a processor's caches bear."""

BESIDE = "\x1e"
"""Stands between two texts that are read in one pass."""

CPU = torch.device("cpu")
Part = dict[str, torch.Tensor]


class TextEncoder:
    """One loaded text model, on `device`. `split` is the number of layers below the cut."""

    def __init__(self, folder: Path, spec: ModelSpec, device: torch.device = CPU) -> None:
        model, self._tokenizer = _loaded(folder)
        model.to(device)
        self._device = device
        family = FAMILIES[model.config.model_type]
        self._embeddings: Any = model.embeddings
        self._kinds = int(getattr(model.config, "type_vocab_size", 0)) > 1
        self._layers: list[Any] = list(getattr(getattr(model, family[0]), family[1]))
        self.hidden = int(model.config.hidden_size)
        self.split = len(self._layers) - min(spec.adapter_layers, len(self._layers))
        self.max_tokens = min(MAX_TOKENS, _positions(model.config))
        self._adapters: dict[str, LowRank] = {}
        for index in range(self.split, len(self._layers)):
            for target, path in zip(LORA_TARGETS, family[2], strict=True):
                a = torch.from_numpy(common_a(spec, index, target, self.hidden)).to(device)
                self._adapters[f"layer{index}.{target}.Bt"] = _adapt(
                    self._layers[index], path, a, spec.alpha
                )

    @property
    def frozen(self) -> bool:
        """No layer is adapted."""
        return self.split == len(self._layers)

    @torch.no_grad()
    def below(self, text: str) -> Array:
        """What the frozen layers make of one text, or of two with BESIDE between them.

        (split + 1 + tokens, hidden): their outputs, then the states of the tokens at the cut. (layers + 1, hidden) if
        no layer is adapted.

        One text at a time and without padding, so that a record's states never depend on its neighbours. For long
        texts that is no slower than batches (docs/benchmarks.md, site_speed).
        """
        first, _, second = text.partition(BESIDE)
        given = self._tokenizer(
            first, second or None, truncation=True, max_length=self.max_tokens, return_tensors="pt"
        ).to(self._device)
        kinds = {"token_type_ids": given["token_type_ids"]} if second and self._kinds else {}
        states = self._embeddings(input_ids=given["input_ids"], **kinds)
        means = [states[0].mean(dim=0)]
        for layer in self._layers[: self.split]:
            states = layer(states, None)
            means.append(states[0].mean(dim=0))
        outputs = evened(torch.stack(means))
        return outputs if self.frozen else np.concatenate([outputs, states[0].cpu().numpy()])

    def above(self, states: torch.Tensor, mask: torch.Tensor, adapter: Part) -> torch.Tensor:
        """What `below` gave of b texts, padded, (b, places, hidden), to all outputs, (b, layers + 1, hidden).

        Neighbours of like length go together, at most CHUNK_TOKENS at a time, padded to their own longest only.
        """
        outputs, states, mask = self._parted(states, mask)
        if self.frozen:
            return outputs
        for name, layer in self._adapters.items():
            layer.bt = adapter.get(name)
        lengths = mask.sum(dim=1)
        found = []
        for first, after in _chunks(lengths.tolist()):
            longest = int(lengths[first:after].max())
            found.append(self._adapted(states[first:after, :longest], mask[first:after, :longest]))
        return torch.cat([outputs, torch.cat(found)], dim=1)

    def _parted(
        self, states: torch.Tensor, mask: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The frozen layers' outputs; states and mask of the tokens."""
        count = self.split + 1
        return states[:, :count], states[:, count:], mask[:, count:]

    def _adapted(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """(b, tokens, hidden) to the adapted layers' outputs, (b, layers - split, hidden)."""
        hidden_from = None
        if not bool(mask.all()):
            lowest = torch.finfo(torch.float32).min
            shown = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, lowest)
            hidden_from = shown[:, None, None, :]
        share = (mask.float() / mask.float().sum(dim=1, keepdim=True).clamp(min=1.0)).unsqueeze(-1)
        means = []
        for block in self._layers[self.split :]:
            states = block(states, hidden_from)
            means.append((states * share).sum(dim=1))
        return functional.layer_norm(torch.stack(means, dim=1), (self.hidden,))


def _chunks(lengths: list[int]) -> Iterator[tuple[int, int]]:
    """Spans of neighbours; each as wide as CHUNK_TOKENS bears, at least one record."""
    first, longest = 0, 0
    for place, length in enumerate(lengths):
        longest = max(longest, length)
        if place > first and (place + 1 - first) * longest > CHUNK_TOKENS:
            yield first, place
            first, longest = place, length
    yield first, len(lengths)


def _positions(config: Any) -> int:
    """Tokens a text may have. RoBERTa's positions begin after the padding token's number."""
    most = int(config.max_position_embeddings)
    return most - int(config.pad_token_id) - 1 if "roberta" in config.model_type else most


def _loaded(folder: Path) -> tuple[Any, Any]:
    model = loading.model(folder, "text", attn_implementation="sdpa")
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError) as error:
        raise ModelMissing(f"the text model's tokenizer cannot be loaded: {error}") from error
    return model, tokenizer


def _adapt(layer: nn.Module, path: str, a: torch.Tensor, alpha: float) -> LowRank:
    owner_path, _, name = path.rpartition(".")
    owner = layer.get_submodule(owner_path)
    base = getattr(owner, name)
    adapter = base if isinstance(base, LowRank) else LowRank(base, a, alpha)
    setattr(owner, name, adapter)
    return adapter
