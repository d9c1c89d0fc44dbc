"""Log-mel frames to one token: three convolutions over time, then mean, spread and largest value of what they found.

The same of the frames themselves, how much they change, and the logarithm of their number go along: with few
recordings they carry most of what can be learnt. No frame beyond a recording's end is seen, so padding changes nothing.
"""

import torch
from torch.nn import functional

from worker.protocol.shapes import STEPS

Part = dict[str, torch.Tensor]
STRIDES = (2, 2, 1)
USUAL = 100.0
"""Frames: four seconds."""


def tokens(part: Part, states: torch.Tensor, mask: torch.Tensor, dropout: float) -> torch.Tensor:
    """(b, frames, bands), (b, frames) to (b, width) without an input's bias."""
    shown = mask.unsqueeze(-1)
    raw = torch.cat([_spread(states, shown), _largest(states, shown), _changes(states, mask)], 1)
    long = torch.log(mask.sum(dim=1, keepdim=True).clamp(min=1) / USUAL)
    x = (states * shown).transpose(1, 2)
    for k, (steps, stride) in enumerate(zip(STEPS, STRIDES, strict=True)):
        weight, bias = part[f"conv{k}.weight"], part[f"conv{k}.bias"]
        x = functional.conv1d(x, weight, bias, stride=stride, padding=steps // 2)
        mask = mask[:, ::stride]
        x = functional.gelu(evened(x)) * mask[:, None, :]
    rows, shown = x.transpose(1, 2), mask.unsqueeze(-1)
    found = torch.cat([_spread(rows, shown), _largest(rows, shown)], dim=1)
    seen = torch.cat([raw, found, long], dim=1)
    return functional.linear(functional.dropout(seen, dropout, dropout > 0), part["out.weight"])


def _spread(x: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """(b, t, c) to (b, 2c): mean and standard deviation over the rows shown."""
    count = shown.sum(dim=1).clamp(min=1)
    mean = (x * shown).sum(dim=1) / count
    off = ((x - mean.unsqueeze(1)) * shown).square().sum(dim=1) / count
    return torch.cat([mean, (off + 1e-5).sqrt()], dim=1)


def _largest(x: torch.Tensor, shown: torch.Tensor) -> torch.Tensor:
    """(b, t, c) to (b, c)"""
    return x.masked_fill(~shown, float("-inf")).amax(dim=1)


def _changes(x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(b, t, c) to (b, c): the spread of the step from each frame to the next."""
    if x.shape[1] < 2:
        return torch.zeros(x.shape[0], x.shape[2])
    both = (mask[:, 1:] & mask[:, :-1]).unsqueeze(-1)
    return _spread(x[:, 1:] - x[:, :-1], both)[:, x.shape[2] :]


def evened(x: torch.Tensor) -> torch.Tensor:
    """Mean 0 and spread 1 over the channels (axis 1) of each place."""
    mean = x.mean(dim=1, keepdim=True)
    return (x - mean) / (x.var(dim=1, keepdim=True, unbiased=False) + 1e-5).sqrt()
