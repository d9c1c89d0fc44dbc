"""A site's own part: rows by hand, and a federation that ends where it would have ended with every row combined."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from worker.learning import aggregation, local, seeds, simulate
from worker.learning.data.records import SiteData, TaskData
from worker.learning.faults import StateMismatch
from worker.learning.own import Own, laid_over, mask, parted, spans
from worker.protocol import codec, limits
from worker.protocol.codes import JobKind
from worker.protocol.kept import WHOLE, KeptRows, joined
from worker.protocol.manifest import Training

SHEET = build.binary_sheet()
PLAN = simulate.Plan(
    tasks=(SHEET,),
    model=build.MODEL,
    training=Training(epochs=2, batch=32, lr=5e-3, step=2),
    rounds=3,
    seed=7,
)
BAND = "values.band"


def with_bands(data: TaskData, *codes: int) -> SiteData:
    """Every record has one of these codes; none lacks its numbers, so that only bands differ between sites."""
    band = np.array(codes)[np.arange(len(data.label)) % len(codes)]
    numeric = np.where(np.isnan(data.numeric), np.float32(0), data.numeric)
    return build.site(replace(data, numeric=numeric, categorical=band[:, None]))


def sites() -> dict[str, SiteData]:
    """Everyone has the low band, one alone the high one, nobody an unknown one."""
    return {
        "north": with_bands(build.records(SHEET, 100, 1), 1, 2),
        "south": with_bands(build.records(SHEET, 120, 2), 1),
        "west": with_bands(build.records(SHEET, 80, 3), 1),
    }


def test_spans_and_masks() -> None:
    flags = np.array([True, False, True, True, False])
    assert spans(flags) == ((0, 1), (2, 2))
    kept = KeptRows(rows={"m": spans(flags), "v": ((0, 1),)})
    assert mask(kept, "m", np.zeros((5, 2))).tolist() == flags.tolist()
    assert mask(kept, "v", np.zeros(9)).tolist() == [True], "a vector is one row"
    assert mask(kept, "other", np.zeros((2, 2))).tolist() == [False, False]
    assert mask(WHOLE, "other", np.zeros((2, 2))).all()
    with pytest.raises(StateMismatch):
        mask(kept, "m", np.zeros((3, 2)))


def test_rows_are_joined_and_capped() -> None:
    one = {"a": KeptRows(rows={"m": ((0, 2), (5, 1))}), "b": KeptRows(rows={"n": ((1, 1),)})}
    two = {"a": KeptRows(rows={"m": ((1, 3),)}), "b": WHOLE}
    both = joined(one, two)
    assert both == {"a": KeptRows(rows={"m": ((0, 4), (5, 1))}), "b": WHOLE} == joined(two, one)
    assert (both["a"].count, bool(KeptRows()), bool(WHOLE)) == (5, False, True)
    old = KeptRows(rows={"m": ((0, 1),)})
    many = {"m": tuple((10 + 2 * n, 1) for n in range(limits.KEPT_SPANS))}
    full = old.joined(many)
    assert full.count == limits.KEPT_SPANS
    assert full.joined({"z": ((0, 1),)}) == full, "what is over the limit is left out"


@pytest.mark.parametrize(
    "wrong",
    [
        {"rows": {"m": ((3, 1), (0, 1))}},
        {"rows": {"m": ((0, 2), (1, 1))}},
        {"rows": {"m": ((0, 0),)}},
        {"rows": {"m": ((-1, 1),)}},
        {"rows": {"m": ()}},
        {"rows": {"m": tuple((2 * n, 1) for n in range(limits.KEPT_SPANS + 1))}},
        {"rows": {"x" * 500: ((0, 1),)}},
        {"whole": True, "rows": {"m": ((0, 1),)}},
    ],
)
def test_what_is_no_list_of_rows_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="valid"):
        KeptRows.model_validate(wrong)


def test_laid_over_and_parted_by_hand() -> None:
    shared = {"t": {"m": np.zeros((3, 2), np.float32)}, "h": {"v": np.ones(2, np.float32)}}
    kept = {"t": KeptRows(rows={"m": ((1, 1),)}), "h": WHOLE}
    own = Own({"t": {"m": np.full((3, 2), 5, np.float32)}})
    start = laid_over(shared, own, kept)
    assert start["t"]["m"].tolist() == [[0, 0], [5, 5], [0, 0]]
    assert start["h"]["v"].tolist() == [1, 1], "no value of its own yet"
    assert shared["t"]["m"].tolist() == [[0, 0]] * 3
    deltas = {"t": {"m": np.full((3, 2), 2, np.float32)}, "h": {"v": np.full(2, 3, np.float32)}}
    sent, after = parted(deltas, start, own, kept, 1.5)
    assert sent.keys() == {"t"}
    assert sent["t"]["m"].tolist() == [[2, 2], [0, 0], [2, 2]]
    assert after.values["t"]["m"].tolist() == [[3, 3], [8, 8], [3, 3]]
    assert after.values["h"]["v"].tolist() == [5.5, 5.5]
    assert after.kept == kept
    again = laid_over(shared, after, {})
    assert again["t"]["m"].tolist() == [[0, 0], [8, 8], [0, 0]], "the hub cannot take it back"
    untrained = parted({}, again, after, {}, 1.0)[1]
    assert untrained.values["t"]["m"][1].tolist() == [8, 8], "a round without it forgets nothing"


def test_an_own_part_of_another_model_is_refused() -> None:
    shared = {"t": {"m": np.zeros((3, 2), np.float32)}}
    kept = {"t": KeptRows(rows={"m": ((0, 1),)})}
    with pytest.raises(StateMismatch):
        laid_over(shared, Own({"t": {"m": np.zeros((3, 4), np.float32)}}), kept)
    with pytest.raises(StateMismatch):
        laid_over(shared, Own(), {"t": KeptRows(rows={"n": ((0, 1),)})})


def test_a_category_of_one_site_is_learnt_there_and_sent_once(tmp_path: Path) -> None:
    """In round 1 nobody knows yet that it is one site's; from then on its row is zeros in what leaves."""
    given, folders = sites(), simulate.Folders(tmp_path)
    rows = {"encoder/table": KeptRows(rows={BAND: ((2, 1),)})}
    found = simulate.run(PLAN, given, folders, measure=lambda number: number == 3)
    assert [one.kept for one in found.rounds] == [rows, rows, rows]
    first = local.initial_modules(PLAN.model, PLAN.tasks, bases={})["encoder/table"][BAND]
    assert found.modules["encoder/table"][BAND][2].tolist() == first[2].tolist()
    assert found.end.at("north")["encoder/table"][BAND][2].tolist() != first[2].tolist()
    assert found.end.at("south")["encoder/table"][BAND][2].tolist() == first[2].tolist()
    state = simulate.State(found.modules, found.end.first, rows, found.end.own)
    wanted = simulate.manifest(PLAN, "north", 4, state.modules, JobKind.TRAIN, rows)
    sent, _ = local.take_part(
        wanted,
        state.modules,
        state.own["north"],
        given["north"],
        checkpoint=tmp_path / "c",
        **build.folders(tmp_path),
    )
    moved = sent["encoder/table"].delta[BAND].any(axis=1)
    assert moved.tolist() == [False, True, False]
    judged = simulate.judged(PLAN, found.end.at("north"), given["north"], folders)
    blind = simulate.judged(PLAN, found.modules, given["north"], folders)
    assert not np.array_equal(judged["at-risk"].prediction, blind["at-risk"].prediction)
    told = found.rounds[-1].metrics["north"].shared[0]
    assert told.value == round(_auc(judged["at-risk"]), 3)


