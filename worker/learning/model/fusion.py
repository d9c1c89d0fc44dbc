"""Fusion: a small transformer over all tokens of a record, then attention pooling. Absent tokens are masked."""

import torch
from torch.nn import functional

from worker.learning.model import chance

Part = dict[str, torch.Tensor]


def fuse(
    part: Part, tokens: torch.Tensor, mask: torch.Tensor, *, layers: int, heads: int, dropout: float
) -> torch.Tensor:
    """(b, t, width) and (b, t) to (b, width). `mask` is True for a token that takes part; each row has one.

    The weighted mean of n tokens is scaled by sqrt(n): its spread, and how much one token moves it, then does not
    shrink as a sheet lists more inputs.
    """
    for layer in range(layers):
        name = f"layer{layer}"
        tokens = tokens + chance.dropout(_attend(part, name, tokens, mask, heads), dropout)
        tokens = tokens + _mlp(part, name, tokens, dropout)
    scores = _norm(part, "norm", tokens) @ part["query"]
    weights = torch.softmax(scores.masked_fill(~mask, float("-inf")), dim=1)
    count = mask.sum(dim=1, keepdim=True).to(tokens.dtype)
    pooled = (weights.unsqueeze(-1) * tokens).sum(dim=1) * count.sqrt()
    return pooled + _mlp(part, "out", pooled, dropout)


def _norm(part: Part, name: str, x: torch.Tensor) -> torch.Tensor:
    return functional.layer_norm(x, (x.shape[-1],), part[f"{name}.scale"], part[f"{name}.shift"])


def _attend(part: Part, name: str, x: torch.Tensor, mask: torch.Tensor, heads: int) -> torch.Tensor:
    b, t, width = x.shape
    joint = functional.linear(
        _norm(part, f"{name}.norm", x),
        part[f"{name}.attention.weight"],
        part[f"{name}.attention.bias"],
    )
    q, k, v = joint.view(b, t, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    seen = functional.scaled_dot_product_attention(q, k, v, attn_mask=mask[:, None, None, :])
    flat = seen.transpose(1, 2).reshape(b, t, width)
    return functional.linear(flat, part[f"{name}.join.weight"], part[f"{name}.join.bias"])


def _mlp(part: Part, name: str, x: torch.Tensor, dropout: float) -> torch.Tensor:
    inner = functional.gelu(
        functional.linear(
            _norm(part, f"{name}.mlp.norm", x),
            part[f"{name}.mlp.rise.weight"],
            part[f"{name}.mlp.rise.bias"],
        )
    )
    inner = chance.dropout(inner, dropout)
    return functional.linear(inner, part[f"{name}.mlp.fall.weight"], part[f"{name}.mlp.fall.bias"])
