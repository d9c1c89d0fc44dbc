"""Log-mel frames to one token: three convolutions over time, then the mean and spread of what they found.

The mean and spread of the frames themselves and the logarithm of their number go along: with few recordings they
carry most of what can be learnt. No frame beyond a recording's end is seen, so padding changes nothing.
"""

import torch
from torch.nn import functional

from worker.protocol.shapes import STEPS

Part = dict[str, torch.Tensor]
STRIDES = (2, 2, 1)


def tokens(part: Part, states: torch.Tensor, mask: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, frames, bands), (b, frames) to (b, width) without an input's bias."""
    shown = mask.unsqueeze(-1)
    raw = _spread(states, shown)
    long = torch.log1p(mask.sum(dim=1, keepdim=True).float()) / 5.0
    x = (states * shown).transpose(1, 2)
    for k, (steps, stride) in enumerate(zip(STEPS, STRIDES, strict=True)):
        weight, bias = part[f"conv{k}.weight"], part[f"conv{k}.bias"]
        x = functional.conv1d(x, weight, bias, stride=stride, padding=steps // 2)
        mask = mask[:, ::stride]
        x = functional.gelu(evened(x)) * mask[:, None, :]
    found = _spread(x.transpose(1, 2), mask.unsqueeze(-1))
    seen = torch.cat([raw, found, long], dim=1)
    return functional.linear(functional.dropout(seen, dropout, dropout > 0), part["out.weight"])


def _spread(x: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """(b, t, c) to (b, 2c): mean and standard deviation over the rows shown."""
    count = shown.sum(dim=1).clamp(min=1)
    mean = (x * shown).sum(dim=1) / count
    off = ((x - mean.unsqueeze(1)) * shown).square().sum(dim=1) / count
    return torch.cat([mean, (off + 1e-5).sqrt()], dim=1)


def evened(x: torch.Tensor) -> torch.Tensor:
    """Mean 0 and spread 1 over the channels (axis 1) of each place."""
    mean = x.mean(dim=1, keepdim=True)
    return (x - mean) / (x.var(dim=1, keepdim=True, unbiased=False) + 1e-5).sqrt()
