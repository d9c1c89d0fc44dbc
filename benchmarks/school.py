"""Scenario 0 without noise: 139 London schools as 139 sites. `python -m benchmarks.school --json --data DIR`.

The protocol of Liu et al. (NeurIPS 2022, School, fig. 3c) with its privacy left out: a linear model from zero, 201
rounds of one epoch at every school. The hub's rule is the product's `aggregation.combine` over float32 updates that
passed `aggregation.validate`; weights are the schools' sizes, not capped, as the protocol has it
(`mse_fedavg_capped` is the product's default, which caps them at the 90th percentile). MR-MTL is the product's
`personalization.MeanRegularised`. `in_use` is what a run's own models come to (`school_own`): made after the last round
and used where the product's gate lets them. It is not the product's network, and no run of hub and sites.

Metric: mean squared error of (score - 1) / 69 on each school's test pupils after the last round, mean over schools
weighted by test size; then the mean over seeds (`_sd`: their spread). Each school's scaler is fitted on its own
records outside any privacy budget: for comparing with the paper, no guarantee.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import harness, paired, school_own
from benchmarks.school_linear import (
    MODULE,
    WEIGHT,
    School,
    epoch,
    school,
    squared_errors,
    zeros,
)
from worker.learning import aggregation
from worker.learning.data.importers.download import Download
from worker.learning.data.importers.school import schools
from worker.learning.own import Modules
from worker.learning.personalization import MeanRegularised
from worker.protocol import limits
from worker.protocol.codes import Chosen

SEEDS = tuple(100 + 1000 * i for i in range(5))
ROUNDS = 201
STRENGTH = 1.0
FEWEST_OF_A_GROUP = 30
GROUPS = {"gender": (5, 7), "ethnic_group": (10, 21)}
WORDS = ("better", "equal", "worse")
Floats = npt.NDArray[np.float64]
Learnt = Callable[[Sequence[School], int, int], list[Modules]]


def alone(sites: Sequence[School], seed: int, rounds: int) -> list[Modules]:
    """No exchange."""
    found = []
    for place, one in enumerate(sites):
        model = zeros(one.x.shape[1])
        for number in range(rounds):
            model = epoch(one, model, None, _source(seed, number, place))
        found.append(model)
    return found


def fedavg(
    sites: Sequence[School], seed: int, rounds: int, *, percentile: float = 100.0
) -> list[Modules]:
    """One shared model; every site is scored with it."""
    shared = zeros(sites[0].x.shape[1])
    for number in range(rounds):
        changes = []
        for place, one in enumerate(sites):
            after = epoch(one, shared, None, _source(seed, number, place))
            changes.append({MODULE: {WEIGHT: after[MODULE][WEIGHT] - shared[MODULE][WEIGHT]}})
        shared = combined(shared, changes, sites, percentile)
    return [shared] * len(sites)


def mrmtl(sites: Sequence[School], seed: int, rounds: int) -> list[Modules]:
    """Every site is scored with its own model, held near the mean of all."""
    rule, shared = MeanRegularised(STRENGTH), zeros(sites[0].x.shape[1])
    own = [rule.init(shared) for _ in sites]
    for number in range(rounds):
        changes = []
        for place, one in enumerate(sites):
            source = _source(seed, number, place)
            own[place], change = rule.apply(
                own[place],
                shared,
                lambda start, pull, one=one, source=source: epoch(one, start, pull, source),  # type: ignore[misc]
            )
            changes.append(change)
        shared = combined(shared, changes, sites, 100.0)
    return own


def combined(
    shared: Modules, changes: Sequence[Modules], sites: Sequence[School], percentile: float
) -> Modules:
    """The hub's step: every update checked, then their mean by size."""
    base = shared[MODULE]
    given = []
    for place, (one, change) in enumerate(zip(sites, changes, strict=True)):
        aggregation.validate(base, change[MODULE], norm_limit=limits.UPDATE_NORM)
        given.append((f"school-{place + 1:03d}", float(one.size), change[MODULE]))
    rule = aggregation.Rule(minimum_sites=2, weight_percentile=percentile)
    return {MODULE: aggregation.combine(base, given, rule).state}