def _auc(judged: simulate.Judged) -> float:
    from worker.learning.evaluate import quality

    return quality.value(judged) or 0.0


def test_it_ends_where_combining_that_row_would_have_ended(tmp_path: Path) -> None:
    """The slow way: every row is sent and combined from one site on, as if nothing were kept."""
    given = sites()
    found = simulate.run(PLAN, given, simulate.Folders(tmp_path / "kept"), measure=lambda _: False)
    modules = local.initial_modules(PLAN.model, PLAN.tasks, bases={})
    for number in range(1, PLAN.rounds + 1):
        updates: dict[str, dict[str, local.Contribution]] = {}
        for site, data in given.items():
            wanted = simulate.manifest(PLAN, site, number, modules, JobKind.TRAIN)
            assert wanted.training.seed == seeds.training_seed(PLAN.seed, number, site)
            own = {**build.folders(tmp_path / site), "checkpoint": tmp_path / site / f"c{number}"}
            updates[site] = local.train(wanted, modules, data, **own)
        modules = {m: open_mean(base, m, updates) for m, base in modules.items()}
    theirs = {site: found.end.at(site) for site in given}
    for module, tensors in modules.items():
        for name, array in tensors.items():
            for site in given:
                mine = theirs[site][module][name]
                lone = (
                    np.arange(len(mine)) == 2
                    if name == BAND and site != "north"
                    else np.zeros(len(mine), bool)
                )
                np.testing.assert_array_equal(mine[~lone], array[~lone])


def open_mean(
    base: codec.Tensors, module: str, updates: dict[str, dict[str, local.Contribution]]
) -> codec.Tensors:
    """`combine` with a minimum of one site is the rule that combines every row somebody moved."""
    given = [(s, u[module].weight, u[module].delta) for s, u in updates.items() if module in u]
    rule = aggregation.Rule(minimum_sites=1, step=PLAN.training.step)
    return aggregation.combine(base, given, rule).state
