"""Ranks per tier: rows of B transposed, averaged rank by rank, against the dense products."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.learning import build
from worker.learning import local, simulate
from worker.learning.aggregation import Rule, combine, validate
from worker.learning.own import Own
from worker.protocol.adapters import common_a
from worker.protocol.codec import Tensors, Unacceptable
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import KeptRows
from worker.protocol.manifest import ModelSpec, Ranks, Training

ADAPTER, NAME, HIDDEN, RANK = "adapter/text", "layer2.query.Bt", 16, 4
MODEL = build.MODEL.model_copy(
    update={"text": build.TEXT_MODEL, "rank": RANK, "alpha": 4.0, "adapter_layers": 2}
)
SHEET = build.text_sheet()
SITE = build.site(build.answers(40, seed=9))
PLAIN = Rule(minimum_sites=2, weight_percentile=100.0)
A = common_a(MODEL, 2, "query", HIDDEN).astype(np.float64)


@st.composite
def cohorts(draw: st.DrawFn) -> list[tuple[str, float, Tensors]]:
    ranks = draw(st.lists(st.integers(1, RANK), min_size=2, max_size=8))
    source = np.random.default_rng(draw(st.integers(0, 2**31)))
    return [
        (
            f"site-{k}",
            draw(st.floats(0.5, 1e4)),
            {NAME: source.normal(size=(r, HIDDEN)).astype(np.float32)},
        )
        for k, r in enumerate(ranks)
    ]


@given(cohorts(), st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_the_combined_b_times_a_is_the_mean_of_the_dense_products_rank_by_rank(
    cohort: list[tuple[str, float, Tensors]], seed: int
) -> None:
    """sum_j (sum over sites with r_k > j of w_k B_k[:, j] / their w) A[j], each site's part a dense d × d product."""
    start = np.random.default_rng(seed).normal(size=(RANK, HIDDEN)).astype(np.float32)
    found = combine({NAME: start}, cohort, PLAIN).state[NAME].astype(np.float64)
    dense = start.T.astype(np.float64) @ A
    for j in range(RANK):
        holding = [(w, d[NAME][j].astype(np.float64)) for _, w, d in cohort if len(d[NAME]) > j]
        if len(holding) >= 2:
            whole = sum(w for w, _ in holding)
            dense += sum(w / whole * np.outer(b, A[j]) for w, b in holding)
    assert np.allclose(found.T @ A, dense, atol=1e-5)


@given(cohorts())
@settings(max_examples=40, deadline=None)
def test_short_updates_count_as_the_same_ones_with_rows_that_did_not_move(
    cohort: list[tuple[str, float, Tensors]],
) -> None:
    base = {NAME: np.ones((RANK, HIDDEN), np.float32)}
    padded = [
        (s, w, {NAME: np.pad(d[NAME], ((0, RANK - len(d[NAME])), (0, 0)))}) for s, w, d in cohort
    ]
    short, long = combine(base, cohort, Rule()), combine(base, padded, Rule())
    assert short.state[NAME].tobytes() == long.state[NAME].tobytes()
    assert (short.kept, short.weights) == (long.kept, long.weights)


def test_by_hand_a_rank_of_two_sites_a_rank_of_one() -> None:
    """Both hold the first column; the second is one site's alone: held for the others, kept at that site."""
    base = {NAME: np.zeros((2, 2), np.float32)}
    low = {NAME: np.array([[2, 0]], np.float32)}
    high = {NAME: np.array([[4, 8], [5, 5]], np.float32)}
    found = combine(base, [("x", 1.0, low), ("y", 3.0, high)], PLAIN)
    assert found.state[NAME].tolist() == [[3.5, 6.0], [0.0, 0.0]]
    assert found.kept == KeptRows(rows={NAME: ((1, 1),)})
    alone = combine(base, [("x", 1.0, low)], PLAIN, first={NAME: base[NAME] + 1})
    assert alone.held and not alone.kept


