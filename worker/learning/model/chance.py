"""What is drawn while training: on the processor always, so that a card drops and mixes what a processor would."""

import torch
from torch.nn import functional


def dropout(x: torch.Tensor, share: float) -> torch.Tensor:
    """Zeros in place of a `share` of x, the rest scaled by 1 / (1 - share). 0: x itself, and nothing is drawn."""
    if not share or x.device.type == "cpu":
        return functional.dropout(x, share, share > 0)
    kept = torch.empty_like(
        x, device="cpu"
    )  # laid out as x: that is the order numbers are drawn in
    kept.bernoulli_(1 - share).div_(1 - share)
    return x * kept.to(x.device)
