"""What goes through the model at once: some records of one task."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import torch

Part = TypeVar("Part", "States", "EventBatch")


@dataclass(frozen=True)
class States:
    """One text, audio or image input of a batch, padded to the longest.

    `states` (b, rows, columns); `mask` (b, rows), True for a real one; `present` (b,), False = missing. Of a text:
    frozen states below the first adapted layer, (b, tokens, hidden); where none is adapted pooled, (b, 1, hidden).
    """

    states: torch.Tensor
    mask: torch.Tensor
    present: torch.Tensor


@dataclass(frozen=True)
class EventBatch:
    """One events input: (b, events, columns) codes and numbers, padded; `mask` (b, events), True for a real event."""

    categorical: torch.Tensor
    numeric: torch.Tensor
    mask: torch.Tensor


@dataclass(frozen=True)
class Batch:
    """Records of one task. `numeric` (b, n) with NaN for missing; `categorical` (b, m); the others in sheet order.

    `audio`: numbers of a recording, (b, 1, numbers); `image`: (b, 3 · size, size).
    """

    task: str
    numeric: torch.Tensor
    categorical: torch.Tensor
    text: tuple[States, ...]
    label: torch.Tensor
    audio: tuple[States, ...] = ()
    image: tuple[States, ...] = ()
    events: tuple[EventBatch, ...] = ()

    @property
    def size(self) -> int:
        return int(self.label.shape[0])


def partners(mask: torch.Tensor, mixup: float) -> tuple[torch.Tensor, torch.Tensor]:
    """What share of itself each record of a batch keeps, and with which other it is mixed: (b,) and (b,) places.

    `mask` (b, tokens). Each record's share is drawn from Beta(mixup, mixup). A record whose drawn partner has other
    tokens is its own partner, which leaves it as it is. mixup, arXiv 1710.09412; of what is inside a network,
    arXiv 1806.05236.
    """
    strength = torch.tensor(mixup)
    share = torch.distributions.Beta(strength, strength).sample(mask.shape[:1]).to(mask.device)
    drawn = torch.randperm(mask.shape[0]).to(mask.device)
    alike = (mask == mask[drawn]).all(dim=1)
    return share, torch.where(alike, drawn, torch.arange(mask.shape[0], device=mask.device))


def moved(batches: Sequence[Batch], device: torch.device) -> list[Batch]:
    """The batches on a device. An input that several of them share (the same object) is moved once, and shared still.
    On the processor they are as they were."""
    if device.type == "cpu":
        return list(batches)
    done: dict[int, States | EventBatch] = {}

    def parts(given: tuple[Part, ...]) -> tuple[Part, ...]:
        for one in given:
            if id(one) not in done:
                named = {name: tensor.to(device) for name, tensor in vars(one).items()}
                done[id(one)] = type(one)(**named)
        return tuple(done[id(one)] for one in given)  # type: ignore[misc]

    return [
        replace(
            batch,
            numeric=batch.numeric.to(device),
            categorical=batch.categorical.to(device),
            label=batch.label.to(device),
            text=parts(batch.text),
            audio=parts(batch.audio),
            image=parts(batch.image),
            events=parts(batch.events),
        )
        for batch in batches
    ]
