"""Local training: what it reads, what it gives back, and that an interruption changes nothing."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.learning import build
from worker.learning import local
from worker.learning.faults import NoRecords, NotFinite
from worker.protocol.codec import Tensors, encode
from worker.protocol.codes import Phase
from worker.protocol.manifest import Manifest, Training

SHEET = build.binary_sheet()
DATA = build.site(build.records(SHEET, 200, 1))


def modules(*sheets: Any) -> dict[str, Tensors]:
    return local.initial_modules(build.MODEL, sheets or (SHEET,), bases={})


def trained(
    root: Path, manifest: Manifest | None = None, data: Any = DATA, **changes: Any
) -> dict[str, bytes]:
    manifest = manifest or build.manifest([SHEET])
    given: dict[str, Any] = build.folders(root) | {"checkpoint": root / "checkpoint"} | changes
    found = local.train(manifest, modules(*manifest.tasks), data, **given)
    return {name: encode(one.delta) for name, one in found.items()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    one, two = trained(tmp_path / "1"), trained(tmp_path / "2")
    assert one == two
    other = build.manifest([SHEET], training=build.TRAINING.model_copy(update={"seed": 12}))
    assert trained(tmp_path / "3", other) != one


def test_one_step_by_hand(tmp_path: Path) -> None:
    """AdamW's first step is lr times the gradient's sign; the head's bias has gradient mean(p - y)."""
    plan = Training(epochs=1, batch=4096, lr=0.01, seed=1)
    model = build.MODEL.model_copy(update={"dropout": 0.0})
    base = local.initial_modules(model, [SHEET], bases={})
    base["head/at-risk"]["bias"][:] = -20.0
    found = local.train(
        build.manifest([SHEET], training=plan, model=model),
        base,
        DATA,
        checkpoint=tmp_path / "c",
        **build.folders(tmp_path),
    )
    assert found["head/at-risk"].delta["bias"] == pytest.approx(0.01, rel=1e-4)


def test_only_the_training_split_is_read(tmp_path: Path) -> None:
    task = DATA.tasks[SHEET.name]
    held = task.split != "train"
    changed = replace(
        task,
        label=np.where(held, 1 - task.label, task.label),
        numeric=np.where(held[:, None], np.float32(9), task.numeric).astype(np.float32),
    )
    assert trained(tmp_path / "1") == trained(tmp_path / "2", data=build.site(changed))


def test_weights_count_the_records_that_carried_a_module(tmp_path: Path) -> None:
    task = build.records(SHEET, 100, 2)
    task.numeric[:10] = np.nan
    task.categorical[:10] = 0
    other = build.records(build.regression_sheet(), 50, 3, missing=0.0)
    found = local.train(
        build.manifest([SHEET, build.regression_sheet()]),
        modules(SHEET, build.regression_sheet()),
        build.site(task, other),
        checkpoint=tmp_path / "c",
        **build.folders(tmp_path),
    )
    empty = (np.isnan(task.numeric).all(axis=1) & (task.categorical == 0).all(axis=1))[
        task.split == "train"
    ].sum()
    assert {name: one.weight for name, one in found.items()} == {
        "encoder/table": 90.0 - empty,
        "fusion": 90.0,
        "head/at-risk": 60.0,
        "head/next-score": 30.0,
    }


def test_a_task_the_site_has_no_data_for_gives_no_contribution(tmp_path: Path) -> None:
    found = trained(tmp_path, build.manifest([SHEET, build.multiclass_sheet()]))
    assert sorted(found) == ["encoder/table", "fusion", "head/at-risk"]


def test_a_site_without_a_training_record_says_so(tmp_path: Path) -> None:
    task = DATA.tasks[SHEET.name]
    nothing = replace(task, split=np.array(["test"] * len(task.label)))
    with pytest.raises(NoRecords):
        trained(tmp_path, data=build.site(nothing))
    with pytest.raises(NoRecords):
        trained(tmp_path, data=build.site())


class Stopped(Exception):
    """What the site's worker raises when it must leave."""


def stop_after(steps: int) -> Any:
    def on_progress(phase: Phase, step: int, whole: int) -> None:
        if phase is Phase.TRAINING and step >= steps:
            raise Stopped

    return on_progress


@pytest.mark.parametrize("steps", [1, 5, 8, 9, 15])
def test_a_resumed_training_ends_as_the_uninterrupted_one(tmp_path: Path, steps: int) -> None:
    """8 batches an epoch, 2 epochs: stops in both epochs and right at the boundary."""
    whole = trained(tmp_path / "whole")
    with pytest.raises(Stopped):
        trained(tmp_path / "cut", on_progress=stop_after(steps))
    seen: list[int] = []

    def on_progress(phase: Phase, step: int, _: int) -> None:
        if phase is Phase.TRAINING:
            seen.append(step)

    assert trained(tmp_path / "cut", on_progress=on_progress) == whole
    assert seen == list(range(steps + 1, 17))


