"""What both sides of `peer_flower` learn: seven courses' records, one plan, and the model as a list of arrays."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.pieces import KEY, whole
from worker.learning import local, simulate
from worker.learning.data.folder import load
from worker.learning.data.importers.oulad import OULAD, task_name
from worker.learning.data.records import SiteData
from worker.learning.evaluate import quality
from worker.protocol.codec import Array
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import TaskSheet

DAY = 120
MODEL = ModelSpec(width=16, layers=0, heads=2, dropout=0.1)
TRAINING = Training(epochs=2, batch=128, lr=0.007)


@dataclass(frozen=True)
class Stage:
    folder: Path
    plan: simulate.Plan
    folders: dict[str, Path]
    """Site to its data folder."""


def make(source: Path, folder: Path, seed: int, rounds: int) -> Stage:
    """Without the course as an input: only one site has each, so its row would be no common number."""
    imported = OULAD.run(source, folder / "records", day=DAY, split_seed=seed)
    sheet = next(sheet for sheet in imported.sheets if sheet.name == task_name(DAY))
    sheet = sheet.model_copy(
        update={"inputs": tuple(one for one in sheet.inputs if one.name != "course")}
    )
    model = MODEL.model_copy(update={"seed": seed})
    plan = simulate.Plan((sheet,), model, TRAINING, rounds, seed=seed)
    stage = Stage(folder, plan, dict(sorted(imported.folders.items())))
    write(stage)
    return stage


def write(stage: Stage) -> None:
    [sheet], plan = stage.plan.tasks, stage.plan
    written = {
        "sheet": sheet.model_dump(mode="json"),
        "model": plan.model.model_dump(mode="json"),
        "rounds": plan.rounds,
        "seed": plan.seed,
        "folders": {site: str(path) for site, path in stage.folders.items()},
    }
    (stage.folder / "stage.json").write_text(json.dumps(written), encoding="utf-8")


def read(folder: Path) -> Stage:
    found = json.loads((folder / "stage.json").read_text(encoding="utf-8"))
    plan = simulate.Plan(
        (TaskSheet.model_validate(found["sheet"]),),
        ModelSpec.model_validate(found["model"]),
        TRAINING,
        found["rounds"],
        seed=found["seed"],
    )
    return Stage(folder, plan, {site: Path(path) for site, path in found["folders"].items()})


def records(stage: Stage, site: str) -> SiteData:
    return load(stage.folders[site], stage.plan.tasks, pseudonym_key=KEY)


def arrays(modules: simulate.Modules) -> list[Array]:
    """In order of module and tensor."""
    return [array for _, tensors in sorted(modules.items()) for _, array in sorted(tensors.items())]


def modules(plan: simulate.Plan, given: Sequence[Array]) -> simulate.Modules:
    """`arrays` back."""
    first = local.initial_modules(plan.model, plan.tasks, bases={})
    left = iter(given)
    return {
        module: {name: next(left) for name in sorted(tensors)}
        for module, tensors in sorted(first.items())
    }


def auc(stage: Stage, found: simulate.Modules, work: Path) -> float:
    """Of all test records together."""
    folders = simulate.Folders(work)
    [sheet] = stage.plan.tasks
    parts = [
        simulate.judged(stage.plan, found, records(stage, site), folders)[sheet.name]
        for site in stage.folders
    ]
    return quality.value(whole(parts)) or 0.0
