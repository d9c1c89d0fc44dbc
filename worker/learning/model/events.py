"""Sequences of answers or clicks: each event a vector, a recurrent layer over them (LSTM, one direction)."""

import torch
from torch.nn import functional

from worker.learning.model import chance
from worker.learning.model.batch import EventBatch
from worker.protocol.shapes import of_kind
from worker.protocol.tasks import Input

Part = dict[str, torch.Tensor]


def states(part: Part, key: str, one: Input, given: EventBatch, dropout: float) -> torch.Tensor:
    """(b, events, width): what is known after each event. Later events never change an earlier state."""
    read = _vectors(part, key, one, given)
    start = read.new_zeros(1, read.shape[0], read.shape[-1])
    gates = part[f"{key}.gates"]
    found, _, _ = torch.lstm(
        read,
        (start, start),
        [part[f"{key}.read"], part[f"{key}.recur"], gates, torch.zeros_like(gates)],
        has_biases=True,
        num_layers=1,
        dropout=0.0,
        train=dropout > 0,
        bidirectional=False,
        batch_first=True,
    )
    return chance.dropout(found, dropout)


def last(found: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """(b, events, width) to (b, width): the state after the last real event, zeros where there is none."""
    count = mask.sum(dim=1)
    rows = torch.arange(found.shape[0], device=found.device)
    return found[rows, (count - 1).clamp(min=0)] * (count > 0).unsqueeze(-1)


def _vectors(part: Part, key: str, one: Input, given: EventBatch) -> torch.Tensor:
    """(b, events, width). A missing number counts as 0: the sheet's mean."""
    numbers = torch.nan_to_num(given.numeric)
    listed = of_kind(one, "categorical")
    if not listed:
        return functional.linear(numbers, part[f"{key}.number"].T, part[f"{key}.bias"])
    found = numbers.new_zeros(())
    for place, column in enumerate(listed):
        codes = given.categorical[..., place]
        found = found + functional.embedding(codes, part[f"{key}.{column.name}"])
        for k, number in enumerate(of_kind(one, "numeric")):
            slope = functional.embedding(codes, part[f"{key}.{column.name}.{number.name}"])
            found = found + numbers[..., k].unsqueeze(-1) * slope
    return found
