"""Own models under the product's gate, on the School protocol: made after the last round, used where they help.

A school keeps an eighth of its training pupils (a tenth of all, as the product does) from every training; they end the
fine-tune, choose lambda and pass or fail `personalization.gate`. So its shared and its lone model learn from fewer
pupils than the protocol's, whose figures they are compared with.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from benchmarks.school_linear import School, epoch, squared_errors
from worker.learning.own import Modules
from worker.learning.personalization import MeanRegularised, gate
from worker.learning.training.personal import STRENGTHS
from worker.protocol.codes import Chosen

KEPT = 8
EPOCHS = 201
Floats = npt.NDArray[np.float64]
Learnt = Callable[[Sequence[School], int, int], list[Modules]]


def parted(one: School, seed: int, place: int) -> tuple[School, School]:
    """(what it trains on, what it chooses by): the second as a school whose test is the pupils kept."""
    order = np.random.default_rng([seed, place, 1]).permutation(one.size)
    kept, rest = order[: one.size // KEPT], order[one.size // KEPT :]
    fit = replace(one, x=one.x[rest], y=one.y[rest])
    return fit, replace(one, x_test=one.x[kept], y_test=one.y[kept])


def near(fit: School, held: School, shared: Modules, seed: int, place: int) -> Modules:
    """Of every lambda and every epoch the one with the least error on the pupils kept; the shared one is among them."""
    best, least = shared, float(squared_errors(held, shared).mean())
    for strength in STRENGTHS:
        pull = MeanRegularised(strength).pull(shared)
        model = shared
        for number in range(EPOCHS):
            model = epoch(fit, model, pull, np.random.default_rng([seed, number, place, 2]))
            found = float(squared_errors(held, model).mean())
            if found < least:
                best, least = model, found
    return best


def in_use(
    sites: Sequence[School], seed: int, rounds: int, shared: Learnt, alone: Learnt
) -> tuple[list[Modules], list[Chosen]]:
    """Every school's model, and which of the three it is."""
    pairs = [parted(one, seed, place) for place, one in enumerate(sites)]
    fits = [fit for fit, _ in pairs]
    together, lone = shared(fits, seed, rounds), alone(fits, seed, rounds)
    models, chosen = [], []
    for place, (fit, held) in enumerate(pairs):
        own = near(fit, held, together[place], seed, place)
        three = {Chosen.SHARED: together[place], Chosen.PERSONAL: own, Chosen.ALONE: lone[place]}
        losses = {name: squared_errors(held, model) for name, model in three.items()}
        told = gate.choose(losses, np.arange(len(held.y_test)).astype(str))
        models.append(three[told])
        chosen.append(told)
    return models, chosen
