"""What a job of learning does at one site: train, evaluate, baseline, personal, report. The face the workers call.

Importing this module loads no torch; calling it does. So only a process that does not fork may call it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from worker.learning.data.records import SiteData
from worker.learning.faults import NoRecords
from worker.learning.model import layout
from worker.learning.model.layout import Bases
from worker.learning.own import Modules, Own, laid_over, parted
from worker.protocol import slices
from worker.protocol.canonical import digest, digest_of
from worker.protocol.codec import Tensors, encode
from worker.protocol.codes import Phase
from worker.protocol.manifest import Manifest, ModelSpec
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import MetricsAnswer, ReportAnswer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from worker.learning.evaluate.quality import Judged
    from worker.learning.training.desk import Desk

ProgressHook = Callable[[Phase, int, int], None]
"""(phase, step, steps), called at least once a batch. What it raises ends the job after a checkpoint."""


@dataclass(frozen=True)
class Contribution:
    """One module's difference from its base, and the number of training records that carried the module."""

    delta: Tensors
    weight: float


def module_names(model: ModelSpec, tasks: Sequence[TaskSheet]) -> tuple[str, ...]:
    return layout.module_names(model, tasks)


def initial_modules(
    model: ModelSpec, tasks: Sequence[TaskSheet], *, bases: Bases
) -> dict[str, Tensors]:
    """The state before round 1: the same for every hub and site that has the same specification."""
    needed = layout.read_by_bases(model, tasks)
    given = {modality: folder for modality, folder in bases.items() if modality in needed}
    return layout.initial(model, tasks, layout.shapes_of(given))


def train(
    manifest: Manifest,
    modules: dict[str, Tensors],
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    checkpoint: Path,
    on_progress: ProgressHook,
) -> dict[str, Contribution]:
    """One round at one site. Only records of the train split are read. Raises a LearningFault."""
    from worker.learning.training import schedule
    from worker.learning.training.fit import Savepoint, Trainer

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        carried = _carried(desk)
        if not carried:
            raise NoRecords("no training record for any task of this job")
        network = desk.network(modules)
        network.train_rank(manifest.rank)
        rows = [source.rows("train") for source in desk.sources]
        plan = schedule.of_round(manifest.training, manifest.round)
        trainer = Trainer(network, desk.sources, rows, plan)
        trainer.run(on_progress, Savepoint(checkpoint, _work(manifest, modules, data)))
        after = network.state()
    return {
        module: Contribution(_difference(modules[module], after[module]), float(weight))
        for module, weight in sorted(carried.items())
    }


def take_part(
    manifest: Manifest,
    shared: Modules,
    own: Own,
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    checkpoint: Path,
    on_progress: ProgressHook,
) -> tuple[dict[str, Contribution], Own]:
    """A round with the site's own part laid over `shared`: what may leave, and the own part after the round."""
    start = laid_over(shared, own, manifest.kept)
    found = train(
        manifest,
        start,
        data,
        bases=bases,
        cache_dir=cache_dir,
        checkpoint=checkpoint,
        on_progress=on_progress,
    )
    deltas = {module: one.delta for module, one in found.items()}
    sent, after = parted(deltas, start, own, manifest.kept, manifest.training.step)
    sent = slices.first_rows(sent, manifest.rank)
    return {module: Contribution(sent[module], found[module].weight) for module in sent}, after


