"""Sites with other modalities and tasks in one run, with real processes: each trains what its records carry."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
import yaml

from tests.runs import world as runs
from tests.site import simulated
from tests.site.stage import Stage, running, stage
from worker.protocol import codec
from worker.protocol.sound import heard
from worker.protocol.tasks import EventColumn, Input, TaskSheet

pytestmark = pytest.mark.live
SOUND = Input(
    name="recording",
    kind="audio",
    modality="audio",
    bands=8,
    mean=-40,
    sd=20,
    means=(0.1,) * heard(8),
    sds=(1.5,) * heard(8),
)
PICTURE = Input(name="drawing", kind="image", modality="image", size=8)
ANSWERS = Input(
    name="answers",
    kind="events",
    modality="events",
    columns=(
        EventColumn(name="skill", values=("sums", "fractions")),
        EventColumn(name="correct", kind="numeric"),
    ),
)
SPOKEN = TaskSheet(
    name="spoken",
    target="Which scores does an expert give the reading?",
    kind="rubric",
    label="fluency",
    traits=("fluency", "accuracy"),
    metric="mcrmse",
    inputs=(SOUND, PICTURE),
)
NEXT = TaskSheet(
    name="next",
    target="Will the next answer be right?",
    kind="next_answer",
    label="correct",
    inputs=(ANSWERS,),
)
EFFORT = TaskSheet(
    name="effort",
    target="How much effort does an expert hear?",
    kind="regression",
    label="effort",
    metric="rmse",
    inputs=(SOUND, PICTURE),
)
"""Of the same recordings and drawings as `spoken`, with nothing in common: the two pull apart in some steps."""
OPEN = runs.POLICY.model_copy(
    update={
        "modalities": ("table", "audio", "image", "events"),
        "task_kinds": ("rubric", "regression", "next_answer"),
    }
)
COUNT = 30


@pytest.fixture
def live(sqlite_url: str, redis_url: str, tmp_path: Path) -> Iterator[Stage]:
    with stage(sqlite_url, redis_url, tmp_path, count=4, sheets=(SPOKEN, EFFORT, NEXT)) as built:
        yield built


def write(folder: Path, name: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with (folder / name).open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([header, *rows])


def records(folder: Path, seed: int, *, speaks: bool, answers: bool) -> None:
    """In place of the stage's: recordings and drawings, or sequences of answers, or both."""
    from PIL import Image

    draw = np.random.default_rng(seed)
    modalities, tasks = [], {}
    rows = [[f"pupil-{n}", "A", "2026", "", "", "", "", ""] for n in range(COUNT)]
    if speaks:
        for n, row in enumerate(rows):
            level = float(draw.normal())
            frames = draw.normal(-40 + 10 * level, 5, size=(6, 8)).astype(np.float16)
            np.save(folder / f"{n}.npy", frames)
            Image.fromarray(draw.integers(0, 255, (9, 9, 3), dtype=np.uint8)).save(
                folder / f"{n}.png"
            )
            recording = f"{n}.npy" if n % 4 else ""
            scores = [f"{level:.2f}", "" if n % 3 else f"{level:.1f}", f"{-level:.2f}"]
            row[3:] = [recording, f"{n}.png", *scores]
        for kind, column in (("audio", "recording"), ("image", "drawing")):
            modalities.append({"kind": kind, "file": "records.csv", "columns": {column: kind}})
        tasks["spoken"] = {"kind": "rubric", "label": "fluency"}
        tasks["effort"] = {"kind": "regression", "label": "effort"}
    header = ["pupil", "group", "year", "recording", "drawing", "fluency", "accuracy", "effort"]
    write(folder, "records.csv", header, rows)
    if answers:
        events = [
            [f"pupil-{n}", "A", "2026", k, ("sums", "fractions")[k % 2], int(draw.random() < 0.6)]
            for n in range(COUNT)
            for k in range(2 + n % 5)
        ]
        write(folder, "answers.csv", ["pupil", "group", "year", "at", "skill", "correct"], events)
        columns = {"skill": "categorical", "correct": "numeric"}
        modalities.append(
            {"kind": "events", "file": "answers.csv", "order": "at", "columns": columns}
        )
        tasks["next"] = {"kind": "next_answer", "label": "correct"}
    dataset = {
        "name": "test",
        "student": "pupil",
        "class": "group",
        "term": "year",
        "records": "records.csv",
        "modalities": modalities,
        "tasks": tasks,
    }
    (folder / "dataset.yaml").write_text(yaml.safe_dump(dataset), encoding="utf-8")


@pytest.mark.timeout(600)
def test_each_trains_what_its_records_carry_and_the_sum_is_that_of_a_simulation(
    live: Stage,
) -> None:
    kinds = [(True, False), (True, False), (False, True), (True, True)]
    for number, (member, (speaks, answers)) in enumerate(
        zip(live.world.members, kinds, strict=True)
    ):
        with live.world.hub.db.session() as session:
            runs.set_policy(session, member, OPEN)
        live.home(member, policy=OPEN)
        records(live.folder / f"{member.site}-data", number, speaks=speaks, answers=answers)
    with ExitStack() as started:
        for home in live.homes.values():
            started.enter_context(running(home))
        run = live.propose(epochs=2, batch=8, tasks_weighed="pcgrad")
        live.wait(lambda: live.is_completed(run), 240, "the end of the run")
    spoken = {"encoder/audio", "encoder/image", "fusion", "head/effort", "head/spoken"}
    asked = {"encoder/events", "head/next"}
    for member, (speaks, answers) in zip(live.world.members, kinds, strict=True):
        sent = live.homes[member.site].outbox / f"{run}.1" / "update.safetensors"
        modules = codec.by_module(codec.decode(sent.read_bytes())).keys()
        assert modules == (spoken if speaks else set()) | (asked if answers else set())
    states = runs.states(live.world, run, 1)
    assert states == simulated.digests(live, run)
    added = simulated.digests(live, run, training={"tasks_weighed": "sum"})
    assert {name for name, digest in added.items() if digest != states[name]} >= {
        "encoder/audio",
        "encoder/image",
        "fusion",
    }
