"""The arithmetic behind the simulated campus: three hidden traits, noise, and a site's shift."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from worker.learning.data.importers.campus_sheets import BAND_EDGES, BANDS, PROGRAMMES

_PROGRAMME_EFFECT = dict(zip(PROGRAMMES, (0.0, 3.0, -2.0, 1.0), strict=True))


@dataclass(frozen=True)
class Person:
    """Hidden traits, each about standard normal. Strain shows in words only."""

    ability: float
    effort: float
    strain: float
    programme: str


@dataclass(frozen=True)
class Shift:
    """How one site differs: additive in points, the others factors around 1."""

    grading: float
    spread: float
    deadlines: float
    visits: float
    weights: tuple[float, float, float]

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Shift":
        """The same distributions for every site."""
        grading, *rest = rng.normal(0, (4.0, 0.1, 0.3, 0.3))
        spread, deadlines, visits = np.exp(rest)
        weights = np.exp(rng.normal(0, 0.15, 3))
        return cls(
            float(grading),
            float(spread),
            float(deadlines),
            float(visits),
            (float(weights[0]), float(weights[1]), float(weights[2])),
        )


def people(rng: np.random.Generator, count: int) -> Iterator[Person]:
    for _number in range(count):
        ability, own, strain = rng.normal(size=3)
        effort = 0.4 * ability + np.sqrt(1 - 0.4**2) * own
        programme = str(rng.choice(PROGRAMMES, p=(0.45, 0.2, 0.25, 0.1)))
        yield Person(float(ability), float(effort), float(strain), programme)


def outcome(
    rng: np.random.Generator, person: Person, shift: Shift, hardness: float
) -> dict[str, Any]:
    """What the records of one class hold about one person by week six, and what came of it."""
    return _early(rng, person, shift, hardness) | _late(rng, person, shift, hardness)


def _early(
    rng: np.random.Generator, person: Person, shift: Shift, hardness: float
) -> dict[str, Any]:
    points = 62 + shift.grading + shift.spread * (10 * person.ability - 4 * hardness)
    points += shift.spread * rng.normal(0, 8)
    late = shift.deadlines * (2 - 1.4 * person.effort + rng.normal(0, 1.3))
    silent = rng.random() < 0.04 + 0.06 * (person.effort < -1)
    visits = shift.visits * np.exp(1.4 + 0.45 * person.effort + rng.normal(0, 0.3))
    return {
        "mean_score": "" if silent else round(float(np.clip(points, 0, 100)), 1),
        "days_late": "" if silent else round(float(np.clip(late, 0, 30)), 1),
        "logins_week": int(rng.poisson(visits)),
        "prior_attempts": int(rng.poisson(np.exp(-1.9 - 0.5 * person.ability))),
        "programme": person.programme,
    }


def _late(
    rng: np.random.Generator, person: Person, shift: Shift, hardness: float
) -> dict[str, Any]:
    able, keen, strained = shift.weights
    true = 62 + shift.grading + _PROGRAMME_EFFECT[person.programme] - 4 * hardness
    true += 8 * able * person.ability + 5 * keen * person.effort - 5 * strained * person.strain
    final = float(np.clip(true + rng.normal(0, 8), 0, 100))
    following = float(np.clip(true + rng.normal(0, 10), 0, 100))
    return {
        "outcome": "at-risk" if final < BAND_EDGES[0] else "on-track",
        "final_band": BANDS[int(np.digitize(final, BAND_EDGES))],
        "next_score": round(following, 1),
    }
