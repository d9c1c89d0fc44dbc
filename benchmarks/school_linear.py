"""The linear model of the School protocol: how pupils are split and scaled, and one round's training at one school."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from worker.learning.own import Modules
from worker.learning.personalization.mean_regularised import Pull

MODULE, WEIGHT = "linear", "weight"
BATCH, RATE = 32, 0.01
LOWEST, RANGE = 1, 69
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class School:
    """x: scaled columns and a constant 1; y: (score - 1) / 69. `raw` are the test pupils' columns as they came."""

    x: Floats
    y: Floats
    x_test: Floats
    y_test: Floats
    raw: Floats

    @property
    def size(self) -> int:
        return len(self.y)


def school(columns: Floats, scores: Floats, seed: int) -> School:
    """20 % of the pupils are the test; the scaler is fitted at the school, on the rest."""
    parts = train_test_split(columns, (scores - LOWEST) / RANGE, test_size=0.2, random_state=seed)
    train, test, y, y_test = (np.asarray(one, np.float64) for one in parts)
    scaler = StandardScaler().fit(train)
    x, x_test = (_with_one(scaler.transform(one)) for one in (train, test))
    return School(x, y, x_test, y_test, test)


def _with_one(x: Floats) -> Floats:
    return np.concatenate([x, np.ones((len(x), 1))], axis=1)


def zeros(width: int) -> Modules:
    return {MODULE: {WEIGHT: np.zeros(width, np.float32)}}


def weights(model: Modules) -> Floats:
    return np.asarray(model[MODULE][WEIGHT], np.float64)


def epoch(one: School, start: Modules, pull: Pull | None, source: np.random.Generator) -> Modules:
    """One pass in a fresh order, the last incomplete batch dropped; gradient (x · w - y) x, mean over the batch."""
    w, size = weights(start), min(BATCH, one.size)
    order = source.permutation(one.size)
    for step in range(one.size // size):
        rows = order[step * size : (step + 1) * size]
        x = one.x[rows]
        gradient = x.T @ (x @ w - one.y[rows]) / size
        if pull is not None:
            gradient += pull(MODULE, WEIGHT, w)
        w -= RATE * gradient
    return {MODULE: {WEIGHT: w.astype(np.float32)}}


def squared_errors(one: School, model: Modules) -> Floats:
    """(test pupils,)"""
    found: Floats = np.square(one.x_test @ weights(model) - one.y_test)
    return found