def evaluate(
    manifest: Manifest,
    modules: dict[str, Tensors],
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> MetricsAnswer:
    """The shared model on the site's test records."""
    from worker.learning.evaluate import answers

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        network = desk.network(modules)
        shared = answers.of_model(network, desk.sources, manifest.minimum_cell, on_progress)
    return MetricsAnswer(shared=shared)


def baseline(
    manifest: Manifest,
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> MetricsAnswer:
    """The model trained alone on this site's records, and the simple rule, on the same test records."""
    from worker.learning.evaluate import answers
    from worker.learning.training import alone

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        network = alone.of(manifest, desk, data, cache_dir, on_progress)
        return MetricsAnswer(
            local=answers.of_model(network, desk.sources, manifest.minimum_cell, on_progress),
            rule=answers.of_rule(desk.sources, manifest.minimum_cell),
        )


def personal(
    manifest: Manifest,
    modules: dict[str, Tensors],
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    own_dir: Path,
    on_progress: ProgressHook,
) -> MetricsAnswer:
    """Makes the site's own model near the shared one and chooses by the validation split; what that did on the test
    split. The model stays in `own_dir`."""
    from worker.learning import in_use

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        places = in_use.Places(cache_dir, own_dir)
        found = in_use.find(manifest, desk, modules, data, places, on_progress)
        return in_use.told(found, desk, manifest.minimum_cell, on_progress)


def alone_modules(
    manifest: Manifest,
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> dict[str, Tensors]:
    """The model `baseline` measures, itself. It never leaves the site."""
    from worker.learning.training import alone

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        return alone.of(manifest, desk, data, cache_dir, on_progress).state()


def predictions(
    manifest: Manifest,
    modules: dict[str, Tensors],
    data: SiteData,
    *,
    split: str = "test",
    bases: Bases,
    cache_dir: Path,
    own_dir: Path,
    on_progress: ProgressHook,
) -> "dict[str, Judged]":
    """Task to labels and predictions of one split by the model in use, record by record. They never leave the site."""
    from worker.learning import in_use

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        places = in_use.Places(cache_dir, own_dir)
        found = in_use.find(manifest, desk, modules, data, places, on_progress)
        return {
            source.data.sheet.name: found.judged(source, split, on_progress)
            for source in desk.sources
        }


def report(
    manifest: Manifest,
    modules: dict[str, Tensors],
    data: SiteData,
    *,
    bases: Bases,
    cache_dir: Path,
    own_dir: Path,
    on_progress: ProgressHook,
) -> ReportAnswer:
    """Figures of the classes the manifest names, by the model in use, suppressed and rounded here."""
    from worker.learning import in_use
    from worker.learning.evaluate import classes
    from worker.learning.evaluate.compare import compared, predicted
    from worker.learning.evaluate.predict import as_one
    from worker.learning.training import alone

    with _laid(manifest, data, bases, cache_dir, on_progress) as desk:
        places = in_use.Places(cache_dir, own_dir)
        used = in_use.find(manifest, desk, modules, data, places, on_progress)
        local = alone.of(manifest, desk, data, cache_dir, on_progress)
        asked = manifest.classes
        hook = as_one(predicted(desk.sources, asked), on_progress)
        found = [compared(used, local, s, asked, hook) for s in desk.sources]
    return ReportAnswer(classes=classes.figures(data, asked, found, manifest.minimum_cell))


def _laid(
    manifest: Manifest,
    data: SiteData,
    bases: Bases,
    cache_dir: Path,
    on_progress: ProgressHook,
) -> "AbstractContextManager[Desk]":
    from worker.learning.training.desk import laid

    return laid(
        manifest.model,
        manifest.tasks,
        data,
        bases=bases,
        cache_dir=cache_dir,
        on_progress=on_progress,
    )


def _carried(desk: "Desk") -> dict[str, int]:
    """Module to training records that carried it; a module that no record carried is absent."""
    counts: dict[str, int] = {}
    names = module_names(desk.spec, desk.tasks)
    for source in desk.sources:
        rows, sheet = source.rows("train"), source.data.sheet
        found = {layout.head(sheet.name): len(rows), layout.FUSION: len(rows) * layout.fused(sheet)}
        for modality in sheet.modalities:
            with_it = int(source.has(modality)[rows].sum())
            found |= dict.fromkeys(layout.reading(modality), with_it)
        for module, count in found.items():
            counts[module] = counts.get(module, 0) + count
    return {module: counts[module] for module in names if counts.get(module)}


def _difference(base: Tensors, after: Tensors) -> Tensors:
    return {name: np.subtract(after[name], base[name], dtype=np.float32) for name in sorted(base)}


def _work(manifest: Manifest, modules: dict[str, Tensors], data: SiteData) -> str:
    """What a checkpoint must belong to. Not the claim: a second claim of the job goes on with the first one's."""
    return digest_of(
        {
            "job": manifest.job,
            "round": manifest.round,
            "model": manifest.model.model_dump(mode="json"),
            "tasks": [sheet.model_dump(mode="json") for sheet in manifest.tasks],
            "training": manifest.training.model_dump(mode="json"),
            "base": {name: digest(encode(tensors)) for name, tensors in sorted(modules.items())},
            "data": data.digest,
        }
    )
