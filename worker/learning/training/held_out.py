"""Training that stops where the validation split says. The test split is never read here."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from worker.learning.model.network import Network
from worker.learning.own import Modules
from worker.learning.training.batches import Rows, Source, Step, together
from worker.learning.training.fit import Trainer
from worker.learning.training.frozen import ProgressHook

BATCH = 128


@dataclass(frozen=True)
class Patience:
    """At most `epochs`; after `without` in a row that brought nothing, no more."""

    epochs: int
    without: int


@dataclass(frozen=True)
class Best:
    """A model, and its mean loss per record of the validation split."""

    state: Modules
    loss: float


def rows(given: Sequence[Source]) -> list[Rows]:
    return [source.rows("validation") for source in given]


def best(
    trainer: Trainer,
    given: Sequence[Source],
    before: Best,
    patience: Patience,
    on_progress: ProgressHook,
) -> Best:
    """The least loss among `before` and the model after each epoch; of equals the first."""
    held, found, since = rows(given), before, 0
    for number in range(patience.epochs):
        trainer.epoch(number, on_progress, trainer.steps * patience.epochs)
        now = loss(trainer.network, given, held)
        since = 0 if now < found.loss else since + 1
        if now < found.loss:
            found = Best(trainer.network.state(), now)
        if since >= patience.without:
            break
    return found


@torch.no_grad()
def loss(network: Network, given: Sequence[Source], held: Sequence[Rows]) -> float:
    """Mean loss per record of these rows, tasks weighing by their records. There is at least one row."""
    total, count = 0.0, 0
    for group in together(given, held):
        own = held[group[0]]
        for start in range(0, len(own), BATCH):
            step = Step(group, own[start : start + BATCH])
            found = network.loss(step.batches(given), training=False)
            total += float(found) * len(step.rows)
            count += len(step.rows) * len(group)
    return total / count
