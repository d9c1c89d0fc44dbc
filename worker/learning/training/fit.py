"""The loop: AdamW made new for every round, seeded batch by batch, checkpointed so that nothing is lost.

Each batch seeds its own dropout from (seed, epoch, batch), so a training resumed at any batch takes exactly the
steps the uninterrupted one would have taken.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from worker.learning.faults import NotFinite
from worker.learning.model.network import Network
from worker.learning.own import Modules
from worker.learning.seeds import derive
from worker.learning.training import checkpoint as checkpoints
from worker.learning.training import conflict
from worker.learning.training.batches import Rows, Source, Step, epoch, together
from worker.learning.training.frozen import ProgressHook
from worker.protocol.codec import Array, Tensors, flat
from worker.protocol.codes import Phase
from worker.protocol.manifest import Training

CHECKPOINT_S = 60.0
GRADIENT_NORM = 5.0
"""Gradients longer than this are shortened: one odd batch cannot throw the model away."""


@dataclass(frozen=True)
class Savepoint:
    """Where checkpoints go, and what work they belong to."""

    path: Path
    fingerprint: str


class Trainer:
    """One local training of a network. `anchor`: what the proximal term pulls to; None is where it starts."""

    def __init__(
        self,
        network: Network,
        given: Sequence[Source],
        rows: Sequence[Rows],
        plan: Training,
        anchor: Modules | None = None,
    ):
        self.network = network
        self._given = given
        self._rows = rows
        self._plan = plan
        self._named = list(network.parameters())
        self._start = [tensor.detach().clone() for _, tensor in self._named]
        held = {} if anchor is None else flat(anchor)
        self._anchor = [
            torch.from_numpy(np.array(held[name], np.float32)).to(start.device) if held else start
            for (name, _), start in zip(self._named, self._start, strict=True)
        ]
        self._optimizer = torch.optim.AdamW(
            [tensor for _, tensor in self._named], lr=plan.lr, weight_decay=plan.weight_decay
        )
        first = [group[0] for group in together(given, rows)]
        self.steps = sum(math.ceil(len(rows[index]) / plan.batch) for index in first)

    def run(self, on_progress: ProgressHook, savepoint: Savepoint) -> None:
        """All epochs, from the checkpoint if one fits. What `on_progress` raises ends it after a checkpoint."""
        place = self._resume(savepoint)
        written = time.monotonic()
        for number in range(place.epoch, self._plan.epochs):
            for index, step in enumerate(self._epoch(number)):
                if number == place.epoch and index < place.batch:
                    continue
                self.step(step, number, index)
                after = checkpoints.Place(number, index + 1)
                try:
                    done = number * self.steps + index + 1
                    on_progress(Phase.TRAINING, done, self.steps * self._plan.epochs)
                except BaseException:
                    self._save(savepoint, after)
                    raise
                if time.monotonic() - written > CHECKPOINT_S or index + 1 == self.steps:
                    self._save(savepoint, after)
                    written = time.monotonic()
        self._put_back()

    def epoch(self, number: int, on_progress: ProgressHook, whole: int) -> None:
        """One epoch without checkpoints; `whole` is the number of steps announced."""
        for index, step in enumerate(self._epoch(number)):
            self.step(step, number, index)
            on_progress(Phase.TRAINING, min(number * self.steps + index + 1, whole), whole)

    def step(self, step: Step, number: int, index: int) -> None:
        """One batch. Raises NotFinite before the weights are touched."""
        torch.manual_seed(derive("batch", self._plan.seed, number, index))
        self._optimizer.zero_grad(set_to_none=True)
        losses = self.network.losses(step.batches(self._given), mixup=self._plan.mixup)
        loss = losses.sum()
        if self._plan.tasks_weighed == "pcgrad" and len(losses) > 1:
            conflict.backward(losses, self._named)
        else:
            loss.backward()  # type: ignore[no-untyped-call]
        trained = [tensor for _, tensor in self._named if tensor.grad is not None]
        norm = torch.nn.utils.clip_grad_norm_(trained, GRADIENT_NORM)
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise NotFinite("the loss or its gradient is not a finite number")
        self._pull_back()
        self._optimizer.step()

    def _epoch(self, number: int) -> list[Step]:
        return epoch(self._given, self._rows, self._plan.batch, self._plan.seed, number)

    def _pull_back(self) -> None:
        """Proximal term mu/2 |w - w0|^2 (FedProx, arXiv 1812.06127): its gradient is mu (w - w0)."""
        if not self._plan.proximal:
            return
        for (_, tensor), held in zip(self._named, self._anchor, strict=True):
            if tensor.grad is not None:
                tensor.grad.add_(tensor.detach() - held, alpha=self._plan.proximal)

    def _put_back(self) -> None:
        """Rows that no record reached move by weight decay alone, at every site: then none would be one site's."""
        if not self._plan.weight_decay:
            return
        for (_, tensor), start in zip(self._named, self._start, strict=True):
            own = self._optimizer.state.get(tensor)
            if own and tensor.ndim > 1:
                moved = (own["exp_avg"] != 0) | (own["exp_avg_sq"] != 0)
                reached = moved.flatten(1).any(dim=1)
                tensor.data[~reached] = start[~reached]

    def _resume(self, savepoint: Savepoint) -> checkpoints.Place:
        found = checkpoints.read(savepoint.path, savepoint.fingerprint)
        if found is None:
            return checkpoints.Place(0, 0)
        place, tensors = found
        for name, tensor in self._named:
            tensor.data.copy_(torch.from_numpy(tensors[f"weight|{name}"]))
            if f"mean|{name}" in tensors:
                self._optimizer.state[tensor] = {
                    "step": torch.tensor(float(tensors[f"step|{name}"][0])),
                    "exp_avg": _like(tensor, tensors[f"mean|{name}"]),
                    "exp_avg_sq": _like(tensor, tensors[f"square|{name}"]),
                }
        return place

    def _save(self, savepoint: Savepoint, place: checkpoints.Place) -> None:
        tensors: Tensors = {}
        for name, tensor in self._named:
            tensors[f"weight|{name}"] = tensor.detach().cpu().numpy()
            own = self._optimizer.state.get(tensor)
            if own:
                tensors[f"step|{name}"] = np.array([float(own["step"])], np.float32)
                tensors[f"mean|{name}"] = own["exp_avg"].cpu().numpy()
                tensors[f"square|{name}"] = own["exp_avg_sq"].cpu().numpy()
        checkpoints.write(savepoint.path, savepoint.fingerprint, place, tensors)


def _like(tensor: torch.Tensor, array: Array) -> torch.Tensor:
    """A copy of the array where the tensor is."""
    return torch.from_numpy(array.copy()).to(tensor.device)
