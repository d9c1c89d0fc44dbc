"""Training on what base models see and hear: it learns, each file is read once, and a release works by itself."""

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.learning import build, media_models
from tests.learning.test_archive import written
from worker.learning import local, simulate
from worker.learning.data.arrays import files_of
from worker.learning.data.records import SiteData, TaskData
from worker.learning.evaluate import quality
from worker.learning.faults import ModelMissing, NoWaveform
from worker.learning.model import pretrained
from worker.learning.training import state_cache
from worker.protocol import layout
from worker.protocol.base_models import BaseShape
from worker.protocol.canonical import digest
from worker.protocol.codes import Phase
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import Input, TaskSheet

SOUND = Input(name="recording", kind="audio", modality="audio")
PICTURE = Input(name="drawing", kind="image", modality="image")
SHEET = TaskSheet(
    name="right",
    target="Is the answer right, by voice and drawing?",
    label="right",
    labels=("no", "yes"),
    inputs=(SOUND, PICTURE),
)
PLAN = Training(epochs=6, batch=8, lr=0.03)
COUNT = 40


@dataclasses.dataclass(frozen=True)
class Models:
    image: Path
    audio: Path

    @property
    def spec(self) -> ModelSpec:
        named = {
            "image": media_models.pinned(self.image),
            "audio": media_models.pinned(self.audio),
        }
        return ModelSpec(width=8, layers=0, heads=1, dropout=0.0).model_copy(update=named)

    def folders(self, work: Path) -> simulate.Folders:
        return simulate.Folders(work, image=self.image, audio=self.audio)

    def plan(self, training: Training = PLAN) -> simulate.Plan:
        return simulate.Plan((SHEET,), self.spec, training, rounds=1)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Models:
    root = tmp_path_factory.mktemp("models")
    return Models(media_models.vit(root / "vit"), media_models.wav2vec2(root / "wav2vec2"))


def draw(folder: Path, name: str, level: int, seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 40, (9, 9, 3), dtype=np.uint8)
    Image.fromarray(noise + np.uint8(level)).save(folder / name)


def made(folder: Path, count: int = COUNT, seed: int = 0) -> TaskData:
    """High tones and bright drawings are right; every fourth record lacks one of the two."""
    folder.mkdir(parents=True, exist_ok=True)
    label = np.random.default_rng(seed).integers(0, 2, count)
    sounds, drawings = [], []
    for n, right in enumerate(label):
        sounds.append("" if n % 4 == 1 else f"{seed}-{n}.wav")
        drawings.append("" if n % 4 == 3 else f"{seed}-{n}.png")
        if sounds[-1]:
            media_models.tone(folder / sounds[-1], 300 + 900 * right + 3 * n, 0.2)
        if drawings[-1]:
            draw(folder, drawings[-1], 200 * int(right), n)
    return TaskData(
        sheet=SHEET,
        numeric=np.zeros((count, 0), np.float32),
        categorical=np.zeros((count, 0), np.int64),
        text={},
        label=label.astype(np.int64),
        student=np.array([f"p{seed}-{n}" for n in range(count)]),
        class_code=np.array(["C"] * count),
        term=np.array(["2026"] * count),
        split=build.splits(count),
        media={"recording": files_of(folder, sounds), "drawing": files_of(folder, drawings)},
    )


def site(task: TaskData) -> SiteData:
    told = json.dumps([list(one.digests) for one in task.media.values()])
    return SiteData({task.sheet.name: task}, digest(told.encode()))


def test_it_learns_and_only_projections_are_trained(models: Models, tmp_path: Path) -> None:
    folders = models.folders(tmp_path / "work")
    sites = {name: site(made(tmp_path / name, seed=n)) for n, name in enumerate("ab")}
    plan = dataclasses.replace(models.plan(), rounds=3)
    modules = simulate.run(plan, sites, folders, measure=lambda number: False).modules
    assert {name: sorted(tensors) for name, tensors in modules.items() if "encoder" in name} == {
        "encoder/audio": ["bias", "mix", "weight"],
        "encoder/image": ["bias", "mix", "weight"],
    }
    assert modules["encoder/audio"]["mix"].shape == (3,)
    assert modules["encoder/image"]["mix"].shape == (4,)
    shapes: layout.Shapes = {"image": BaseShape(16, 2), "audio": BaseShape(16, 2)}
    sizes = layout.sizes(models.spec, (SHEET,), shapes)
    assert sizes == {n: sum(a.nbytes for a in tensors.values()) for n, tensors in modules.items()}
    judged = simulate.judged(plan, modules, sites["a"], folders)["right"]
    found = quality.value(judged)
    assert found is not None and found > 0.9