def _source(seed: int, number: int, place: int) -> np.random.Generator:
    return np.random.default_rng([seed, number, place])


def fedavg_capped(sites: Sequence[School], seed: int, rounds: int) -> list[Modules]:
    return fedavg(sites, seed, rounds, percentile=aggregation.Rule().weight_percentile)


METHODS: dict[str, Learnt] = {
    "fedavg": fedavg,
    "fedavg_capped": fedavg_capped,
    "local": alone,
    "mrmtl": mrmtl,
}


def one_seed(source: Path, seed: int, rounds: int) -> dict[str, float]:
    """All methods on one split."""
    sites = [school(x, y, seed) for x, y in schools(Download(source))]
    errors: dict[str, list[Floats]] = {}
    figures: dict[str, float] = {}
    for name, learnt in METHODS.items():
        models = learnt(sites, seed, rounds)
        errors[name] = [squared_errors(*pair) for pair in zip(sites, models, strict=True)]
        figures[f"mse_{name}"] = float(np.concatenate(errors[name]).mean())
        figures[f"mse_{name}_worst_school"] = max(float(e.mean()) for e in errors[name])
    models, chosen = school_own.in_use(sites, seed, rounds, fedavg, alone)
    errors["in_use"] = [squared_errors(*pair) for pair in zip(sites, models, strict=True)]
    figures["mse_in_use"] = float(np.concatenate(errors["in_use"]).mean())
    figures["mse_in_use_worst_school"] = max(float(e.mean()) for e in errors["in_use"])
    figures |= {f"share_uses_{one.value}": chosen.count(one) / len(sites) for one in Chosen}
    for name in ("fedavg", "mrmtl", "in_use"):
        figures |= _against_alone(name, errors[name], errors["local"], seed)
    return figures | _groups(sites, errors["mrmtl"])


def _against_alone(
    name: str, ours: Sequence[Floats], theirs: Sequence[Floats], seed: int
) -> dict[str, float]:
    """Shares of schools: significantly better, equal, worse than alone; and with a lower error as it stands."""
    told = Counter(paired.of_losses(dict(enumerate(ours)), dict(enumerate(theirs)), seed).values())
    lower = sum(a.mean() < b.mean() for a, b in zip(ours, theirs, strict=True))
    shares = {f"share_{name}_{word}": told[word] / len(ours) for word in WORDS}
    return shares | {f"share_{name}_lower_mse": lower / len(ours)}


def _groups(sites: Sequence[School], errors: Sequence[Floats]) -> dict[str, float]:
    """MR-MTL's error by group; one with fewer than 30 test pupils in any seed gets no figure."""
    raw, every = np.concatenate([one.raw for one in sites]), np.concatenate(errors)
    found = {}
    for name, (first, last) in GROUPS.items():
        for code, column in enumerate(range(first, last), 1):
            of_group = raw[:, column] == 1
            if of_group.sum() >= FEWEST_OF_A_GROUP:
                found[f"mse_mrmtl_{name}_{code}"] = float(every[of_group].mean())
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    source, seeds = options.data / "school", tuple(options.given.seeds)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        one = one_seed(source, seed, options.given.rounds)
        harness.say(
            f"seed {seed}: " + ", ".join(f"{m} {one[f'mse_{m}']:.5f}" for m in (*METHODS, "in_use"))
        )
        for key, value in one.items():
            found.setdefault(key, []).append(value)
    figures: dict[str, float] = {
        key: float(np.mean(values)) for key, values in found.items() if len(values) == len(seeds)
    }
    if len(seeds) > 1:
        for name in (*METHODS, "in_use"):
            figures[f"mse_{name}_sd"] = float(np.std(found[f"mse_{name}"], ddof=1))
    figures |= {"rounds": options.given.rounds}
    return harness.Measured(figures, seeds, harness.digest_of_files([source / "school.mat"]))


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)


if __name__ == "__main__":
    sys.exit(harness.main("school", measure, add_arguments=_arguments, needs_data=True))
