"""From the mean of a round's updates to the next state of a module: server rules as pure `init` and `apply`.

Each rule says how much a site's examples weigh, and what the weighted mean D of the differences does:

    weighted mean   w_k = n_k        theta <- theta + D                          (FedAvg, arXiv 1602.05629)
    square root     w_k = n_k^1/2    theta <- theta + D                          (large sites count less)
    FedAdam         w_k = n_k        m <- b1 m + (1 - b1) D, v <- b2 v + (1 - b2) D^2,
                                     theta <- theta + lr m / (v^1/2 + tau)       (arXiv 2003.00295, algorithm 2)
    light q-FFL     w_k = n_k F_k^q  theta <- theta + D                          (after arXiv 1905.10497; no live run)

What a rule remembers between rounds is a value like any state. Rows that too few sites moved are held by `combine`,
and what is remembered of them stays, too. FedProx is the sites' part (`Training.proximal`). F_k is a site's mean
training loss at the round's base. No flow of the product lets losses out, so no live run has a rule that wants them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np

from worker.protocol.codec import Array, Tensors


class ServerRule(Protocol):
    """`memory` is what `init` made or `apply` returned; float32, so that it is stored as a module is."""

    wants_losses: ClassVar[bool]
    """Whether `weight` reads the site's loss. Only `worker.learning.simulate` can tell one."""

    def weight(self, examples: float, loss: float) -> float:
        """`loss`: a mean per record, at least 0, capped like weights; of no meaning where none is wanted."""

    def init(self, base: Tensors) -> Tensors: ...

    def apply(
        self, base: Tensors, mean: Mapping[str, Array], moved: Mapping[str, Array], memory: Tensors
    ) -> tuple[Tensors, Tensors]:
        """`mean` in float64; `moved`: True for the rows it may change, shaped to multiply with it."""


@dataclass(frozen=True)
class WeightedMean:
    """FedAvg. Nothing is remembered."""

    wants_losses: ClassVar[bool] = False

    def weight(self, examples: float, loss: float) -> float:
        return examples

    def init(self, base: Tensors) -> Tensors:
        return {}

    def apply(
        self, base: Tensors, mean: Mapping[str, Array], moved: Mapping[str, Array], memory: Tensors
    ) -> tuple[Tensors, Tensors]:
        return {name: _added(base[name], change) for name, change in mean.items()}, memory


MEAN = WeightedMean()


@dataclass(frozen=True)
class SquareRoot(WeightedMean):
    """Weights by the square root of the examples: a site four times as large counts twice as much."""

    def weight(self, examples: float, loss: float) -> float:
        return math.sqrt(examples)


@dataclass(frozen=True)
class LossWeighted(WeightedMean):
    """Light q-FFL: a site that the model serves badly counts more. Raises ValueError for a q below 0.

    Its direction is that of the gradient of sum_k n_k F_k^(q+1) / (q+1), with the site's update for its gradient.
    q-FedAvg divides by sum_k h_k, h_k = q F_k^(q-1) |L d_k|^2 + L F_k^q; here the first part of h_k is left out and L
    cancels. So the step is a weighted mean whatever q is, and long updates do not shorten it; q = 0 is exactly
    `WeightedMean`. Losses compare only between sites of the same tasks. A site of bad labels has a high loss for
    ever: the cap of `combine` bounds what it gains, and nothing here tells it from one that is hard to serve.
    """

    wants_losses: ClassVar[bool] = True

    q: float = 0.1
    least: float = 1e-3
    """A smaller loss counts as this one: a site that is served perfectly keeps a weight."""

    def __post_init__(self) -> None:
        if not self.q >= 0:
            raise ValueError("q is at least 0: below, a site that is served well would count more")

    def weight(self, examples: float, loss: float) -> float:
        return float(examples * max(loss, self.least) ** self.q)


@dataclass(frozen=True)
class FedAdam(WeightedMean):
    """`lr`: about the change a number of the model may take in a round. v starts at tau^2."""

    lr: float = 0.01
    first: float = 0.9
    second: float = 0.99
    tau: float = 1e-3

    def init(self, base: Tensors) -> Tensors:
        start = {f"m|{name}": np.zeros(a.shape, np.float32) for name, a in base.items()}
        square = np.float32(self.tau**2)
        return start | {f"v|{name}": np.full(a.shape, square) for name, a in base.items()}

    def apply(
        self, base: Tensors, mean: Mapping[str, Array], moved: Mapping[str, Array], memory: Tensors
    ) -> tuple[Tensors, Tensors]:
        after: Tensors = {}
        kept: Tensors = {}
        for name, change in mean.items():
            m, v = (np.asarray(memory[f"{which}|{name}"], np.float64) for which in "mv")
            m = np.where(moved[name], self.first * m + (1 - self.first) * change, m)
            v = np.where(moved[name], self.second * v + (1 - self.second) * change**2, v)
            went = np.where(moved[name], self.lr * m / (np.sqrt(v) + self.tau), 0.0)
            after[name] = _added(base[name], went)
            kept |= {f"m|{name}": m.astype(np.float32), f"v|{name}": v.astype(np.float32)}
        return after, kept


def _added(base: Array, change: Array) -> Array:
    found: Array = (np.asarray(base, np.float64) + change).astype(np.float32)
    return found