BASE: Tensors = {NAME: np.zeros((RANK, HIDDEN), np.float32), "weight": np.zeros((3, 2), np.float32)}


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        (NAME, (0, HIDDEN)),
        (NAME, (RANK + 1, HIDDEN)),
        (NAME, (2, HIDDEN - 1)),
        (NAME, (2 * HIDDEN,)),
        ("weight", (2, 2)),
    ],
)
def test_only_an_adapter_may_be_short_and_only_by_whole_ranks(
    name: str, shape: tuple[int, ...]
) -> None:
    validate(BASE, BASE | {NAME: np.ones((1, HIDDEN), np.float32)}, norm_limit=10.0)
    with pytest.raises(Unacceptable) as refused:
        validate(BASE, BASE | {name: np.zeros(shape, np.float32)}, norm_limit=10.0)
    assert refused.value.code is UploadRefusal.WRONG_SHAPE


def test_a_kept_rank_is_refused_in_a_short_update_too() -> None:
    kept = KeptRows(rows={NAME: ((1, 3),)})
    validate(BASE, BASE | {NAME: np.ones((1, HIDDEN), np.float32)}, norm_limit=10.0, kept=kept)
    with pytest.raises(Unacceptable) as refused:
        validate(BASE, BASE | {NAME: np.ones((2, HIDDEN), np.float32)}, norm_limit=10.0, kept=kept)
    assert refused.value.code is UploadRefusal.KEPT_ROW


def test_a_site_trains_and_sends_its_first_ranks_and_uses_all(
    tiny_text: Path, tmp_path: Path
) -> None:
    """Decay too leaves the others alone, and what they hold reaches the gradient of the first."""
    shared = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})
    shared[ADAPTER] = build.random_b(shared, seed=1)
    first = {n: a * (np.arange(RANK) < 1)[:, None] for n, a in shared[ADAPTER].items()}
    training = Training(epochs=1, weight_decay=0.1, seed=3)
    manifest = build.manifest([SHEET], model=MODEL, rank=1, training=training)
    sent = {}
    for name, adapter in (("all", shared[ADAPTER]), ("first", first)):
        modules = shared | {ADAPTER: {n: a.astype(np.float32) for n, a in adapter.items()}}
        where = build.folders(tmp_path / name) | {"bases": {"text": tiny_text}}
        found, own = local.take_part(
            manifest, modules, Own(), SITE, checkpoint=tmp_path / name / "c", **where
        )
        sent[name] = found[ADAPTER].delta
        for tensor, delta in sent[name].items():
            assert delta.shape == (1, HIDDEN) and delta.any()
            after = own.values[ADAPTER][tensor]
            assert after[1:].tolist() == modules[ADAPTER][tensor][1:].tolist()
    assert any((sent["all"][n] != sent["first"][n]).any() for n in first)


def test_ranks_mix_in_a_run_and_save_bytes(tiny_text: Path, tmp_path: Path) -> None:
    sites = {f"site-{k}": build.site(build.answers(40, seed=k)) for k in range(4)}
    ranks = {"site-0": 1, "site-1": 1, "site-2": 2}
    plan = simulate.Plan((SHEET,), MODEL, build.TRAINING, rounds=1, minimum_sites=2, ranks=ranks)
    done = simulate.run(plan, sites, simulate.Folders(tmp_path, tiny_text), measure=lambda n: False)
    start = local.initial_modules(MODEL, [SHEET], bases={"text": tiny_text})[ADAPTER]
    for name, array in done.modules[ADAPTER].items():
        assert (array != start[name]).any(axis=1).tolist() == [True, True, False, False], name
    assert done.rounds[0].kept[ADAPTER].rows[NAME] == ((2, 2),)
    bytes_of = done.rounds[0].upload_bytes
    saved = bytes_of["site-3"] - bytes_of["site-0"]
    assert abs(saved - 4 * 3 * HIDDEN * len(start)) < 64, (
        "three ranks of every adapter, but for the header"
    )


def test_tiers_rise_to_the_models_rank() -> None:
    tiers = Ranks(small=2, medium=4, large=8)
    assert ModelSpec(rank=8, tiers=tiers).tiers == tiers
    for wrong in (
        {"rank": 16, "tiers": tiers},
        {"rank": 8, "tiers": {"small": 5, "medium": 4, "large": 8}},
    ):
        with pytest.raises(ValueError, match=r"rank"):
            ModelSpec.model_validate(wrong)
