"""A federation in one process: the same training, codec, checks and aggregation as live, and the references.

With the same seeds, site ids and records a simulated run and a live one give the same module digests. Two
references exist only here: `central`, which no federation may ever do, and `alone`, each site by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from worker.learning import aggregation, local, seeds
from worker.learning.data.records import SiteData, TaskData
from worker.learning.evaluate.quality import Judged
from worker.protocol import codec, limits
from worker.protocol.canonical import digest
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import Manifest, ModelSpec, ModuleRef, Training
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import MetricsAnswer

_THEN = datetime(2000, 1, 1, tzinfo=UTC)
Modules = dict[str, Tensors]


@dataclass(frozen=True)
class Plan:
    """A run as the hub would plan it. `training.seed` is replaced for every site and round, from `seed`."""

    tasks: tuple[TaskSheet, ...]
    model: ModelSpec
    training: Training
    rounds: int
    seed: int = 1
    minimum_sites: int = 2
    row_sites: int | None = None
    """Only a simulation can set it: see `aggregation.Rule`. The hub's rule is None."""
    minimum_cell: int = 10
    run: str = "simulated"


@dataclass(frozen=True)
class Folders:
    """Where the simulation may write, and where the text model lies."""

    work: Path
    text: Path | None = None


@dataclass(frozen=True)
class Round:
    """One closed round: digests of the modules after it, and what the sites measured with them."""

    number: int
    digests: dict[str, str]
    held: tuple[str, ...]
    sites: dict[str, int]
    upload_bytes: dict[str, int]
    metrics: dict[str, MetricsAnswer] = field(default_factory=dict)

    @property
    def overall(self) -> dict[str, float]:
        """Task to the weighted mean of the sites' figures."""
        return aggregation.overall(one for answer in self.metrics.values() for one in answer.shared)


@dataclass(frozen=True)
class Result:
    """All rounds and the final modules."""

    rounds: tuple[Round, ...]
    modules: Modules


def digests(modules: Modules) -> dict[str, str]:
    """As the hub names the objects: SHA-256 of a module's safetensors bytes."""
    return {name: digest(codec.encode(tensors)) for name, tensors in sorted(modules.items())}


def run(
    plan: Plan,
    sites: Mapping[str, SiteData],
    folders: Folders,
    *,
    measure: Callable[[int], bool] = lambda number: True,
    on_round: Callable[[Round], None] = lambda one: None,
) -> Result:
    """All rounds. `measure` says after which rounds the sites evaluate (round number, from 1)."""
    modules = local.initial_modules(plan.model, plan.tasks, text_dir=folders.text)
    rounds = []
    for number in range(1, plan.rounds + 1):
        modules, done = _round(plan, sites, folders, modules, number, measure(number))
        on_round(done)
        rounds.append(done)
    return Result(tuple(rounds), modules)


def _round(
    plan: Plan,
    sites: Mapping[str, SiteData],
    folders: Folders,
    modules: Modules,
    number: int,
    measured: bool,
) -> tuple[Modules, Round]:
    bodies, weights = {}, {}
    for site, data in sorted(sites.items()):
        bodies[site], weights[site] = _update(plan, site, data, folders, modules, number)
    rule = aggregation.Rule(
        minimum_sites=plan.minimum_sites, step=plan.training.step, row_sites=plan.row_sites
    )
    updates = {site: _by_module(codec.decode(body)) for site, body in bodies.items()}
    after, held, counts = {}, [], {}
    for module, base in modules.items():
        own = [(s, weights[s][module], updates[s][module]) for s in updates if module in updates[s]]
        for _, _, delta in own:
            aggregation.validate(base, delta, norm_limit=limits.UPDATE_NORM)
        combined = aggregation.combine(base, own, rule)
        after[module], counts[module] = combined.state, combined.sites
        held += [module] if combined.held else []
    metrics = _measured(plan, sites, folders, after, number) if measured else {}
    sizes = {site: len(body) for site, body in bodies.items()}
    return after, Round(number, digests(after), tuple(held), counts, sizes, metrics)


