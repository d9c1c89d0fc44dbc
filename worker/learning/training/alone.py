"""Training alone: what a site reaches with its own records only. The same model, started from the same weights.

The number of epochs is chosen on the validation split; the test split is never read here. The result is kept in
the site's cache, so the report at the end of a run uses the very model the baseline job measured.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import torch

from worker.learning.data.records import SiteData
from worker.learning.model.network import Network
from worker.learning.seeds import derive
from worker.learning.training import checkpoint as checkpoints
from worker.learning.training.batches import Rows, Source, Step, together
from worker.learning.training.fit import Trainer
from worker.learning.training.frozen import ProgressHook
from worker.protocol.canonical import digest_of
from worker.protocol.codec import Tensors, by_module, flat
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import TaskSheet

MOST_EPOCHS, PATIENCE = 30, 4
MOST_EPOCHS_ADAPTED, PATIENCE_ADAPTED = 8, 2
"""Where layers of the text model train too, an epoch is dear and the adapter soon has what it can learn."""
WITHOUT_VALIDATION = 10
VALIDATION_BATCH = 128


def fingerprint(spec: ModelSpec, tasks: Sequence[TaskSheet], plan: Training, data: SiteData) -> str:
    """What the result depends on. Not the round: the model trained alone is the same for a whole run."""
    return digest_of(
        {
            "work": "alone-1",
            "model": spec.model_dump(mode="json"),
            "tasks": [sheet.model_dump(mode="json") for sheet in tasks],
            "training": [plan.batch, plan.lr, plan.weight_decay],
            "data": data.digest,
        }
    )


def state(
    network: Network,
    given: Sequence[Source],
    plan: Training,
    kept: Path,
    work: str,
    on_progress: ProgressHook,
) -> dict[str, Tensors]:
    """The trained modules, from the file `kept` if it holds this very work."""
    found = checkpoints.read(kept, work)
    if found is not None:
        return by_module(found[1])
    best = _train(network, given, plan, on_progress)
    checkpoints.write(kept, work, checkpoints.Place(0, 0), flat(best))
    return best


def _train(
    network: Network, given: Sequence[Source], plan: Training, on_progress: ProgressHook
) -> dict[str, Tensors]:
    own = plan.model_copy(update={"seed": derive("alone", network.spec.seed), "proximal": 0.0})
    trainer = Trainer(network, given, [source.rows("train") for source in given], own)
    held = [source.rows("validation") for source in given]
    validated = any(len(rows) for rows in held)
    adapted = network.encoder is not None and not network.encoder.pooled_below
    most, patience = (MOST_EPOCHS_ADAPTED, PATIENCE_ADAPTED) if adapted else (MOST_EPOCHS, PATIENCE)
    epochs = most if validated else min(most, WITHOUT_VALIDATION)
    best, least, since = network.state(), math.inf, 0
    for number in range(epochs):
        trainer.epoch(number, on_progress, trainer.steps * epochs)
        loss = _loss(network, given, held) if validated else -float(number)
        since = 0 if loss < least else since + 1
        if loss < least:
            best, least = network.state(), loss
        if since >= patience:
            break
    return best


@torch.no_grad()
def _loss(network: Network, given: Sequence[Source], rows: Sequence[Rows]) -> float:
    """Mean loss per record over the validation split, tasks weighing by their records."""
    total, count = 0.0, 0
    for group in together(given, rows):
        own = rows[group[0]]
        for start in range(0, len(own), VALIDATION_BATCH):
            step = Step(group, own[start : start + VALIDATION_BATCH])
            loss = network.loss(step.batches(given), training=False)
            total += float(loss) * len(step.rows)
            count += len(step.rows) * len(group)
    return total / count
