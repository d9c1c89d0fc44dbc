"""What a site says: held-out records only, in bands and whole cells, and nothing about few."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.learning import build
from worker.learning import local
from worker.learning.evaluate import calibration, suppression
from worker.learning.evaluate.quality import Judged
from worker.protocol.codes import JobKind, Phase

SHEET = build.binary_sheet()


def start() -> dict[str, dict[str, np.ndarray]]:
    return local.initial_modules(build.MODEL, [SHEET], bases={})


def test_metrics_are_of_the_test_split_in_whole_cells(tmp_path: Path) -> None:
    data = build.site(build.records(SHEET, 295, 1))
    (one,) = local.evaluate(
        build.manifest([SHEET]), start(), data, **build.folders(tmp_path)
    ).shared
    assert (one.task, one.metric, one.records_band, one.weight) == ("at-risk", "auc", "50-99", 50.0)
    assert one.interval and one.interval[0] <= one.value <= one.interval[1]


def test_measuring_is_told_as_one_work_over_all_tasks(tmp_path: Path) -> None:
    sheets = [SHEET, build.regression_sheet(), build.multiclass_sheet()]
    tasks = [build.records(sheet, 300, seed) for seed, sheet in enumerate(sheets)]
    first = local.initial_modules(build.MODEL, sheets, bases={})
    seen: list[tuple[int, int]] = []

    def on_progress(phase: Phase, step: int, steps: int) -> None:
        if phase is Phase.EVALUATING:
            seen.append((step, steps))

    where = build.folders(tmp_path) | {"on_progress": on_progress}
    local.evaluate(build.manifest(sheets), first, build.site(*tasks), **where)
    assert seen == [(60, 180), (120, 180), (180, 180)]
    seen.clear()
    reporting = build.manifest(sheets, kind=JobKind.REPORT, classes=("C0",))
    local.report(reporting, first, build.site(*tasks), own_dir=tmp_path / "own", **where)
    assert [step for step, _ in seen] == [60, 120, 180, 240, 300, 360]
    assert {steps for _, steps in seen} == {360}, "the shared model and the one trained alone"


def test_training_records_do_not_touch_the_metrics(tmp_path: Path) -> None:
    task = build.records(SHEET, 200, 1)
    changed = replace(task, label=np.where(task.split == "test", task.label, 1 - task.label))
    manifest, where = build.manifest([SHEET]), build.folders(tmp_path)
    assert local.evaluate(manifest, start(), build.site(task), **where) == local.evaluate(
        manifest, start(), build.site(changed), **where
    )


def test_fewer_test_records_than_the_cell_give_no_metric(tmp_path: Path) -> None:
    where = build.folders(tmp_path)
    small = build.site(build.records(SHEET, 45, 1))
    assert local.evaluate(build.manifest([SHEET]), start(), small, **where).shared == ()
    answer = local.baseline(build.manifest([SHEET]), small, **where)
    assert (answer.local, answer.rule, answer.shared) == ((), (), ())


def test_the_baseline_learns_alone_and_beats_its_rule_only_if_it_does(tmp_path: Path) -> None:
    data = build.site(build.records(SHEET, 600, 1))
    answer = local.baseline(build.manifest([SHEET]), data, **build.folders(tmp_path))
    assert answer.shared == ()
    assert answer.local[0].value > 0.9
    assert 0.7 < answer.rule[0].value < 1.0


def test_the_model_trained_alone_is_trained_once_for_a_run(tmp_path: Path) -> None:
    """Rounds have other seeds; the model trained alone is the same one, read from the cache."""
    data = build.site(build.records(SHEET, 300, 1))
    where = build.folders(tmp_path)
    first = local.baseline(build.manifest([SHEET]), data, **where)
    later = build.manifest(
        [SHEET], round=9, training=build.TRAINING.model_copy(update={"seed": 99})
    )
    trained: list[object] = []

    def on_progress(phase: object, step: int, steps: int) -> None:
        if str(phase) == "training":
            trained.append(step)

    assert local.baseline(later, data, **(where | {"on_progress": on_progress})) == first
    assert trained == []
    other = build.site(build.records(SHEET, 300, 2))
    local.baseline(later, other, **(where | {"on_progress": on_progress}))
    assert trained


@given(
    st.dictionaries(st.text("abcde", min_size=1, max_size=3), st.integers(0, 60), max_size=8),
    st.integers(5, 20),
)
def test_a_closed_cell_never_stands_alone(counts: dict[str, int], cell: int) -> None:
    closed = suppression.suppressed(counts, cell)
    assert all(name in closed for name, count in counts.items() if count < cell)
    hidden = [name for name in closed if counts[name] > 0]
    shown = [name for name in counts if name not in closed]
    assert len(hidden) != 1 or not shown
    if all(count == 0 or count >= cell for count in counts.values()):
        assert not hidden


@pytest.mark.parametrize(
    ("count", "name"),
    [(10, "10-49"), (49, "10-49"), (50, "50-99"), (999, "500-999"), (5000, "1000+")],
)
def test_bands(count: int, name: str) -> None:
    assert suppression.band(count, 10) == name


def test_shares_never_say_all_or_none() -> None:
    assert [suppression.guarded_share(x) for x in (0.0, 0.02, 0.33, 0.99, 1.0)] == [
        0.05,
        0.05,
        0.35,
        0.95,
        0.95,
    ]


def judged(count: int) -> Judged:
    source = np.random.default_rng(0)
    chance = source.random(count)
    label = (source.random(count) < chance).astype(np.int64)
    return Judged(SHEET, label, chance, np.array([f"s{n}" for n in range(count)]))


def test_the_curve_groups_at_least_a_cell_from_fifty_records() -> None:
    assert calibration.curve(judged(49), 10) == ()
    points = calibration.curve(judged(1000), 10)
    assert len(points) == 5
    assert all(abs(p.predicted - p.observed) < 0.1 for p in points)
    assert [p.predicted for p in points] == sorted(p.predicted for p in points)
    assert all(p.records >= 30 for p in calibration.curve(judged(97), 30))


def test_equal_predictions_stay_in_one_group() -> None:
    base = judged(200)
    flat = Judged(base.sheet, base.label, np.full(200, 0.4), base.student)
    (point,) = calibration.curve(flat, 10)
    assert (point.predicted, point.records) == (0.4, 200)


def classes(sizes: dict[str, int]) -> np.ndarray:
    return np.repeat(list(sizes), list(sizes.values()))


def report(tmp_path: Path, sizes: dict[str, int], codes: tuple[str, ...]) -> dict[str, object]:
    count = sum(sizes.values())
    task = replace(build.records(SHEET, count, 1), class_code=classes(sizes))
    manifest = build.manifest([SHEET], classes=codes)
    answer = local.report(
        manifest, start(), build.site(task), own_dir=tmp_path, **build.folders(tmp_path)
    )
    return {one.code: one for one in answer.classes}


def test_a_small_class_and_the_one_that_would_give_it_away_stay_closed(tmp_path: Path) -> None:
    found = report(tmp_path, {"BIG": 300, "MID": 100, "TINY": 7}, ("BIG", "MID", "TINY", "UNKNOWN"))
    assert (found["BIG"].records, found["BIG"].term) == (300, "2026")
    for code in ("MID", "TINY", "UNKNOWN"):
        assert found[code].records is None and found[code].tasks == ()


def test_a_class_report_compares_three_models_on_test_records(tmp_path: Path) -> None:
    found = report(tmp_path, {"BIG": 303, "OTHER": 300, "FEW": 42}, ("BIG", "FEW"))
    (task,) = found["BIG"].tasks
    assert found["BIG"].records == 300
    assert task.local > 0.9 and task.rule > 0.7 and 0 <= task.shared <= 1
    assert task.shared_interval[0] <= task.shared <= task.shared_interval[1]
    assert task.curve and all(point.records >= 10 for point in task.curve)
    assert task.observed_mean * 20 == pytest.approx(round(task.observed_mean * 20))
    assert task.missing == {"table": 0.0}
    (few,) = found["FEW"].tasks
    assert found["FEW"].records == 40
    assert (few.shared, few.local, few.rule, few.observed_mean, few.curve) == (
        None,
        None,
        None,
        None,
        (),
    )


def test_a_regression_report_speaks_in_the_sheets_unit(tmp_path: Path) -> None:
    sheet = build.regression_sheet()
    manifest = build.manifest([sheet], classes=("C0",))
    modules = local.initial_modules(build.MODEL, [sheet], bases={})
    data = build.site(build.records(sheet, 400, 1))
    (one,) = local.report(
        manifest, modules, data, own_dir=tmp_path, **build.folders(tmp_path)
    ).classes
    assert one.tasks[0].local < 12 and 40 < one.tasks[0].observed_mean < 80
    assert one.tasks[0].curve == ()