def _update(
    plan: Plan, site: str, data: SiteData, folders: Folders, modules: Modules, number: int
) -> tuple[bytes, dict[str, float]]:
    """What one site would upload, as bytes, and its weights."""
    checkpoint = folders.work / site / "checkpoint.safetensors"
    found = local.train(
        manifest(plan, site, number, modules, JobKind.TRAIN),
        modules,
        data,
        text_dir=folders.text,
        cache_dir=folders.work / site,
        checkpoint=checkpoint,
        on_progress=_silent,
    )
    checkpoint.unlink(missing_ok=True)
    tensors = {f"{m}::{name}": a for m, own in found.items() for name, a in own.delta.items()}
    return codec.encode(tensors), {module: own.weight for module, own in found.items()}


def _by_module(tensors: Tensors) -> Modules:
    modules: Modules = {}
    for key, array in tensors.items():
        module, _, name = key.partition("::")
        modules.setdefault(module, {})[name] = array
    return modules


def _measured(
    plan: Plan, sites: Mapping[str, SiteData], folders: Folders, modules: Modules, number: int
) -> dict[str, MetricsAnswer]:
    return {
        site: local.evaluate(
            manifest(plan, site, number, modules, JobKind.EVALUATE),
            modules,
            data,
            text_dir=folders.text,
            cache_dir=folders.work / site,
            on_progress=_silent,
        )
        for site, data in sorted(sites.items())
    }


def alone(plan: Plan, sites: Mapping[str, SiteData], folders: Folders) -> dict[str, Modules]:
    """Each site's model trained on its own records only."""
    return {
        site: local.alone_modules(
            manifest(plan, site, 0, {}, JobKind.BASELINE),
            data,
            text_dir=folders.text,
            cache_dir=folders.work / site,
            on_progress=_silent,
        )
        for site, data in sorted(sites.items())
    }


def judged(
    plan: Plan, modules: Modules, data: SiteData, folders: Folders, *, split: str = "test"
) -> dict[str, Judged]:
    """Task to labels and predictions of one split, in order of the records."""
    return local.predictions(
        manifest(plan, "judge", 0, {}, JobKind.EVALUATE),
        modules,
        data,
        split=split,
        text_dir=folders.text,
        cache_dir=folders.work / "judge",
        on_progress=_silent,
    )


def central(plan: Plan, sites: Mapping[str, SiteData], folders: Folders) -> Modules:
    """One model trained on all records together, as no federation may: the reference to compare with."""
    return alone(plan, {"central": merged(sites)}, folders)["central"]


def merged(sites: Mapping[str, SiteData]) -> SiteData:
    """All sites' records as one site's, in order of site id."""
    ordered = [data for _, data in sorted(sites.items())]
    names = sorted({name for data in ordered for name in data.tasks})
    tasks = {
        name: _joined([data.tasks[name] for data in ordered if name in data.tasks])
        for name in names
    }
    return SiteData(tasks, digest("|".join(data.digest for data in ordered).encode()))


def _joined(parts: list[TaskData]) -> TaskData:
    texts = {
        column: [text for part in parts for text in part.text[column]] for column in parts[0].text
    }
    return TaskData(
        sheet=parts[0].sheet,
        numeric=np.concatenate([part.numeric for part in parts]),
        categorical=np.concatenate([part.categorical for part in parts]),
        text=texts,
        label=np.concatenate([part.label for part in parts]),
        student=np.concatenate([part.student for part in parts]),
        class_code=np.concatenate([part.class_code for part in parts]),
        term=np.concatenate([part.term for part in parts]),
        split=np.concatenate([part.split for part in parts]),
    )


def manifest(plan: Plan, site: str, number: int, modules: Modules, kind: JobKind) -> Manifest:
    """The manifest the hub would sign, but for names and times, which no figure depends on."""
    seed = seeds.training_seed(plan.seed, number, site)
    refs = {
        name: ModuleRef(digest=digest(body), bytes=len(body))
        for name, body in ((name, codec.encode(tensors)) for name, tensors in modules.items())
    }
    return Manifest(
        job=f"{plan.run}-{kind}-{number}-{site}",
        kind=kind,
        site=site,
        institution=site,
        federation="simulated",
        run=plan.run,
        round=number,
        issued=_THEN,
        expires=_THEN,
        tasks=plan.tasks,
        model=plan.model,
        modules=refs,
        training=plan.training.model_copy(update={"seed": seed}),
        cohort=1,
        minimum_cell=plan.minimum_cell,
    )


def _silent(phase: Phase, step: int, steps: int) -> None:
    """A simulation shows no progress within a job."""
