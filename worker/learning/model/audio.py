"""The numbers of a recording (`worker.learning.data.acoustics`) to one token: two layers."""

import torch
from torch.nn import functional

from worker.learning.model import chance

Part = dict[str, torch.Tensor]


def tokens(part: Part, states: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, 1, numbers) to (b, width) without an input's bias."""
    seen = chance.dropout(states[:, 0], dropout)
    found = functional.gelu(functional.linear(seen, part["rise.weight"], part["rise.bias"]))
    return functional.linear(chance.dropout(found, dropout), part["out.weight"])
