"""The short answers of scenario 3, for `benchmarks.stem`: Beetle, judged in five ways.

Three groups of students are the sites. The set's own three parts are kept; its students cross them, so a data folder
could not have them as its split, and here they are laid over the loaded records. A tenth of the students is validation.
Inputs are the answer and the reference answers: with the question too, less carried over to questions held out of
training (a third of the training questions at a time, by which the other settings were chosen too). Two ways:

`apart`: each text is read by itself, the text model is frozen. Minutes.
`together`: answer and reference answers in one pass, adapters in every layer of the text model. Most of an hour a
seed on a core, minutes on a graphics card; without the central reference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.pieces import KEY, whole
from worker.learning import references, simulate
from worker.learning.data.folder import digest_of_records, load
from worker.learning.data.importers.beetle import BEETLE
from worker.learning.data.records import SiteData
from worker.learning.data.tables import read
from worker.learning.evaluate import quality
from worker.protocol.manifest import ModelSpec, PinnedModel, Training
from worker.protocol.tasks import TaskSheet

SITES = 3
PARTS = {"f1_unseen_answers": "test-unseen-answers", "f1_unseen_questions": "test-unseen-questions"}
MODEL = ModelSpec(
    width=96,
    layers=0,
    heads=4,
    text=PinnedModel(name="MiniLM", digest="0" * 64, files={}, bytes=0),
    adapter_layers=0,
)
TRAINING = Training(epochs=2, batch=32, lr=0.003, half_life=6, average=5)
TASK = "judgement"


@dataclass(frozen=True)
class Way:
    """How the texts are read, and the settings that suit it."""

    rounds: int = 15
    model: ModelSpec = MODEL
    training: Training = TRAINING
    beside: str | None = None


WAYS = {
    "apart": Way(),
    "together": Way(
        20,
        MODEL.model_copy(update={"adapter_layers": 6}),
        TRAINING.model_copy(update={"lr": 0.006, "half_life": 8}),
        "references",
    ),
}


def sites_of(
    source: Path, folder: Path, part: str, way: Way, wanted: Sequence[str] = (TASK,)
) -> dict[str, SiteData]:
    """`part`: the official one that is the test."""
    imported = BEETLE.run(source, folder, sites=str(SITES))
    sheets = [_sheet(sheet, way) for sheet in imported.sheets if sheet.name in wanted]
    return {name: _site(path, sheets, part) for name, path in imported.folders.items()}


def _sheet(asked: TaskSheet, way: Way) -> TaskSheet:
    inputs = tuple(
        one.model_copy(update={"beside": way.beside if one.name == "answer" else None})
        for one in asked.inputs
        if one.name != "question"
    )
    return asked.model_copy(update={"inputs": inputs})


def _site(path: Path, sheets: Sequence[TaskSheet], part: str) -> SiteData:
    table, _faults = read(path, "records.csv.gz")
    assert table is not None
    loaded = load(path, sheets, pseudonym_key=KEY).tasks
    task = next(iter(loaded.values()))
    official = np.array(table.columns["official_part"])
    names = sorted(set(task.student))
    held = np.isin(task.student, names[:: max(len(names) // max(len(names) // 10, 1), 1)])
    rest = np.where(official == "train", "train", "unused")
    split = np.where(official == part, "test", rest).astype("<U10")
    split[(split == "train") & held] = "validation"
    tasks = {name: replace(one, split=split) for name, one in loaded.items()}
    return SiteData(tasks, digest_of_records(tasks))


def cases(
    source: Path, place: Path, way: Way, wanted: Sequence[str] = (TASK,)
) -> dict[str, dict[str, SiteData]]:
    """Figure to the sites whose test is that official part."""
    return {name: sites_of(source, place / part, part, way, wanted) for name, part in PARTS.items()}


def one_seed(
    given: Mapping[str, Mapping[str, SiteData]],
    seed: int,
    folders: simulate.Folders,
    read: Way,
    *,
    central: bool,
) -> dict[str, float]:
    """Trained once, on the records that train in every case; judged on each official part."""
    sites = next(iter(given.values()))
    sheet = next(iter(sites.values())).tasks[TASK].sheet
    spec = read.model.model_copy(update={"seed": seed})
    plan = simulate.Plan((sheet,), spec, read.training, read.rounds, seed=seed)
    result = simulate.run(plan, sites, folders, measure=lambda number: False)
    ways = {"": result.modules}
    if central:
        ways["_central"] = references.central(plan, sites, folders)
    found = {}
    for name, case in given.items():
        for way, modules in ways.items():
            parts = [simulate.judged(plan, modules, d, folders)[TASK] for d in case.values()]
            found[f"{name}{way}"] = quality.value(whole(parts)) or 0.0
    return found
