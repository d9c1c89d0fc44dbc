"""The peer of `site_speed`: the loop a PEFT tutorial shows. Nothing of the product but the text model's files."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Floats = npt.NDArray[np.float64]
MOST = 512


class Plain:
    """AutoModel with LoRA on query and value, mean over tokens, one linear layer for all traits. fp32, AdamW,
    shuffled batches padded to their longest. `layers` None: all of them. `dropout`: the text model's own, as
    `model.train()` has it."""

    def __init__(
        self, folder: Path, rank: int, layers: Sequence[int] | None, traits: int, *, dropout: bool
    ) -> None:
        from peft import LoraConfig, get_peft_model
        from transformers import AutoModel, AutoTokenizer

        chosen: dict[str, Any] = (
            {}
            if layers is None
            else {"layers_to_transform": list(layers), "layers_pattern": "layer"}
        )
        config = LoraConfig(r=rank, lora_alpha=rank, target_modules=["query", "value"], **chosen)
        self.dropout = dropout
        self.model = get_peft_model(AutoModel.from_pretrained(folder), config)
        self.head = torch.nn.Linear(self.model.config.hidden_size, traits)
        self._tokenizer = AutoTokenizer.from_pretrained(folder)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        found: list[list[int]] = self._tokenizer(texts, truncation=True, max_length=MOST)[
            "input_ids"
        ]
        return found

    def __call__(self, ids: Sequence[list[int]]) -> torch.Tensor:
        given = self._tokenizer.pad({"input_ids": list(ids)}, return_tensors="pt")
        last = self.model(**given).last_hidden_state
        mask = given["attention_mask"].unsqueeze(-1).float()
        found: torch.Tensor = self.head((last * mask).sum(1) / mask.sum(1))
        return found

    def train(
        self,
        ids: Sequence[list[int]],
        labels: Floats,
        *,
        epochs: int,
        batch: int,
        lr: float,
        seed: int,
    ) -> tuple[float, float]:
        """Seconds and processor seconds of the loop. The rate halves after each epoch. One pass before the clock
        starts: the first of a process is slower."""
        torch.manual_seed(seed)
        wanted = torch.from_numpy(labels).float()
        trained = [p for p in self.model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW([*trained, *self.head.parameters()], lr=lr, weight_decay=0.0)
        self.model.train(self.dropout)
        self(ids[:batch]).sum().backward()
        started, busy = time.perf_counter(), time.process_time()
        for number in range(epochs):
            optimizer.param_groups[0]["lr"] = lr * 0.5**number
            order = torch.randperm(len(ids))
            for rows in order.split(batch):
                optimizer.zero_grad(set_to_none=True)
                given = self([ids[row] for row in rows])
                (given - wanted[rows]).square().mean(0).sum().backward()
                optimizer.step()
        return time.perf_counter() - started, time.process_time() - busy

    @torch.no_grad()
    def predict(self, texts: Sequence[str], batch: int) -> Floats:
        self.model.eval()
        ids = self.tokens(texts)
        found = [self(ids[start : start + batch]) for start in range(0, len(ids), batch)]
        made: Floats = torch.cat(found).double().numpy()
        return made
