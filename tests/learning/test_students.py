"""A student's own level: the estimates against what drew the records, and against no estimate at all."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.learning import build
from worker.learning import local
from worker.learning.asked import predictions
from worker.learning.data.rows import ASKED
from worker.learning.evaluate import paired
from worker.learning.evaluate.quality import Judged
from worker.learning.personalization import students
from worker.protocol.codes import Change, JobKind

BINARY, NUMBER = build.binary_sheet(), build.regression_sheet()
Source = np.random.Generator


def drawn(kind: str, spread: float, count: int = 300, each: int = 12, seed: int = 1) -> Judged:
    """Students whose level differs from what the model says by N(0, spread^2); the model knows the rest."""
    source = np.random.default_rng(seed)
    who = np.repeat(np.arange(count), each)
    level = source.normal(0, spread, count)[who] if spread else np.zeros(len(who))
    eta = source.normal(0, 1, len(who))
    student = np.array([f"s{number}" for number in who])
    if kind == "binary":
        chance = 1 / (1 + np.exp(-(eta + level)))
        label = (source.random(len(who)) < chance).astype(np.int64)
        return Judged(BINARY, label, 1 / (1 + np.exp(-eta)), student)
    noisy = NUMBER.label_sd * (eta + level + source.normal(0, 0.5, len(who)))
    return Judged(NUMBER, noisy.astype(np.float64), NUMBER.label_sd * eta, student)


@pytest.mark.parametrize("kind", ["binary", "number"])
def test_levels_that_are_there_are_found_and_help_on_other_students(kind: str) -> None:
    levels = students.find(drawn(kind, 1.0))
    assert levels is not None
    unit = 1.0 if kind == "binary" else NUMBER.label_sd
    assert levels.spread[0] / unit == pytest.approx(1.0, abs=0.3)
    if kind == "number":
        assert levels.noise[0] / unit == pytest.approx(0.5, abs=0.05)
    others = drawn(kind, 1.0, seed=2)
    known, asked = students.halves(others.student)
    before = others.pick(asked)
    after = students.predict(levels, others.pick(known), before)
    assert paired.losses(after).mean() < 0.9 * paired.losses(before).mean()
    assert paired.change(after, before) is Change.HELPED


@pytest.mark.parametrize("kind", ["binary", "number"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_where_there_are_none_nothing_is_used(kind: str, seed: int) -> None:
    assert students.find(drawn(kind, 0.0, seed=seed)) is None


def test_few_students_are_not_judged_by() -> None:
    assert students.find(drawn("binary", 2.0, count=students.FEWEST - 1)) is None
    assert students.find(drawn("number", 2.0, count=students.FEWEST_NUMBERS - 1)) is None
    assert students.find(drawn("number", 2.0, count=students.FEWEST_NUMBERS)) is not None
    assert students.find(drawn("binary", 2.0, each=1)) is None


def test_halves_are_each_students_own_in_order() -> None:
    student = np.array(["a", "b", "a", "a", "c", "b", "a", "a"])
    known, asked = students.halves(student)
    assert known.tolist() == [True, True, True, False, False, False, False, False]
    assert asked.tolist() == [False, False, False, True, False, True, True, True]


def test_one_record_moves_little_and_many_move_far() -> None:
    levels = students.Levels(np.array([1.0]), np.zeros(1))
    asked = Judged(BINARY, np.array([1]), np.array([0.5]), np.array(["s"]))

    def after(count: int) -> float:
        label, half = np.ones(count, np.int64), np.full(count, 0.5)
        known = Judged(BINARY, label, half, np.array(["s"] * count))
        return float(students.predict(levels, known, asked).prediction[0])

    assert 0.5 < after(1) < 0.65 < after(10) < after(40) < 1


def test_normal_levels_have_the_closed_form_of_normal_levels() -> None:
    """b = n spread^2 / (n spread^2 + noise^2) times the mean residual (the textbook's best linear predictor)."""
    levels = students.Levels(np.array([2.0]), np.array([3.0]))
    known = Judged(NUMBER, np.array([5.0, 7.0]), np.array([1.0, 1.0]), np.array(["s", "s"]))
    asked = Judged(NUMBER, np.zeros(2), np.array([10.0, 10.0]), np.array(["s", "other"]))
    found = students.predict(levels, known, asked).prediction
    assert found[0] == pytest.approx(10 + 8 / (8 + 9) * 5)
    assert found[1] == 10


def test_a_trait_that_was_not_judged_counts_for_nothing() -> None:
    sheet = NUMBER.model_copy(update={"kind": "rubric", "traits": ("grammar", "words")})
    levels = students.Levels(np.ones(len(sheet.traits)), np.ones(len(sheet.traits)))
    label = np.full((1, len(sheet.traits)), 3.0)
    label[0, 0] = np.nan
    known = Judged(sheet, label, np.full(label.shape, 2.0), np.array(["s"]))
    asked = Judged(sheet, label, np.full(label.shape, 2.0), np.array(["s"]))
    found = students.predict(levels, known, asked).prediction[0]
    assert found[0] == 2.0 and found[1] == pytest.approx(2.5)


def test_what_is_asked_goes_by_the_known_records_of_the_same_student(tmp_path: Path) -> None:
    """The whole way: levels found at a site whose students differ, then used for records without an answer."""
    sheet = build.regression_sheet()
    task = build.records(sheet, 600, seed=1, missing=0.0)
    who = np.arange(600) % 60
    level = np.random.default_rng(2).normal(0, 2, 60)
    part = np.array(["train"] * 30 + ["validation"] * 15 + ["test"] * 15)[who]
    asked = np.arange(600) >= 540
    data = build.site(
        replace(
            task,
            label=(task.label + level[who]).astype(np.float32),
            student=np.array([f"s{number}" for number in who]),
            split=np.where(asked, ASKED, part),
        )
    )
    plan = build.TRAINING.model_copy(update={"personal": 0.3})
    wanted = build.manifest([sheet], kind=JobKind.PERSONAL, training=plan)
    near = local.initial_modules(wanted.model, wanted.tasks, bases={})
    (found,) = predictions(wanted, near, data, own_dir=tmp_path / "own", **build.folders(tmp_path))
    assert len(found.prediction) == 60
    assert (found.known == 9).all()
    truth = sheet.label_mean + sheet.label_sd * data.tasks[sheet.name].label[asked]
    (plain,) = predictions(
        wanted.model_copy(update={"training": build.TRAINING}),
        near,
        data,
        own_dir=tmp_path / "own",
        **build.folders(tmp_path),
    )
    assert (plain.known == 0).all()
    assert ((found.prediction - truth) ** 2).mean() < 0.4 * ((plain.prediction - truth) ** 2).mean()
