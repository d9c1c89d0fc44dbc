"""A site's own model, held near the shared one, trained after the last round:

    v = argmin F_k(v) + lambda/2 |v - w|^2,   from v = w, for as long as the validation split gains

That is the second half of Ditto (Li et al., ICML 2021, arXiv 2012.04221), done once at the end: rounds and updates
are as without it, so nothing of v can leave with one. lambda is the run's, or the one of `STRENGTHS` with the least
loss on the site's validation split. See docs/decisions/0010 for what was measured against it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.learning.data.records import SiteData
from worker.learning.own import Modules
from worker.learning.seeds import derive
from worker.learning.training import checkpoint as checkpoints
from worker.learning.training import held_out
from worker.learning.training.desk import Desk
from worker.learning.training.fit import Trainer
from worker.learning.training.frozen import ProgressHook
from worker.learning.training.held_out import Best, Patience
from worker.protocol.canonical import digest, digest_of
from worker.protocol.codec import Tensors, by_module, encode, flat
from worker.protocol.manifest import Manifest, Training

STRENGTHS = (0.01, 0.1, 0.3, 1.0, 3.0)
PATIENCE = Patience(20, 4)
PATIENCE_ADAPTED = Patience(4, 1)
"""Where layers of the text model train too, an epoch is dear."""


@dataclass(frozen=True)
class Shelf:
    """Where the candidates of one work lie. One of other records, or near another model, is overwritten."""

    folder: Path
    work: str

    def find(self, strength: float) -> Modules | None:
        found = checkpoints.read(self._file(strength), self.work)
        return None if found is None else by_module(found[1])

    def put(self, strength: float, modules: Modules) -> None:
        """Raises OSError when the disk is full."""
        checkpoints.write(self._file(strength), self.work, checkpoints.Place(0, 0), flat(modules))

    def _file(self, strength: float) -> Path:
        return self.folder / f"{strength:g}.safetensors"


def work(manifest: Manifest, shared: Mapping[str, Tensors], data: SiteData) -> str:
    """What the result depends on. Not the job: a report finds the model that the personal job made."""
    return digest_of(
        {
            "work": "personal-1",
            "model": manifest.model.model_dump(mode="json"),
            "tasks": [sheet.model_dump(mode="json") for sheet in manifest.tasks],
            "training": manifest.training.model_dump(mode="json", exclude={"seed"}),
            "near": {name: digest(encode(tensors)) for name, tensors in sorted(shared.items())},
            "data": data.digest,
        }
    )


def strengths(plan: Training) -> tuple[float, ...]:
    """The values of lambda to try; none where a run has no such models."""
    if plan.personal is None:
        return ()
    return STRENGTHS if plan.personal == "chosen" else (plan.personal,)


def state(
    desk: Desk, shared: Modules, plan: Training, shelf: Shelf, on_progress: ProgressHook
) -> Modules:
    """The candidate with the least validation loss, of equals the one held nearest. A training that was killed goes
    on with the first candidate that is not on disk yet. There is a validation record and a training record."""
    found = [
        candidate(desk, shared, plan, strength, shelf, on_progress) for strength in strengths(plan)
    ]
    return min(reversed(found), key=lambda one: one.loss).state


def candidate(
    desk: Desk,
    shared: Modules,
    plan: Training,
    strength: float,
    shelf: Shelf,
    on_progress: ProgressHook,
) -> Best:
    known = shelf.find(strength)
    if known is None:
        known = _fit(desk, shared, plan, strength, on_progress)
        shelf.put(strength, known)
    return _judged(desk, known)


def _fit(
    desk: Desk, shared: Modules, plan: Training, strength: float, on_progress: ProgressHook
) -> Modules:
    network, given = desk.network(shared), desk.sources
    seed = derive("personal", desk.spec.seed)
    own = plan.model_copy(update={"seed": seed, "proximal": strength})
    trainer = Trainer(network, given, [source.rows("train") for source in given], own)
    adapted = network.encoder is not None and not network.encoder.frozen
    patience = PATIENCE_ADAPTED if adapted else PATIENCE
    return held_out.best(trainer, given, _judged(desk, shared), patience, on_progress).state


def _judged(desk: Desk, modules: Modules) -> Best:
    held = held_out.rows(desk.sources)
    return Best(modules, held_out.loss(desk.network(modules), desk.sources, held))
