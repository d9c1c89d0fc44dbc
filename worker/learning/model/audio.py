"""The numbers of a recording (`worker.learning.data.acoustics`) to one token: two layers."""

import torch
from torch.nn import functional

Part = dict[str, torch.Tensor]


def tokens(part: Part, states: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, 1, numbers) to (b, width) without an input's bias."""
    seen = functional.dropout(states[:, 0], dropout, dropout > 0)
    found = functional.gelu(functional.linear(seen, part["rise.weight"], part["rise.bias"]))
    return functional.linear(functional.dropout(found, dropout, dropout > 0), part["out.weight"])
