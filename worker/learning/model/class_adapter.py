"""A class's adapter: a small residual step between what a record's tokens came to and the head of its task.

    z' = z + up gelu(down z)        up (width, rank), zeros at first; down (rank, width), drawn from the seed

Without the bend it could do nothing that the head, which is linear, does not do alone.
"""

from collections.abc import Mapping

import torch
from torch.nn import functional

from worker.learning.seeds import derive

RANK = 4


def first(width: int) -> dict[str, torch.Tensor]:
    """It changes nothing yet. The rows of `down` are of length 1 and at right angles; always the same."""
    rank = min(RANK, width)
    source = torch.Generator().manual_seed(derive("class adapter", width))
    drawn = torch.linalg.qr(torch.randn(width, rank, generator=source)).Q
    return {"down": drawn.T.contiguous(), "up": torch.zeros(width, rank)}


def adapted(fused: torch.Tensor, part: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """(b, width) to (b, width)."""
    return fused + functional.linear(
        functional.gelu(functional.linear(fused, part["down"])), part["up"]
    )
