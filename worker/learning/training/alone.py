"""Training alone: what a site reaches with its own records only. The same model, started from the same weights.

The number of epochs is chosen on the validation split; the test split is never read here. The result is kept in
the site's cache, so the report at the end of a run uses the very model the baseline job measured.
"""

import math
from collections.abc import Sequence
from pathlib import Path

from worker.learning.data.records import SiteData
from worker.learning.faults import NoRecords
from worker.learning.model.network import Network
from worker.learning.seeds import derive
from worker.learning.training import checkpoint as checkpoints
from worker.learning.training import held_out
from worker.learning.training.batches import Source
from worker.learning.training.desk import Desk
from worker.learning.training.fit import Trainer
from worker.learning.training.frozen import ProgressHook
from worker.protocol.canonical import digest_of
from worker.protocol.codec import Tensors, by_module, flat
from worker.protocol.manifest import Manifest, ModelSpec, Training
from worker.protocol.tasks import TaskSheet

PATIENCE = held_out.Patience(30, 4)
PATIENCE_ADAPTED = held_out.Patience(8, 2)
"""Where layers of the text model train too, an epoch is dear and the adapter soon has what it can learn."""
WITHOUT_VALIDATION = 10


def fingerprint(spec: ModelSpec, tasks: Sequence[TaskSheet], plan: Training, data: SiteData) -> str:
    """What the result depends on. Not the round: the model trained alone is the same for a whole run."""
    return digest_of(
        {
            "work": "alone-2",
            "model": spec.model_dump(mode="json"),
            "tasks": [sheet.model_dump(mode="json") for sheet in tasks],
            "training": [plan.batch, plan.lr, plan.weight_decay, plan.mixup, plan.tasks_weighed],
            "data": data.digest,
        }
    )


def of(
    manifest: Manifest, desk: Desk, data: SiteData, cache_dir: Path, on_progress: ProgressHook
) -> Network:
    """This site's model trained alone, from its cache if it is there. Raises NoRecords."""
    if not any(len(source.rows("train")) for source in desk.sources):
        raise NoRecords("no training record for any task of this job")
    work = fingerprint(manifest.model, manifest.tasks, manifest.training, data)
    kept = cache_dir / "alone" / f"{work}.safetensors"
    found = state(desk.first(), desk.sources, manifest.training, kept, work, on_progress)
    return desk.network(found)


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
    adapted = network.encoder is not None and not network.encoder.frozen
    patience = PATIENCE_ADAPTED if adapted else PATIENCE
    if any(len(rows) for rows in held_out.rows(given)):
        before = held_out.Best(network.state(), math.inf)
        return held_out.best(trainer, given, before, patience, on_progress).state
    epochs = min(patience.epochs, WITHOUT_VALIDATION)
    for number in range(epochs):
        trainer.epoch(number, on_progress, trainer.steps * epochs)
    return network.state()
