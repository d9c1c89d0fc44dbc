"""A site's own model near the shared one: both ends of lambda, resumed after a kill, chosen by no test record."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

from tests.learning import build
from worker.learning import local
from worker.learning.data.records import SiteData
from worker.learning.own import Modules
from worker.learning.training import held_out, personal
from worker.learning.training.desk import laid
from worker.learning.training.fit import Trainer
from worker.protocol.codec import flat
from worker.protocol.codes import Chosen, JobKind, Phase
from worker.protocol.manifest import Manifest

SHEET = build.binary_sheet()
SPLITS = np.array(["train"] * 6 + ["validation"] * 2 + ["test"] * 2)


def site(seed: int, count: int = 200, flipped: bool = False) -> SiteData:
    """60 % train, 20 % validation, 20 % test. `flipped`: what raises the risk elsewhere lowers it here."""
    task = build.records(SHEET, count, seed)
    label = 1 - task.label if flipped else task.label
    return build.site(replace(task, label=label, split=np.tile(SPLITS, count // 10)))


def manifest(strength: Any = "chosen") -> Manifest:
    training = build.TRAINING.model_copy(update={"personal": strength})
    return build.manifest([SHEET], kind=JobKind.PERSONAL, training=training)


def shared(root: Path) -> Modules:
    """Trained where the records are not flipped."""
    wanted = build.manifest([SHEET], training=build.TRAINING.model_copy(update={"epochs": 6}))
    first = local.initial_modules(wanted.model, wanted.tasks, bases={})
    found = local.train(wanted, first, site(1), checkpoint=root / "c", **build.folders(root))
    return {m: {n: first[m][n] + d for n, d in one.delta.items()} for m, one in found.items()}


@pytest.fixture(scope="module")
def near(tmp_path_factory: pytest.TempPathFactory) -> Modules:
    return shared(tmp_path_factory.mktemp("shared"))


def made(root: Path, data: SiteData, near: Modules, strength: Any) -> tuple[Modules, float, float]:
    """The model, its validation loss, the shared one's."""
    wanted = manifest(strength)
    folders = build.folders(root)
    with laid(wanted.model, wanted.tasks, data, **folders) as desk:
        shelf = personal.Shelf(root / "own", personal.work(wanted, near, data))
        found = personal.state(desk, near, wanted.training, shelf, build.quiet)
        rows = held_out.rows(desk.sources)
        losses = [held_out.loss(desk.network(m), desk.sources, rows) for m in (found, near)]
    return found, losses[0], losses[1]


def distance(one: Modules, other: Modules) -> float:
    ours, theirs = flat(one), flat(other)
    return float(np.sqrt(sum(((ours[n] - theirs[n]) ** 2).sum() for n in ours)))


def test_the_stronger_it_is_held_the_nearer_it_stays(tmp_path: Path, near: Modules) -> None:
    data = site(2, flipped=True)
    far = [
        distance(made(tmp_path / str(s), data, near, s)[0], near) for s in (0.01, 0.3, 3.0, 100.0)
    ]
    assert far == sorted(far, reverse=True)
    assert far[0] > 1 and far[-1] < far[0] / 20


def test_without_a_pull_it_is_the_sites_own_training_from_there(
    tmp_path: Path, near: Modules
) -> None:
    """lambda 0: the very steps of a trainer that knows no shared model, as far as the validation split let it go."""
    data = site(2, flipped=True)
    wanted = manifest(0.5)
    with laid(wanted.model, wanted.tasks, data, **build.folders(tmp_path)) as desk:
        shelf = personal.Shelf(tmp_path / "own", "w")
        free = personal.candidate(desk, near, wanted.training, 0.0, shelf, build.quiet)
        network = desk.network(near)
        seed = personal.derive("personal", wanted.model.seed)
        plan = wanted.training.model_copy(update={"seed": seed, "proximal": 0.0})
        trainer = Trainer(network, desk.sources, [s.rows("train") for s in desk.sources], plan)
        passed = []
        for number in range(personal.PATIENCE.epochs):
            trainer.epoch(number, build.quiet, 1)
            passed.append(network.state())
    assert any(distance(free.state, one) == 0 for one in passed)


@pytest.mark.parametrize("seed", [2, 3, 4])
@pytest.mark.parametrize("flipped", [False, True])
def test_it_is_never_worse_on_the_validation_split(
    tmp_path: Path, seed: int, flipped: bool, near: Modules
) -> None:
    _found, ours, theirs = made(tmp_path, site(seed, 100, flipped), near, 0.1)
    assert ours <= theirs


class Killed(Exception):
    """The process is gone."""