def test_each_file_is_read_once_and_the_bytes_are_the_same(
    models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {name: site(made(tmp_path / name, seed=n)) for n, name in enumerate("ab")}
    fresh = simulate.run(models.plan(), given, models.folders(tmp_path / "1"))
    again = simulate.run(models.plan(), given, models.folders(tmp_path / "2"))

    def read(*_: Any) -> None:
        raise AssertionError("a file was read twice")

    monkeypatch.setattr(pretrained, "loaded", read)
    cached = simulate.run(models.plan(), given, models.folders(tmp_path / "1"))
    for other in (again, cached):
        assert other.rounds[-1].digests == fresh.rounds[-1].digests
    gone = state_cache.forget(
        tmp_path / "1" / "a", [str(s) for s in given["a"].tasks["right"].student]
    )
    assert gone == 60, "a student's recordings and drawings can be forgotten"


def test_progress_is_told_file_by_file(models: Models, tmp_path: Path) -> None:
    told: list[tuple[Phase, int, int]] = []
    data = site(made(tmp_path / "data", 10))
    manifest = build.manifest((SHEET,), model=models.spec, training=PLAN)
    bases = models.folders(tmp_path).bases
    where = {"bases": bases, "cache_dir": tmp_path / "cache", "checkpoint": tmp_path / "c"}
    modules = local.initial_modules(models.spec, (SHEET,), bases=bases)
    local.train(manifest, modules, data, **where, on_progress=lambda *one: told.append(one))
    files = sum(1 for media in data.tasks["right"].media.values() for one in media.digests if one)
    encoding = [one[1:] for one in told if one[0] is Phase.ENCODING]
    assert encoding == [(n, files) for n in range(1, files + 1)]


def only(task: TaskData, name: str) -> SiteData:
    """With one of the two modalities, as a site that never has the other."""
    none = files_of(Path(), [""] * len(task.label))
    return site(
        dataclasses.replace(
            task, media={"recording": none, "drawing": none, name: task.media[name]}
        )
    )


def test_a_site_needs_no_model_for_what_it_does_not_have(models: Models, tmp_path: Path) -> None:
    data = only(made(tmp_path / "data"), "recording")
    manifest = build.manifest((SHEET,), model=models.spec, training=PLAN)
    modules = local.initial_modules(models.spec, (SHEET,), bases=models.folders(tmp_path).bases)
    where = build.folders(tmp_path) | {"checkpoint": tmp_path / "c"}
    found = local.train(manifest, modules, data, **(where | {"bases": {"audio": models.audio}}))
    assert found.keys() == {"encoder/audio", "fusion", "head/right"}
    with pytest.raises(ModelMissing, match="audio"):
        local.train(manifest, modules, data, **(where | {"bases": {"image": models.image}}))


def test_a_recording_that_is_no_waveform_ends_the_job_by_a_code(
    models: Models, tmp_path: Path
) -> None:
    task = made(tmp_path / "data", 10)
    np.save(tmp_path / "ready.npy", np.zeros((4, 40), np.float32))
    media = task.media | {"recording": files_of(tmp_path, ["ready.npy"] * 10)}
    plan, data = models.plan(), site(dataclasses.replace(task, media=media))
    with pytest.raises(NoWaveform):
        simulate.run(plan, {"a": data}, models.folders(tmp_path / "work"))


def predict(release: Path, folder: Path, **bases: Path) -> "subprocess.CompletedProcess[str]":
    """In a process of its own: the archive, the models and a table with names of files."""
    line = [sys.executable, "-m", "worker.learning", "predict", str(release)]
    line += ["--csv", str(folder / "rows.csv"), "--out", str(folder / "out.csv")]
    for modality, place in bases.items():
        line += [f"--{modality}", str(place)]
    line += ["--work", str(folder / "work")]
    return subprocess.run(line, check=False, capture_output=True, text=True)


def test_a_release_predicts_by_itself_with_its_models_and_no_others(
    models: Models, tmp_path: Path
) -> None:
    task = made(tmp_path / "data", 8, 5)
    plan = models.plan()
    modules = local.initial_modules(plan.model, plan.tasks, bases=models.folders(tmp_path).bases)
    release = written(tmp_path / "release.zip", plan, modules)
    rows = zip(*(one.paths for one in task.media.values()), strict=True)
    named = [",".join(Path(path).name for path in row) for row in rows]
    folder = tmp_path / "data"
    (folder / "rows.csv").write_text("\n".join(["recording,drawing", *named]), encoding="utf-8")
    done = predict(release, folder, image=models.image, audio=models.audio)
    assert done.returncode == 0, done.stderr
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        found = [float(row["right"]) for row in csv.DictReader(file)]
    wanted = simulate.judged(
        plan,
        modules,
        site(dataclasses.replace(task, split=np.array(["test"] * 8))),
        models.folders(tmp_path / "w"),
    )
    assert found == pytest.approx(list(wanted["right"].prediction), rel=1e-4)
    assert len(set(found)) > 4
    other = media_models.hubert(tmp_path / "hubert")
    wrong = predict(release, folder, image=models.image, audio=other)
    assert wrong.returncode == 2
    assert plan.model.digests[1] in wrong.stderr and "--audio" in wrong.stderr
    lacking = predict(release, folder, image=models.image)
    assert lacking.returncode == 2 and "--audio" in lacking.stderr
    (folder / "0.wav").write_bytes(b"none")
    (folder / "rows.csv").write_text("recording\n0.wav\n", encoding="utf-8")
    broken = predict(release, folder, image=models.image, audio=models.audio)
    assert broken.returncode == 2 and "no WAV file" in broken.stderr
