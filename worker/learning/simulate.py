"""A federation in one process: the same training, codec, checks and aggregation as live.

With the same seeds, site ids and records a simulated run and a live one give the same module digests. What to hold it
against is in `worker.learning.references`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from worker.learning import aggregation, base_loss, local, seeds
from worker.learning import own as own_parts
from worker.learning.data.records import SiteData
from worker.learning.evaluate.quality import Judged
from worker.learning.model.carrying import Earlier, carried
from worker.learning.own import Modules, Own
from worker.protocol import codec, limits
from worker.protocol.canonical import digest
from worker.protocol.codes import JobKind, Phase
from worker.protocol.kept import NO_ROWS, Kept, KeptRows
from worker.protocol.manifest import Manifest, ModelSpec, ModuleRef, Training
from worker.protocol.policy import Modality
from worker.protocol.tasks import TaskSheet
from worker.protocol.update import MetricsAnswer
from worker.protocol.weights import rounded, without_counts

_THEN = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Plan:
    """A run as the hub would plan it. `training.seed` is replaced for every site and round, from `seed`."""

    tasks: tuple[TaskSheet, ...]
    model: ModelSpec
    training: Training
    rounds: int
    seed: int = 1
    minimum_sites: int = 2
    minimum_cell: int = 10
    run: str = "simulated"
    server: aggregation.ServerRule = aggregation.MEAN
    ranks: Mapping[str, int] = field(default_factory=dict)
    """Site to the rank it trains, as its tier would have it; others train the model's."""
    counts_stay: frozenset[str] = frozenset()
    """Sites whose policies keep counts: their weights are powers of two."""


@dataclass(frozen=True)
class Folders:
    """Where the simulation may write, and where the base models lie."""

    work: Path
    text: Path | None = None
    image: Path | None = None
    audio: Path | None = None
    cache: Path | None = None
    """One cache of frozen states for all sites and references, so that no text is read twice; None: each its own."""

    @property
    def bases(self) -> dict[Modality, Path]:
        named: dict[Modality, Path | None]
        named = {"text": self.text, "image": self.image, "audio": self.audio}
        return {modality: folder for modality, folder in named.items() if folder is not None}


@dataclass(frozen=True)
class Round:
    """One closed round: digests of the modules after it, and what the sites measured with them."""

    number: int
    digests: dict[str, str]
    held: tuple[str, ...]
    sites: dict[str, int]
    upload_bytes: dict[str, int]
    kept: dict[str, KeptRows] = field(default_factory=dict)
    metrics: dict[str, MetricsAnswer] = field(default_factory=dict)

    @property
    def overall(self) -> dict[str, float]:
        """Task to the weighted mean of the sites' figures."""
        return aggregation.overall(one for answer in self.metrics.values() for one in answer.shared)


@dataclass(frozen=True)
class State:
    """A run between two rounds: the shared modules, what is kept of them at sites, and each site's own part."""

    modules: Modules
    first: Modules
    kept: dict[str, KeptRows] = field(default_factory=dict)
    own: dict[str, Own] = field(default_factory=dict)
    memory: Modules = field(default_factory=dict)
    """What the server rule remembers, by module."""

    def at(self, site: str) -> Modules:
        """The modules as this site uses them."""
        return own_parts.laid_over(self.modules, self.own.get(site, Own()), self.kept)


@dataclass(frozen=True)
class Result:
    """All rounds and where they ended."""

    rounds: tuple[Round, ...]
    end: State

    @property
    def modules(self) -> Modules:
        """The shared ones."""
        return self.end.modules


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
    earlier: Earlier | None = None,
) -> Result:
    """All rounds. `measure` says after which rounds the sites evaluate (round number, from 1); `earlier` is what the
    run goes on from, where it does."""
    first = local.initial_modules(plan.model, plan.tasks, bases=folders.bases)
    if earlier is not None:
        first = carried(earlier, plan.model, plan.tasks, first)
    state, path = State(first, first), list[Modules]()
    rounds = []
    for number in range(1, plan.rounds + 1):
        state, done = one_round(plan, sites, folders, state, number)
        path = [*path, state.modules][-plan.training.average :]
        if number == plan.rounds:
            state, done = _averaged(state, done, path)
        if measure(number):
            done = replace(done, metrics=_measured(plan, sites, folders, state, number))
        on_round(done)
        rounds.append(done)
    return Result(tuple(rounds), state)


