"""Rules that `benchmarks.personal` holds against each other: the product's gate is the one its table says."""

import numpy as np

from benchmarks.personal_gate import RULES, beyond_chance, in_steps, saves
from worker.learning.personalization import gate
from worker.protocol.codes import Chosen

STUDENT = np.array([f"s{number}" for number in range(60)])


def losses(draw: np.random.Generator) -> dict[Chosen, np.ndarray]:
    base = draw.exponential(0.4, len(STUDENT))
    moved = {one: draw.normal(0, 0.05) for one in Chosen}
    return {one: base + moved[one] + draw.normal(0, 0.1, len(STUDENT)) for one in Chosen}


def test_the_product_is_the_rule_its_table_says() -> None:
    said = in_steps(saves(gate.MARGIN), beyond_chance)
    draw, chosen = np.random.default_rng(1), []
    for _ in range(60):
        one = losses(draw)
        chosen.append(RULES["product"](one, STUDENT))
        assert chosen[-1] is said(one, STUDENT)
    assert set(chosen) == set(Chosen)
