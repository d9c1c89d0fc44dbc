"""How few validation pupils are enough to choose by, and which margin: 139 schools with 3 to 25 of them."""

from pathlib import Path

import numpy as np

from benchmarks import school, school_own
from benchmarks.school_linear import squared_errors
from worker.learning.data.importers.download import Download
from worker.learning.data.importers.school import schools
from worker.learning.personalization import gate
from worker.protocol.codes import Chosen

FEWEST = (3, 5, 10, 20)
MARGINS = (0.02, 0.1)


def measure(source: Path, seed: int) -> dict[str, float]:
    """Mean squared error over all test pupils. `mse_schools_alone` learns from all training pupils, as in
    `benchmarks.school`."""
    sites = [school.school(x, y, seed) for x, y in schools(Download(source))]
    parts = [school_own.parted(one, seed, place) for place, one in enumerate(sites)]
    fits = [fit for fit, _ in parts]
    shared = school.fedavg(fits, seed, school.ROUNDS)
    lone = school.alone(fits, seed, school.ROUNDS)
    models = [
        {
            Chosen.SHARED: shared[place],
            Chosen.PERSONAL: school_own.near(fit, held, shared[place], seed, place),
            Chosen.ALONE: lone[place],
        }
        for place, (fit, held) in enumerate(parts)
    ]
    losses = [
        {name: squared_errors(held, one) for name, one in three.items()}
        for (_, held), three in zip(parts, models, strict=True)
    ]
    tests = [
        {name: squared_errors(one, model) for name, model in three.items()}
        for one, three in zip(sites, models, strict=True)
    ]
    whole = school.alone(sites, seed, school.ROUNDS)
    alone = [squared_errors(*pair) for pair in zip(sites, whole, strict=True)]
    figures = {"mse_schools_alone": _mean(alone)}
    for name in (Chosen.SHARED, Chosen.PERSONAL):
        figures[f"mse_schools_{name.value}_for_all"] = _mean([one[name] for one in tests])
    for few in FEWEST:
        for margin in MARGINS:
            used = [
                test[
                    gate.choose(loss, np.arange(len(loss[Chosen.SHARED])).astype(str), few, margin)
                ]
                for loss, test in zip(losses, tests, strict=True)
            ]
            figures[f"mse_schools_from_{few}_margin_{margin:g}"] = _mean(used)
    return figures


def _mean(errors: list[school.Floats]) -> float:
    return float(np.concatenate(errors).mean())
