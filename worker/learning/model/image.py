"""Pixels to one token: three convolutions that halve the sides, then mean and largest value of each channel."""

import torch
from torch.nn import functional

from worker.learning.model import chance

Part = dict[str, torch.Tensor]
LAYERS = 3


def tokens(part: Part, pixels: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, 3 · size, size) to (b, width) without an input's bias."""
    side = pixels.shape[-1]
    x = pixels.reshape(-1, 3, side, side)
    for k in range(LAYERS):
        weight, bias = part[f"conv{k}.weight"], part[f"conv{k}.bias"]
        x = functional.gelu(evened(functional.conv2d(x, weight, bias, stride=2, padding=1)))
    seen = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)
    return functional.linear(chance.dropout(seen, dropout), part["out.weight"])


def evened(x: torch.Tensor) -> torch.Tensor:
    """Mean 0 and spread 1 over the channels (axis 1) of each place."""
    mean = x.mean(dim=1, keepdim=True)
    return (x - mean) / (x.var(dim=1, keepdim=True, unbiased=False) + 1e-5).sqrt()
