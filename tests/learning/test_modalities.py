"""Every modality and every kind of task through the same training: it learns, and what is missing does no harm."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.learning import build
from worker.learning import local, simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import Events, Media, SiteData, TaskData
from worker.learning.evaluate import quality
from worker.learning.model import events, layout
from worker.learning.model.batch import EventBatch
from worker.learning.training.batches import Source
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import EventColumn, Input, TaskSheet

SKILLS = ("sums", "fractions", "angles")
ANSWERS = Input(
    name="answers",
    kind="events",
    modality="events",
    length=30,
    columns=(
        EventColumn(name="skill", values=SKILLS),
        EventColumn(name="correct", kind="numeric"),
    ),
)
NEXT = TaskSheet(
    name="next",
    target="Will the next answer be right?",
    kind="next_answer",
    label="correct",
    inputs=(ANSWERS,),
)
SOUND = Input(name="recording", kind="audio", modality="audio", bands=8, mean=-40, sd=20)
PICTURE = Input(name="drawing", kind="image", modality="image", size=8)
HEARD = TaskSheet(
    name="heard",
    target="Which score does an expert give?",
    kind="regression",
    label="score",
    metric="pcc",
    inputs=(SOUND, Input(name="words")),
)
SEEN = TaskSheet(
    name="seen",
    target="Is the drawing right?",
    label="right",
    labels=("no", "yes"),
    inputs=(PICTURE,),
)
STEPS = TaskSheet(
    name="steps",
    target="Which step of the scale is it?",
    kind="ordinal",
    label="step",
    labels=("low", "some", "good", "high"),
    metric="qwk",
    inputs=(Input(name="score"), Input(name="late")),
)
RUBRIC = TaskSheet(
    name="rubric",
    target="Which scores does an expert give?",
    kind="rubric",
    label="grammar",
    traits=("grammar", "words"),
    metric="mcrmse",
    inputs=(Input(name="score"), Input(name="late")),
)
MODEL = ModelSpec(width=16, layers=1, heads=2, dropout=0.0)
TRAINING = Training(epochs=4, batch=16, lr=0.01)


def records(sheet: TaskSheet, count: int, **more: Any) -> TaskData:
    numbers = [i for i in sheet.inputs if i.kind == "numeric"]
    numeric = np.random.default_rng(3).normal(size=(count, len(numbers))).astype(np.float32)
    given: dict[str, Any] = {
        "numeric": numeric,
        "categorical": np.zeros((count, 0), np.int64),
        "text": {},
        "label": np.zeros(count, np.int64),
        "student": np.array([f"p{n}" for n in range(count)]),
        "class_code": np.array(["C"] * count),
        "term": np.array(["2026"] * count),
        "split": build.splits(count),
    }
    return TaskData(sheet=sheet, **(given | more))


def answered(count: int, seed: int = 1) -> TaskData:
    """A student is good at a skill, or not; and every fraction is wrong."""
    source = np.random.default_rng(seed)
    lengths = source.integers(2, 30, count)
    skills = source.integers(1, 4, lengths.sum())
    able = np.repeat(source.random((count, 4)) < 0.5, lengths, axis=0)
    right = able[np.arange(len(skills)), skills] & (skills != 2)
    found = Events(
        np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        skills[:, None].astype(np.int64),
        right[:, None].astype(np.float32),
    )
    return records(NEXT, count, events={"answers": found})


def heard(folder: Path, count: int, *, absent: float = 0.2) -> TaskData:
    """The score is how loud the third band is."""
    source, paths, loud = np.random.default_rng(2), [], []
    folder.mkdir(parents=True, exist_ok=True)
    for n in range(count):
        level = source.normal()
        frames = source.normal(size=(int(source.integers(5, 20)), 8)) * 5 - 40
        frames[:, 2] += 15 * level
        path = folder / f"{n}.npy"
        np.save(path, frames.astype(np.float16))
        paths.append("" if source.random() < absent else str(path))
        loud.append(level)
    digests = tuple(f"{n:064d}" if path else "" for n, path in enumerate(paths))
    media = {"recording": Media(tuple(paths), digests)}
    return records(HEARD, count, media=media, label=np.array(loud, np.float32))


def seen(folder: Path, count: int) -> TaskData:
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    source = np.random.default_rng(4)
    label = source.integers(0, 2, count)
    for n in range(count):
        pixels = source.integers(0, 120, (12, 12, 3), dtype=np.uint8)
        pixels[2:9, 2:9, 0 if label[n] else 2] += 130
        Image.fromarray(pixels).save(folder / f"{n}.png")
    paths = tuple(str(folder / f"{n}.png") for n in range(count))
    media = {"drawing": Media(paths, tuple(f"{n:064d}" for n in range(count)))}
    return records(SEEN, count, media=media, label=label)


def site(*tasks: TaskData) -> SiteData:
    named = {task.sheet.name: task for task in tasks}
    return SiteData(named, digest_of_records(named))


def judged(tmp_path: Path, *data: TaskData, rounds: int = 4) -> dict[str, float | None]:
    """The test figures of a federation of two sites with the same kind of records."""
    sheets = tuple(one.sheet for one in data)
    plan = simulate.Plan(sheets, MODEL, TRAINING, rounds)
    folders = simulate.Folders(tmp_path / "work")
    sites = {"a": site(*data), "b": site(*data)}
    result = simulate.run(plan, sites, folders, measure=lambda number: False)
    found = simulate.judged(plan, result.modules, sites["a"], folders)
    return {name: quality.value(one) for name, one in found.items()}


def test_decay_spares_what_no_record_reached(tmp_path: Path) -> None:
    """Recordings alone train the parts that read recordings."""
    data = heard(tmp_path / "sound", 20)
    decaying = TRAINING.model_copy(update={"weight_decay": 0.1, "epochs": 1})
    plan = simulate.Plan((HEARD, SEEN), MODEL, decaying, 1)
    first = local.initial_modules(MODEL, (HEARD, SEEN), bases={})
    sites = {"a": site(data), "b": site(data)}
    after = simulate.run(plan, sites, simulate.Folders(tmp_path / "work")).modules
    assert not np.array_equal(
        first["encoder/audio"]["rise.weight"], after["encoder/audio"]["rise.weight"]
    )
    for name, array in first["encoder/image"].items():
        assert np.array_equal(array, after["encoder/image"][name]), name


def test_a_next_answer_is_learnt_from_the_answers_before(tmp_path: Path) -> None:
    auc = judged(tmp_path, answered(150), rounds=6)["next"]
    assert auc is not None and auc > 0.85


def test_a_state_knows_nothing_of_what_comes_later() -> None:
    part = {
        name: torch.tensor(array)
        for name, array in layout.initial(MODEL, (NEXT,), None)["encoder/events"].items()
    }
    codes, right = (
        torch.tensor([[[1], [2], [3], [1]]]),
        torch.tensor([[[1.0], [0.0], [1.0], [1.0]]]),
    )
    whole = EventBatch(codes, right, torch.ones(1, 4, dtype=torch.bool))
    changed = EventBatch(codes, torch.cat([right[:, :2], 1 - right[:, 2:]], 1), whole.mask)
    one, other = (events.states(part, "answers", ANSWERS, b, 0.0) for b in (whole, changed))
    assert torch.equal(one[:, :2], other[:, :2]) and not torch.equal(one[:, 2:], other[:, 2:])


def test_padding_changes_no_prediction(tmp_path: Path) -> None:
    """A record's prediction is the same alone and beside a much longer one."""
    for data in (answered(12), heard(tmp_path / "sound", 12)):
        plan = simulate.Plan((data.sheet,), MODEL, TRAINING, 1)
        first = local.initial_modules(MODEL, (data.sheet,), bases={})
        folders = simulate.Folders(tmp_path / data.sheet.name)
        every = site(dataclasses.replace(data, split=np.array(["test"] * 12)))
        together = simulate.judged(plan, first, every, folders)[data.sheet.name]
        for n in range(12):
            split = np.array(["train"] * 12)
            split[n] = "test"
            one = site(dataclasses.replace(data, split=split))
            alone = simulate.judged(plan, first, one, folders)[data.sheet.name]
            mask = np.arange(12) == n
            assert together.pick(mask).prediction == pytest.approx(alone.prediction, abs=1e-6)


