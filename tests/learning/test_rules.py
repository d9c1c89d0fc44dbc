"""Server rules by hand, and their laws."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learning import build
from worker.learning import simulate
from worker.learning.aggregation import FedAdam, Rule, ServerRule, SquareRoot, combine
from worker.protocol.codec import Tensors, encode

BASE: Tensors = {"w": np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], np.float32)}
PLAIN = Rule(minimum_sites=2, weight_percentile=100.0)
ADAM = FedAdam(lr=0.1, first=0.9, second=0.99, tau=1e-3)


def moving(*rows: float) -> Tensors:
    return {"w": np.array([[row, row] for row in rows], np.float32)}


def test_a_site_four_times_as_large_counts_twice() -> None:
    sites = [("x", 100.0, moving(3.0, 0, 0)), ("y", 400.0, moving(6.0, 0, 0))]
    found = combine(BASE, sites, replace(PLAIN, server=SquareRoot()))
    assert found.weights == {"x": 10.0, "y": 20.0}
    assert found.state["w"].tolist() == [[6.0, 7.0], [3.0, 4.0], [5.0, 6.0]]
    assert found.memory == {}


def test_adam_by_hand_over_two_rounds() -> None:
    rule = replace(PLAIN, server=ADAM)
    one = combine(BASE, [("x", 1.0, moving(0.2, 0, 0)), ("y", 1.0, moving(0.4, 0, 0))], rule)
    m, v = 0.1 * 0.3, 0.99 * 1e-6 + 0.01 * 0.3**2
    first = 0.1 * m / (v**0.5 + 1e-3)
    assert one.state["w"][0] == pytest.approx([1 + first, 2 + first], abs=1e-5)
    two = combine(
        one.state,
        [("x", 1.0, moving(-0.1, 0, 0)), ("y", 1.0, moving(-0.1, 0, 0))],
        rule,
        first=BASE,
        memory=one.memory,
    )
    m, v = 0.9 * m + 0.1 * -0.1, 0.99 * v + 0.01 * 0.01
    second = 0.1 * m / (v**0.5 + 1e-3)
    assert two.state["w"][0] == pytest.approx([1 + first + second, 2 + first + second], abs=1e-5)
    assert two.memory["m|w"][0] == pytest.approx([m, m], abs=1e-7)


def test_adam_leaves_what_is_held_and_what_it_remembers_of_it() -> None:
    """The second row is one site's alone, the third nobody's; then the whole module is held."""
    rule = replace(PLAIN, server=ADAM)
    both = [("x", 1.0, moving(1, 1, 0)), ("y", 1.0, moving(1, 1, 0))]
    one = combine(BASE, both, rule)
    lone = [("x", 1.0, moving(1, 1, 0)), ("y", 1.0, moving(1, 0, 0))]
    two = combine(one.state, lone, rule, first=BASE, memory=one.memory)
    assert (two.state["w"][0] != one.state["w"][0]).all()
    assert two.state["w"][1:].tolist() == one.state["w"][1:].tolist()
    for name in ("m|w", "v|w"):
        assert two.memory[name][1:].tolist() == one.memory[name][1:].tolist()
    held = combine(two.state, lone[:1], rule, first=BASE, memory=two.memory)
    assert held.held and encode(held.memory) == encode(two.memory)


@given(
    st.lists(st.floats(-5, 5, width=32), min_size=2, max_size=6), st.randoms(use_true_random=False)
)
@settings(max_examples=40, deadline=None)
@pytest.mark.parametrize("server", [SquareRoot(), ADAM])
def test_order_changes_no_byte_and_nothing_given_is_changed(
    server: ServerRule, values: list[float], shuffle: object
) -> None:
    cohort = [(f"s{k}", float(k + 1), moving(v, v, v)) for k, v in enumerate(values)]
    rule, memory = replace(PLAIN, server=server), server.init(BASE)
    before = encode(memory) if memory else b""
    other = list(cohort)
    shuffle.shuffle(other)  # type: ignore[attr-defined]
    one, two = combine(BASE, cohort, rule, memory=memory), combine(BASE, other, rule, memory=memory)
    assert encode(one.state) == encode(two.state)
    assert not memory or (encode(one.memory), encode(memory)) == (encode(two.memory), before)


def test_a_simulated_run_remembers_from_round_to_round(tmp_path: Path) -> None:
    sheet = build.binary_sheet()
    sites = {f"site-{k}": build.site(build.records(sheet, 60, seed=k)) for k in range(3)}
    plan = simulate.Plan((sheet,), build.MODEL, build.TRAINING, rounds=2, server=ADAM)

    def ends(name: str, changed: simulate.Plan) -> simulate.Result:
        folders = simulate.Folders(tmp_path / name)
        return simulate.run(changed, sites, folders, measure=lambda number: False)

    one, two = ends("one", plan), ends("two", plan)
    assert one.rounds[-1].digests == two.rounds[-1].digests
    plain = ends("plain", replace(plan, server=SquareRoot()))
    assert plain.rounds[0].digests != one.rounds[0].digests
    assert {n[:2] for t in one.end.memory.values() for n in t} == {"m|", "v|"}
