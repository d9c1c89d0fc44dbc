"""What goes through the model at once: some records of one task."""

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class TextBatch:
    """One text input of a batch: frozen states below the first adapted layer, padded to the longest.

    `states` (b, tokens, hidden); `mask` (b, tokens), True for a real token; `present` (b,), False = no text.
    Where no layer is adapted the states are already pooled: (b, 1, hidden).
    """

    states: torch.Tensor
    mask: torch.Tensor
    present: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """Records of one task. `numeric` (b, n) with NaN for missing; `categorical` (b, m); `text` in sheet order."""

    task: str
    numeric: torch.Tensor
    categorical: torch.Tensor
    text: tuple[TextBatch, ...]
    label: torch.Tensor

    @property
    def size(self) -> int:
        return int(self.label.shape[0])