def test_a_recording_is_heard_and_one_that_is_missing_does_no_harm(tmp_path: Path) -> None:
    pcc = judged(tmp_path, heard(tmp_path / "sound", 120), rounds=6)["heard"]
    assert pcc is not None and pcc > 0.6


def test_an_image_is_seen(tmp_path: Path) -> None:
    auc = judged(tmp_path, seen(tmp_path / "drawings", 100))["seen"]
    assert auc is not None and auc > 0.95


def test_steps_and_rubrics_are_learnt(tmp_path: Path) -> None:
    steps, rubric = records(STEPS, 200), records(RUBRIC, 200)
    level = np.digitize(steps.numeric[:, 0], [-0.8, 0.0, 0.8])
    label = np.stack([rubric.numeric[:, 0], rubric.numeric[:, 1]], 1)
    label[::3, 1] = np.nan
    found = judged(
        tmp_path,
        dataclasses.replace(steps, label=level),
        dataclasses.replace(rubric, label=label),
        rounds=8,
    )
    assert found["steps"] is not None and found["steps"] > 0.8
    assert found["rubric"] is not None and found["rubric"] < 0.5


def test_sites_with_other_modalities_and_tasks_train_the_parts_they_have(tmp_path: Path) -> None:
    sites = {
        "speech": site(heard(tmp_path / "sound", 40)),
        "speech-2": site(heard(tmp_path / "sound", 40)),
        "maths": site(answered(40), records(RUBRIC, 40, label=np.zeros((40, 2), np.float32))),
    }
    plan = simulate.Plan((HEARD, NEXT, RUBRIC), MODEL, TRAINING, 1)
    [done] = simulate.run(plan, sites, simulate.Folders(tmp_path / "work")).rounds
    assert done.sites == {
        "encoder/audio": 2,
        "encoder/events": 1,
        "encoder/table": 3,
        "fusion": 3,
        "head/heard": 2,
        "head/next": 1,
        "head/rubric": 1,
    }
    assert set(done.held) == {"encoder/events", "head/next", "head/rubric"}


