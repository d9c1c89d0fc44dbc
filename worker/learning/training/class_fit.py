"""What a class learns of its own, in one small, smooth problem solved at once (L-BFGS); everything below is frozen:

    head               h = argmin F_c(h) + strength/2 |h - h0|^2
    head and adapter   (h, a) = argmin F_c(h, a) + strength/2 (|h - h0|^2 + |a|^2)

F_c is the mean loss over the class's training records. The more it is held, the nearer it is to the institution's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from worker.learning.evaluate.predict import BATCH, TEXT_BATCH
from worker.learning.model import class_adapter, losses
from worker.learning.model.layout import head
from worker.learning.model.network import Network
from worker.learning.training.batches import Rows, Source

STEPS = 50
Part = Mapping[str, torch.Tensor]


@dataclass(frozen=True)
class Learnt:
    """A class's head, and its adapter if it has one."""

    head: Part
    adapter: Part | None = None

    def laid_on(self, network: Network, task: str) -> Network:
        return network.with_class(task, self.head, self.adapter)


@torch.no_grad()
def features(network: Network, source: Source, rows: Rows) -> torch.Tensor:
    """(n, width): what the head reads of each record, on the processor, where a problem so small is solved."""
    size = TEXT_BATCH if source.shared else BATCH
    parts = [
        network.fused(source.batch(rows[start : start + size]))
        for start in range(0, len(rows), size)
    ]
    return torch.cat(parts).cpu()


def fit(
    network: Network,
    source: Source,
    rows: Rows,
    given: torch.Tensor,
    strength: float,
    *,
    adapter: bool,
) -> Learnt:
    """`given`: `features` of `rows`. The adapter starts as none, so both start as the institution's model."""
    sheet = source.data.sheet
    start = {n: t.detach().cpu().clone() for n, t in network.parts[head(sheet.name)].items()}
    own = _learning(start)
    bent = _learning(class_adapter.first(given.shape[1])) if adapter else {}
    label = torch.from_numpy(np.ascontiguousarray(source.data.label[rows]))
    learning = [*own.values(), *bent.values()]
    solver = torch.optim.LBFGS(learning, max_iter=STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        solver.zero_grad()
        read = class_adapter.adapted(given, bent) if bent else given
        far = [(own[name] - start[name]).square().sum() for name in own]
        far += [tensor.square().sum() for tensor in bent.values()]
        said = functional.linear(read, own["weight"]) + own["bias"]
        loss = losses.labelled(sheet, said, label) + strength / 2 * torch.stack(far).sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    solver.step(closure)  # type: ignore[no-untyped-call]
    return Learnt(_learnt(own), _learnt(bent) if bent else None)


def _learning(part: Part) -> dict[str, torch.Tensor]:
    return {name: tensor.clone().requires_grad_() for name, tensor in part.items()}


def _learnt(part: Part) -> Part:
    return {name: tensor.detach() for name, tensor in part.items()}
