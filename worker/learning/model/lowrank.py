"""A low-rank adapter on one frozen linear layer: W0 x + s·B(A x), s = alpha / rank (LoRA, arXiv 2106.09685).

Rank is the whole model's, also where a site trains fewer columns of B: the scale is one for all.

A is common to all sites and frozen, B is trained and starts at zero, so an untrained adapter changes nothing.
"""

import torch
from torch import nn
from torch.nn import functional


class LowRank(nn.Module):
    """Stands where the linear layer stood. `bt`, B transposed: (rank, width out), is set before a pass; None leaves
    the frozen layer alone."""

    def __init__(self, base: nn.Linear, a: torch.Tensor, alpha: float) -> None:
        super().__init__()
        self.base = base
        self.a = a
        self.scale = alpha / a.shape[0]
        self.bt: torch.Tensor | None = None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        plain: torch.Tensor = self.base(x)
        if self.bt is None:
            return plain
        return plain + self.scale * functional.linear(functional.linear(x, self.a), self.bt.T)
