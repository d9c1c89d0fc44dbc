"""A vision and a speech model imported at the hub, served to sites by digest, a run with real processes, a release."""

import csv
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import yaml
from sqlalchemy.orm import Session

from app.federations import base_models
from app.federations.schemas import ModelStep
from app.hub import Hub
from app.releases import archive
from app.releases import queries as releases
from tests import cast
from tests.learning import media_models
from tests.runs import world as runs
from tests.site import simulated
from tests.site.stage import Stage, running, stage
from worker.protocol import codec
from worker.protocol.tasks import Input, TaskSheet

pytestmark = [pytest.mark.live, pytest.mark.slow]
SOUND = Input(name="recording", kind="audio", modality="audio")
PICTURE = Input(name="drawing", kind="image", modality="image")
HEARD = TaskSheet(
    name="heard",
    target="Is the word spoken well?",
    label="well",
    labels=("no", "yes"),
    inputs=(SOUND,),
)
SEEN = TaskSheet(
    name="seen",
    target="Is the drawing right?",
    label="right",
    labels=("no", "yes"),
    inputs=(PICTURE,),
)
READS = runs.POLICY.model_copy(update={"modalities": ("audio", "image")})
COUNT = 30
HAS = (("recording", "drawing"), ("recording",), ("drawing",))
"""Of each member's site."""


def model(session: Session, hub: Hub, folder: Path) -> ModelStep:
    operator = cast.operator(session, "model-operator")
    taken = {}
    for modality, make in (("image", media_models.vit), ("audio", media_models.wav2vec2)):
        found = base_models.import_model(
            session,
            hub.objects,
            make(folder / modality),
            name=f"Tiny for {modality}",
            licence="none",
            source="made here",
        )
        base_models.allow(session, operator, found.id)
        taken[f"{modality}_model"] = found.digest
    return ModelStep(width=4, heads=1, dropout=0.0, **taken)


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    def made(session: Session, hub: Hub) -> ModelStep:
        return model(session, hub, tmp_path / "models")

    with stage(sqlite_url, redis_url, tmp_path, count=3, sheets=(HEARD, SEEN), model=made) as built:
        yield built


def records(folder: Path, seed: int, columns: tuple[str, ...]) -> None:
    """In place of the stage's: high tones are well spoken, bright drawings right."""
    from PIL import Image

    draw = np.random.default_rng(seed)
    rows = []
    for n in range(COUNT):
        well = int(draw.integers(2))
        cells = {"recording": f"{n}.wav", "drawing": f"{n}.png"}
        media_models.tone(folder / cells["recording"], 300 + 900 * well + n, 0.2)
        pixels = draw.integers(0, 40, (9, 9, 3), dtype=np.uint8) + np.uint8(200 * well)
        Image.fromarray(pixels).save(folder / cells["drawing"])
        answer = ("no", "yes")[well]
        rows.append(
            [f"pupil-{n}", "A", "2026", *(cells[one] for one in columns), *[answer] * len(columns)]
        )
    tasks = {"recording": ("heard", "well", "audio"), "drawing": ("seen", "right", "image")}
    labels = [tasks[one][1] for one in columns]
    with (folder / "records.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([["pupil", "group", "year", *columns, *labels], *rows])
    dataset = {
        "name": "test",
        "student": "pupil",
        "class": "group",
        "term": "year",
        "records": "records.csv",
        "modalities": [
            {"kind": tasks[one][2], "file": "records.csv", "columns": {one: tasks[one][2]}}
            for one in columns
        ],
        "tasks": {tasks[one][0]: {"kind": "binary", "label": tasks[one][1]} for one in columns},
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump(dataset), encoding="utf-8")


@pytest.mark.timeout(600)
def test_sites_fetch_what_they_need_and_the_sum_is_that_of_a_simulation(live: Stage) -> None:
    for number, (member, columns) in enumerate(zip(live.world.members, HAS, strict=True)):
        with live.world.hub.db.session() as session:
            runs.set_policy(session, member, READS)
        live.home(member, policy=READS)
        records(live.folder / f"{member.site}-data", number, columns)
    with ExitStack() as started:
        for home in live.homes.values():
            started.enter_context(running(home))
        run = live.propose(epochs=2, batch=8)
        live.wait(lambda: live.is_completed(run), 240, "the end of the run")
    of = {"recording": "audio", "drawing": "image"}
    for member, columns in zip(live.world.members, HAS, strict=True):
        home = live.homes[member.site]
        sent = home.outbox / f"{run}.1" / "update.safetensors"
        modules = codec.by_module(codec.decode(sent.read_bytes())).keys()
        assert {name for name in modules if "encoder" in name} == {
            f"encoder/{of[one]}" for one in columns
        }
        trained_from = live.manifest(live.jobs(member)[0]).model
        for modality, base in trained_from.bases.items():
            place = home.models / base.digest
            fetched = {path.name for path in place.iterdir()} if place.exists() else set()
            needed = modality in {of[one] for one in columns}
            assert not needed or fetched == set(base.files)
    folder = live.folder.parent / "models"
    models = {modality: folder / modality for modality in ("image", "audio")}
    assert runs.states(live.world, run, 1) == simulated.digests(live, run, models=models)
    predicted(live, simulated.plan_of(live, run))


def predicted(live: Stage, plan: object) -> None:
    """The release as it is downloaded, at work without the hub, with the models it names."""
    world, models = live.world, live.folder.parent / "models"
    with world.hub.db.session() as session:
        (release,) = releases.of_federation(session, world.federation)
        _name, content = archive.download(session, world.hub, world.lead.administrator, release.id)
    (live.folder / "release.zip").write_bytes(content)
    data = live.homes[world.members[0].site].config().data
    assert data is not None
    rows = "\n".join(["recording,drawing", *(f"{n}.wav,{n}.png" for n in range(5))])
    (data / "rows.csv").write_text(rows, encoding="utf-8")
    line = [sys.executable, "-m", "worker.learning", "predict", str(live.folder / "release.zip")]
    line += ["--csv", str(data / "rows.csv"), "--out", str(live.folder / "out.csv")]
    line += ["--image", str(models / "image"), "--audio", str(models / "audio")]
    line += ["--work", str(live.folder / "predicting")]
    done = subprocess.run(line, check=True, capture_output=True, text=True)
    assert json.loads(done.stdout) == {"rows": 5, "columns": ["heard", "seen"]}