def test_a_finished_training_is_not_done_again(tmp_path: Path) -> None:
    whole = trained(tmp_path)
    assert trained(tmp_path, on_progress=stop_after(1)) == whole


@pytest.mark.parametrize("content", [b"", b"not safetensors", b"\xff" * 200])
def test_a_broken_checkpoint_costs_time_only(tmp_path: Path, content: bytes) -> None:
    whole = trained(tmp_path / "1")
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "checkpoint").write_bytes(content)
    assert trained(tmp_path / "2") == whole


def test_a_checkpoint_of_other_work_is_left_alone(tmp_path: Path) -> None:
    """Other records, another job: training starts anew, as if there were no checkpoint."""
    with pytest.raises(Stopped):
        trained(tmp_path / "1", on_progress=stop_after(5))
    before = (tmp_path / "1" / "checkpoint").read_bytes()
    other = build.site(build.records(SHEET, 200, 8))
    fresh = trained(tmp_path / "2", data=other)
    assert trained(tmp_path / "1", data=other) == fresh
    (tmp_path / "1" / "checkpoint").write_bytes(before)
    assert trained(tmp_path / "1", build.manifest([SHEET], job="job-2")) == trained(tmp_path / "3")


def test_the_proximal_term_keeps_the_model_near_its_base(tmp_path: Path) -> None:
    def moved(proximal: float) -> float:
        plan = build.TRAINING.model_copy(update={"proximal": proximal, "epochs": 6})
        found = local.train(
            build.manifest([SHEET], training=plan),
            modules(),
            DATA,
            checkpoint=tmp_path / f"c{proximal}",
            **build.folders(tmp_path),
        )
        return sum(float(np.square(a).sum()) for one in found.values() for a in one.delta.values())

    assert moved(10.0) < 0.5 * moved(0.0)


def test_the_learning_rate_halves_with_the_rounds(tmp_path: Path) -> None:
    """One AdamW step in round 5 with half-life 2 is a quarter of the step in round 1."""
    plan = Training(epochs=1, batch=4096, lr=0.01, seed=1, half_life=2)
    for number, wanted in ((1, 0.01), (3, 0.005), (5, 0.0025)):
        base = modules()
        base["head/at-risk"]["bias"][:] = -20.0
        found = local.train(
            build.manifest([SHEET], training=plan, round=number),
            base,
            DATA,
            checkpoint=tmp_path / f"c{number}",
            **build.folders(tmp_path),
        )
        assert found["head/at-risk"].delta["bias"] == pytest.approx(wanted, rel=1e-3)


def test_numbers_that_run_away_have_a_name(tmp_path: Path) -> None:
    task = DATA.tasks[SHEET.name]
    huge = replace(task, numeric=np.full_like(task.numeric, 3e38))
    with pytest.raises(NotFinite):
        trained(tmp_path, data=build.site(huge))


def test_every_kind_of_task_learns(tmp_path: Path) -> None:
    """Held-out quality after one round of training beats the start, for all three kinds."""
    sheets = [SHEET, build.regression_sheet(), build.multiclass_sheet()]
    data = build.site(*(build.records(sheet, 600, 4) for sheet in sheets))
    plan = build.TRAINING.model_copy(update={"epochs": 10})
    manifest = build.manifest(sheets, training=plan)
    start = modules(*sheets)
    found = local.train(manifest, start, data, checkpoint=tmp_path / "c", **build.folders(tmp_path))
    after = {m: {n: a + found[m].delta[n] for n, a in own.items()} for m, own in start.items()}
    answer = local.evaluate(manifest, after, data, **build.folders(tmp_path))
    value = {one.task: one.value for one in answer.shared}
    assert value["at-risk"] > 0.9
    assert value["next-score"] < 15.0
    assert value["grade"] > 0.6


def test_weight_decay_moves_no_row_that_no_record_reached(tmp_path: Path) -> None:
    """Else every site would move every row, and none would count as one site's."""
    task = DATA.tasks[SHEET.name]
    low = build.site(replace(task, categorical=np.ones_like(task.categorical)))
    plan = build.TRAINING.model_copy(update={"weight_decay": 0.5})
    found = local.train(
        build.manifest([SHEET], training=plan),
        modules(),
        low,
        checkpoint=tmp_path / "c",
        **build.folders(tmp_path),
    )
    moved = found["encoder/table"].delta["values.band"].any(axis=1)
    assert moved.tolist() == [False, True, False]