def test_a_killed_site_goes_on_with_the_next_candidate_and_ends_the_same(
    tmp_path: Path, near: Modules
) -> None:
    data = site(2, flipped=True)
    whole = made(tmp_path / "whole", data, near, "chosen")
    root, own = tmp_path / "cut", tmp_path / "cut" / "own"

    def on_progress(phase: Phase, step: int, steps: int) -> None:
        if len(list(own.glob("*.safetensors"))) == 2 and phase is Phase.TRAINING:
            raise Killed

    wanted = manifest()
    places = build.folders(root) | {"on_progress": on_progress}
    with pytest.raises(Killed):
        local.personal(wanted, near, data, own_dir=own, **places)
    first = {p.name: p.stat().st_mtime_ns for p in own.iterdir()}
    assert sorted(first) == ["0.01.safetensors", "0.1.safetensors"]
    again = made(root, data, near, "chosen")
    assert distance(again[0], whole[0]) == 0
    assert {n: (own / n).stat().st_mtime_ns for n in first} == first
    assert len(list(own.iterdir())) == len(personal.STRENGTHS)


def test_other_records_or_another_shared_model_make_another_one(
    tmp_path: Path, near: Modules
) -> None:
    data = site(2, flipped=True)
    other = {m: {n: a + 0.5 for n, a in t.items()} for m, t in near.items()}
    made(tmp_path, data, near, 0.1)
    before = (tmp_path / "own" / "0.1.safetensors").read_bytes()
    made(tmp_path, data, other, 0.1)
    after = (tmp_path / "own" / "0.1.safetensors").read_bytes()
    made(tmp_path, site(3, flipped=True), other, 0.1)
    assert len({before, after, (tmp_path / "own" / "0.1.safetensors").read_bytes()}) == 3


def told(root: Path, data: SiteData, near: Modules, strength: Any = "chosen") -> Any:
    return local.personal(
        manifest(strength), near, data, own_dir=root / "own", **build.folders(root)
    )


def test_where_records_differ_the_own_one_is_used_and_helps(tmp_path: Path, near: Modules) -> None:
    found = told(tmp_path, site(2, 400, flipped=True), near)
    (choice,), (figure,) = found.choices, found.personal
    assert choice.model in (Chosen.PERSONAL, Chosen.ALONE)
    assert choice.against_shared == "helped"
    assert figure.task == choice.task == SHEET.name and figure.value > 0.7


def test_no_test_record_has_a_say_in_the_choice(tmp_path: Path, near: Modules) -> None:
    data = site(2, 400, flipped=True)
    task = data.tasks[SHEET.name]
    held = task.split == "test"
    spoilt = replace(
        task,
        label=np.where(held, 1 - task.label, task.label),
        numeric=np.where(held[:, None], np.float32(3), task.numeric).astype(np.float32),
    )
    one = told(tmp_path / "1", data, near)
    two = told(tmp_path / "2", build.site(spoilt), near)
    assert [c.model for c in one.choices] == [c.model for c in two.choices]
    for path in (tmp_path / "1" / "own").iterdir():
        ours, theirs = load_file(path), load_file(tmp_path / "2" / "own" / path.name)
        assert all((ours[name] == theirs[name]).all() for name in ours | theirs)
    assert one.personal != two.personal


@pytest.mark.parametrize("gone", ["train", "validation"])
def test_without_records_to_train_on_or_choose_by_the_shared_one_is_used(
    tmp_path: Path, gone: str, near: Modules
) -> None:
    task = site(2).tasks[SHEET.name]
    data = build.site(replace(task, split=np.where(task.split == gone, "test", task.split)))
    found = told(tmp_path, data, near)
    assert found.personal == found.choices == ()
    assert not (tmp_path / "own").exists()
    judged = local.predictions(
        manifest(), near, data, own_dir=tmp_path / "own", **build.folders(tmp_path)
    )
    plain = local.predictions(
        manifest(None), near, data, own_dir=tmp_path / "own", **build.folders(tmp_path)
    )
    assert (judged[SHEET.name].prediction == plain[SHEET.name].prediction).all()


def test_predictions_and_class_figures_are_those_of_the_model_in_use(
    tmp_path: Path, near: Modules
) -> None:
    data = site(2, 400, flipped=True)
    folders = build.folders(tmp_path) | {"own_dir": tmp_path / "own"}
    told(tmp_path, data, near)
    own, plain = (
        local.predictions(manifest(s), near, data, **folders)[SHEET.name] for s in ("chosen", None)
    )
    assert (own.prediction != plain.prediction).any()
    values = []
    for strength in ("chosen", None):
        asked = manifest(strength).model_copy(update={"classes": ("C1",), "minimum_cell": 5})
        values.append(local.report(asked, near, data, **folders).classes[0].tasks[0].shared)
    assert values[0] is not None and values[1] is not None and values[0] > values[1] + 0.2
