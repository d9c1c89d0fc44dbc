"""Server rules by hand, and their laws."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learning import build
from worker.learning import base_loss, local, simulate
from worker.learning.aggregation import (
    MEAN,
    FedAdam,
    LossWeighted,
    Rule,
    ServerRule,
    SquareRoot,
    combine,
)
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


def by_loss(q: float, losses: Mapping[str, float], percentile: float = 100.0) -> Rule:
    return Rule(2, percentile, server=LossWeighted(q=q), losses=losses)


def test_losses_by_hand() -> None:
    """100 · .25^.5 and 400 · 1^.5; with q = 1, 100 · .25 and 400 · 1."""
    sites = [("x", 100.0, moving(9.0, 0, 0)), ("y", 400.0, moving(0.9, 0, 0))]
    losses = {"x": 0.25, "y": 1.0}
    found = combine(BASE, sites, by_loss(0.5, losses))
    assert found.weights == {"x": 50.0, "y": 400.0}
    assert found.state["w"][0] == pytest.approx([1 + 1.8, 2 + 1.8])
    assert combine(BASE, sites, by_loss(1.0, losses)).weights == {"x": 25.0, "y": 400.0}
    assert found.memory == {}


def test_a_site_that_is_served_perfectly_keeps_a_weight() -> None:
    sites = [("x", 100.0, moving(1, 0, 0)), ("y", 100.0, moving(2, 0, 0))]
    found = combine(BASE, sites, by_loss(1.0, {"x": 0.0, "y": 0.5}))
    assert found.weights == pytest.approx({"x": 0.1, "y": 50.0})


FINITE = st.floats(0, 1e6)
COHORTS = st.lists(st.tuples(st.floats(1, 1e4), FINITE, st.floats(-5, 5, width=32)), min_size=2)


@given(COHORTS)
@settings(max_examples=40, deadline=None)
def test_with_q_0_it_is_the_weighted_mean_byte_for_byte(
    given_sites: list[tuple[float, float, float]],
) -> None:
    cohort = [(f"s{k}", n, moving(v, v, -v)) for k, (n, _, v) in enumerate(given_sites)]
    losses = {f"s{k}": loss for k, (_, loss, _) in enumerate(given_sites)}
    one = combine(BASE, cohort, by_loss(0.0, losses, percentile=90.0))
    two = combine(BASE, cohort, Rule(2, 90.0, server=MEAN))
    assert encode(one.state) == encode(two.state) and one.weights == two.weights


@given(COHORTS, st.sampled_from([0.1, 1.0, 5.0]), st.randoms(use_true_random=False))
@settings(max_examples=40, deadline=None)
def test_order_changes_no_byte_of_a_mean_by_losses_either(
    given_sites: list[tuple[float, float, float]], q: float, shuffle: object
) -> None:
    cohort = [(f"s{k}", n, moving(v, v, v)) for k, (n, _, v) in enumerate(given_sites)]
    losses = [(f"s{k}", loss) for k, (_, loss, _) in enumerate(given_sites)]
    rule = by_loss(q, dict(losses), percentile=90.0)
    one = combine(BASE, cohort, rule)
    shuffle.shuffle(cohort)  # type: ignore[attr-defined]
    shuffle.shuffle(losses)  # type: ignore[attr-defined]
    assert encode(one.state) == encode(
        combine(BASE, cohort, replace(rule, losses=dict(losses))).state
    )


@given(st.lists(FINITE, min_size=2, max_size=9), st.sampled_from([0.1, 1.0, 5.0]))
@settings(max_examples=40, deadline=None)
def test_of_equal_sites_the_worse_served_counts_no_less_and_none_above_the_cap(
    losses: list[float], q: float
) -> None:
    cohort = [(f"s{k}", 100.0, moving(1, 0, 0)) for k in range(len(losses))]
    told = {f"s{k}": loss for k, loss in enumerate(losses)}
    found = combine(BASE, cohort, by_loss(q, told, percentile=90.0)).weights
    in_turn = [found[site] for site in sorted(told, key=lambda site: told[site])]
    assert in_turn == sorted(in_turn)
    cap = max(float(np.percentile(losses, 90.0)), LossWeighted.least)
    assert max(in_turn) <= 100.0 * cap**q * (1 + 1e-12)


def test_a_site_of_noise_gains_no_more_than_the_cap() -> None:
    """By the median of three, a loss of a million counts as .5 does: 400 · .25, 100 · .5, 10 · .5; then 50 at most."""
    sites = [(name, n, moving(1, 0, 0)) for name, n in (("x", 400.0), ("y", 100.0), ("z", 10.0))]
    found = combine(BASE, sites, by_loss(1.0, {"x": 0.25, "y": 0.5, "z": 1e6}, percentile=50.0))
    assert found.weights == {"x": 50.0, "y": 50.0, "z": 5.0}


@pytest.mark.parametrize("lacking", [{}, {"y": np.nan}, {"y": np.inf}, {"y": -0.5}])
def test_a_rule_that_wants_losses_runs_on_no_other(lacking: dict[str, float]) -> None:
    """So no live run can have it: a hub knows no loss."""
    sites = [("x", 1.0, moving(1, 0, 0)), ("y", 1.0, moving(2, 0, 0))]
    with pytest.raises(ValueError, match="site y"):
        combine(BASE, sites, by_loss(0.1, {"x": 0.5} | lacking))


def test_a_negative_q_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 0"):
        LossWeighted(q=-0.1)


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


def test_the_loss_at_the_base_is_of_training_records_without_dropout(tmp_path: Path) -> None:
    """Against the predictions' own log loss."""
    sheet = build.binary_sheet()
    data = build.site(build.records(sheet, 200, seed=5))
    plan = simulate.Plan((sheet,), build.MODEL, build.TRAINING, rounds=1)
    folders = simulate.Folders(tmp_path)
    modules = local.initial_modules(plan.model, plan.tasks, bases={})
    places = simulate.places(folders, "x")
    found = base_loss.of(plan.model, plan.tasks, modules, data, **places)
    train = simulate.judged(plan, modules, data, folders, split="train")[sheet.name]
    right = np.where(train.label == 1, train.prediction, 1 - train.prediction)
    assert plan.model.dropout > 0 and len(right) < 200
    assert found == pytest.approx(float(-np.log(right).mean()), rel=1e-5)
    assert found == base_loss.of(plan.model, plan.tasks, modules, data, **places)


def test_a_simulated_run_by_losses(tmp_path: Path) -> None:
    """Asking for the losses changes nothing of the training: with q = 0 every digest is the mean's."""
    sheet = build.binary_sheet()
    sites = {f"site-{k}": build.site(build.records(sheet, 60, seed=k)) for k in range(3)}

    def digests(server: ServerRule) -> list[dict[str, str]]:
        plan = simulate.Plan((sheet,), build.MODEL, build.TRAINING, rounds=2, server=server)
        folders = simulate.Folders(tmp_path / str(server))
        done = simulate.run(plan, sites, folders, measure=lambda number: False)
        return [one.digests for one in done.rounds]

    plain = digests(MEAN)
    assert digests(LossWeighted(q=0.0)) == plain
    assert digests(LossWeighted(q=5.0))[0] != plain[0]
