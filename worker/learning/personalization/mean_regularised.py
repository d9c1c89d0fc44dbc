"""An institution's own model, held near the shared one: mean-regularised multi-task learning (MR-MTL).

    v_k <- argmin_v F_k(v) + lambda/2 |v - w|^2        at site k, a few steps from where v_k stood
    w   <- w + sum_k p_k (v_k' - v_k)                   at the hub: the weighted mean of the changes

Liu, Hu, Wu, Smith, "On Privacy and Personalization in Cross-Silo Federated Learning", NeurIPS 2022 (arXiv
2206.07902). v_k never leaves; its change does, as any update does, so the hub's rule is `aggregation.combine` and w
stays the weighted mean of the v_k, but for a round in which some v_k did not move at all: `combine` takes such a site
as absent. lambda 0 is a site alone; a large one is the shared model. Unlike Ditto no second model is trained, so under
noise no second part of the budget is spent.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from worker.learning.own import Modules
from worker.protocol.codec import Array, Tensors

Pull = Callable[[str, str, Array], Array]
"""(module, tensor, its value now) -> lambda (v - w), to be added to the gradient of every step."""
Train = Callable[[Modules, Pull], Modules]
"""The site's training of one round: from a start and with a pull, where it ended."""


@dataclass(frozen=True)
class MeanRegularised:
    """`strength`: lambda. Gradient steps of rate r are stable while r · lambda < 2."""

    strength: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.strength) and self.strength >= 0):
            raise ValueError("lambda is a number, 0 or more")

    def init(self, shared: Modules) -> Modules:
        """The own model before the first round: a copy of the shared one."""
        return {module: _each(tensors, np.array) for module, tensors in shared.items()}

    def apply(self, own: Modules, shared: Modules, train: Train) -> tuple[Modules, Modules]:
        """(own model after the round, its change: what may leave). Changes nothing it was given."""
        after = train(self.init(own), self.pull(shared))
        change = {
            module: {name: value - own[module][name] for name, value in tensors.items()}
            for module, tensors in after.items()
        }
        return after, change

    def pull(self, shared: Modules) -> Pull:
        """Toward the shared model, at every step."""

        def pull(module: str, name: str, value: Array) -> Array:
            drawn: Array = self.strength * (value - shared[module][name])
            return drawn

        return pull


def _each(tensors: Tensors, change: Callable[[Array], Array]) -> Tensors:
    return {name: change(value) for name, value in tensors.items()}