def one_round(
    plan: Plan, sites: Mapping[str, SiteData], folders: Folders, before: State, number: int
) -> tuple[State, Round]:
    bodies, weights, own = {}, {}, dict(before.own)
    for site, data in sorted(sites.items()):
        bodies[site], weights[site], own[site] = _update(plan, site, data, folders, before, number)
    updates = {site: codec.by_module(codec.decode(body)) for site, body in bodies.items()}
    unheard = aggregation.silent(
        asked=len(sites), usable=len(updates), number=number, minimum_sites=plan.minimum_sites
    )
    losses = _losses(plan, sites, folders, before) if plan.server.wants_losses else {}
    step, server = plan.training.step, plan.server
    rule = aggregation.Rule(
        plan.minimum_sites, step=step, server=server, silent=unheard, losses=losses
    )
    made = {}
    for module, base in before.modules.items():
        given = [
            (s, weights[s][module], updates[s][module]) for s in updates if module in updates[s]
        ]
        kept = before.kept.get(module, NO_ROWS)
        for _, _, delta in given:
            aggregation.validate(base, delta, norm_limit=limits.UPDATE_NORM, kept=kept)
        first = before.first[module]
        made[module] = aggregation.combine(
            base, given, rule, first=first, kept=kept, memory=before.memory.get(module)
        )
    kept_now = {module: one.kept for module, one in made.items() if one.kept}
    memory = {module: one.memory for module, one in made.items()}
    state = State({m: one.state for m, one in made.items()}, before.first, kept_now, own, memory)
    done = Round(
        number,
        digests(state.modules),
        tuple(module for module, one in made.items() if one.held),
        {module: one.sites for module, one in made.items()},
        {site: len(body) for site, body in bodies.items()},
        kept_now,
    )
    return state, done


def _averaged(state: State, done: Round, path: Sequence[Modules]) -> tuple[State, Round]:
    """The run's end: the mean of the shared modules after the last rounds."""
    modules = {m: aggregation.averaged(one[m] for one in path) for m in state.modules}
    return replace(state, modules=modules), replace(done, digests=digests(modules))


def _update(
    plan: Plan, site: str, data: SiteData, folders: Folders, before: State, number: int
) -> tuple[bytes, dict[str, float], Own]:
    """What one site would upload, as bytes, and its weights; what stays there."""
    checkpoint = folders.work / site / "checkpoint.safetensors"
    wanted = manifest(plan, site, number, before.modules, JobKind.TRAIN, before.kept)
    mine = before.own.get(site, Own())
    found, own = local.take_part(
        wanted, before.modules, mine, data, checkpoint=checkpoint, **places(folders, site)
    )
    checkpoint.unlink(missing_ok=True)
    body = codec.encode(codec.flat({module: one.delta for module, one in found.items()}))
    told = rounded if site in plan.counts_stay else float
    return body, {module: told(one.weight) for module, one in found.items()}, own


def _losses(
    plan: Plan, sites: Mapping[str, SiteData], folders: Folders, before: State
) -> dict[str, float]:
    """Each site's mean training loss at the base. Live there is no such thing: no flow lets losses out."""
    return {
        site: base_loss.of(plan.model, plan.tasks, before.at(site), data, **places(folders, site))
        for site, data in sorted(sites.items())
    }


def _measured(
    plan: Plan, sites: Mapping[str, SiteData], folders: Folders, state: State, number: int
) -> dict[str, MetricsAnswer]:
    found = {
        site: local.evaluate(
            manifest(plan, site, number, state.modules, JobKind.EVALUATE, state.kept),
            state.at(site),
            data,
            **places(folders, site),
        )
        for site, data in sorted(sites.items())
    }
    return let_out(plan, found)


def let_out(plan: Plan, found: Mapping[str, MetricsAnswer]) -> dict[str, MetricsAnswer]:
    """Each site's answer as its policy lets it out."""
    cell, stay = plan.minimum_cell, plan.counts_stay
    return {site: without_counts(one, cell) if site in stay else one for site, one in found.items()}


def judged(
    plan: Plan, modules: Modules, data: SiteData, folders: Folders, *, split: str = "test"
) -> dict[str, Judged]:
    """Task to labels and predictions of one split, in order of the records."""
    wanted = manifest(plan, "judge", 0, {}, JobKind.EVALUATE)
    own = folders.work / "judge" / "personal"
    return local.predictions(
        wanted, modules, data, split=split, own_dir=own, **places(folders, "judge")
    )


def manifest(
    plan: Plan, site: str, number: int, modules: Modules, kind: JobKind, kept: Kept | None = None
) -> Manifest:
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
        kept=dict(kept or {}),
        training=plan.training.model_copy(update={"seed": seed}),
        cohort=1,
        minimum_cell=plan.minimum_cell,
        rank=plan.ranks.get(site),
    )


def places(folders: Folders, site: str) -> dict[str, Any]:
    """What every job of learning takes."""
    return {
        "bases": folders.bases,
        "cache_dir": folders.cache or folders.work / site,
        "on_progress": _silent,
    }


def _silent(phase: Phase, step: int, steps: int) -> None:
    """A simulation shows no progress within a job."""
