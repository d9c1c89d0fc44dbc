"""Ways to make a model of one's own, by loss and AUC on the validation split and by the time they take: after the last
round at three rates, and in every round (MR-MTL, Ditto)."""

import time
from collections.abc import Mapping, Sequence

import numpy as np

from benchmarks import ou
from benchmarks.personal_stage import Stage, silent
from worker.learning import aggregation, references, seeds, simulate
from worker.learning.evaluate import quality
from worker.learning.own import Modules
from worker.learning.training import held_out, schedule
from worker.learning.training.fit import Trainer
from worker.learning.training.personal import PATIENCE, STRENGTHS

RATES = (0.0007, 0.002, 0.007)
Models = dict[str, Modules]


def measure(stage: Stage) -> dict[str, float]:
    figures = _judged(stage, "shared", {site: stage.end.at(site) for site in stage.desks})
    started = time.perf_counter()
    alone = references.alone(stage.plan, stage.case.sites, stage.folders)
    figures |= _judged(stage, "alone", alone, started)
    for rate in RATES:
        started = time.perf_counter()
        made = [_at_the_end(stage, strength, rate) for strength in STRENGTHS]
        figures |= _judged(stage, f"end_rate_{rate:g}", _best(stage, made), started)
    started = time.perf_counter()
    every = [_mrmtl(stage, strength) for strength in STRENGTHS]
    figures |= _judged(stage, "mrmtl_chosen", _best(stage, every), started)
    for strength, models in zip(STRENGTHS, every, strict=True):
        figures |= _judged(stage, f"mrmtl_{strength:g}", models)
    started = time.perf_counter()
    return figures | _judged(stage, "ditto_chosen", _best(stage, _ditto(stage)), started)


def _judged(
    stage: Stage, way: str, models: Mapping[str, Modules], started: float | None = None
) -> dict[str, float]:
    took = {} if started is None else {f"seconds_way_{way}": time.perf_counter() - started}
    aucs = [
        quality.value(stage.said(site, stage.desks[site].network(one), "validation")) or 0.0
        for site, one in models.items()
    ]
    losses = [stage.loss(site, one) for site, one in models.items()]
    return took | {
        f"validation_loss_way_{way}": float(np.mean(losses)),
        f"validation_auc_way_{way}": float(np.mean(aucs)),
    }


def _best(stage: Stage, made: Sequence[Models]) -> Models:
    """Each course's of least validation loss."""
    return {
        site: min((models[site] for models in made), key=lambda one: stage.loss(site, one))
        for site in stage.desks
    }


def _at_the_end(stage: Stage, strength: float, rate: float) -> Models:
    changes = {"lr": rate, "proximal": strength, "half_life": None}
    changes["seed"] = seeds.derive("personal", stage.plan.model.seed)
    found = {}
    for site, desk in stage.desks.items():
        start = stage.end.at(site)
        trainer = Trainer(
            desk.network(start),
            desk.sources,
            [source.rows("train") for source in desk.sources],
            ou.TRAINING.model_copy(update=changes),
        )
        before = held_out.Best(start, stage.loss(site, start))
        found[site] = held_out.best(trainer, desk.sources, before, PATIENCE, silent).state
    return found


def _round(
    stage: Stage, site: str, number: int, strength: float, start: Modules, near: Modules
) -> Modules:
    """The epochs of one round at one site, from `start`, pulled toward `near`."""
    desk, seed = stage.desks[site], seeds.training_seed(stage.plan.seed, number, site)
    changes = {"proximal": strength, "seed": seed}
    plan = schedule.of_round(ou.TRAINING.model_copy(update=changes), number)
    rows = [source.rows("train") for source in desk.sources]
    trainer = Trainer(desk.network(start), desk.sources, rows, plan, anchor=near)
    for epoch in range(plan.epochs):
        trainer.epoch(epoch, silent, 1)
    return trainer.network.state()


def _mrmtl(stage: Stage, strength: float) -> Models:
    shared = stage.end.first
    own = dict.fromkeys(stage.desks, shared)
    sizes = {site: float(len(stage.source(site).rows("train"))) for site in own}
    rule = aggregation.Rule(minimum_sites=2, step=1.0)
    for number in range(1, ou.ROUNDS + 1):
        after = {site: _round(stage, site, number, strength, own[site], shared) for site in own}
        shared = {
            module: aggregation.combine(
                base,
                [(s, sizes[s], _less(after[s][module], own[s][module])) for s in own],
                rule,
            ).state
            for module, base in shared.items()
        }
        own = after
    return own


def _ditto(stage: Stage) -> list[Models]:
    """By strength, beside one training of the shared model."""
    plan, sites = stage.plan, stage.case.sites
    state = simulate.State(stage.end.first, stage.end.first)
    own = [dict.fromkeys(stage.desks, stage.end.first) for _ in STRENGTHS]
    for number in range(1, ou.ROUNDS + 1):
        before = state
        state, _ = simulate.one_round(plan, sites, stage.folders, before, number)
        for models, strength in zip(own, STRENGTHS, strict=True):
            for site, start in models.items():
                models[site] = _round(stage, site, number, strength, start, before.at(site))
    return own


def _less(now: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: value - before[name] for name, value in now.items()}