def test_a_missing_modality_is_an_absent_token_or_nothing(tmp_path: Path) -> None:
    """With absent tokens a lacking recording says something of its own; without, nothing."""
    data = heard(tmp_path / "sound", 20, absent=1.0)
    for absent in (True, False):
        spec = MODEL.model_copy(update={"absent_tokens": absent})
        first = local.initial_modules(spec, (HEARD,), bases={})
        moved = {m: dict(tensors) for m, tensors in first.items()}
        moved["fusion"]["absent"] = first["fusion"]["absent"] + 1
        plan = simulate.Plan((HEARD,), spec, TRAINING, 1)
        one, other = (
            simulate.judged(plan, modules, site(data), simulate.Folders(tmp_path))["heard"]
            for modules in (first, moved)
        )
        assert np.array_equal(one.prediction, other.prediction) is not absent


def test_what_several_tasks_hear_is_read_once(tmp_path: Path) -> None:
    data = heard(tmp_path / "sound", 20)
    second = dataclasses.replace(data, sheet=HEARD.model_copy(update={"name": "heard-too"}))
    both = site(data, second)
    plan = simulate.Plan((HEARD, second.sheet), MODEL, TRAINING, 1)
    simulate.run(plan, {"a": both, "b": both}, simulate.Folders(tmp_path / "work"))
    for file in (tmp_path / "sound").iterdir():
        file.unlink()
    simulate.run(plan, {"a": both, "b": both}, simulate.Folders(tmp_path / "work"))


def test_the_answer_of_a_sequence_is_that_of_its_record() -> None:
    source = Source(answered(6))
    rows = np.array([4, 1])
    from worker.learning.evaluate.predict import judge

    count = int(source.data.events["answers"].lengths[rows].sum()) - 2
    found = judge(source, rows, np.arange(count, dtype=np.float64))
    first = found.pick(np.array([True, False]))
    assert first.size == source.data.events["answers"].lengths[4] - 1
    assert set(first.student) == {"p4"} and first.records == 1 and found.records == 2
