"""`python -m worker.learning`: the simulated campus, a release at work, and the reference no federation may have.

    python -m worker.learning campus DST --seed 1 --scale 1.0
    python -m worker.learning central PLAN.json --site NAME=FOLDER … [--text FOLDER …] --work FOLDER
    python -m worker.learning judge RELEASE.zip --data FOLDER [--text FOLDER …] --work FOLDER
    python -m worker.learning predict RELEASE.zip --csv FILE --out FILE [--text FOLDER …] --work FOLDER

`predict` needs neither hub nor site: it reads a CSV whose columns are named as the release's inputs and writes one
row of predictions for each of its rows. A column that is not there counts as missing; one of recordings or images holds
names of files beside the CSV.
`--text`, `--image` and `--audio` name the folder of the base model for what the model reads that way.
`judge` opens a downloaded release and prints its figures on the hold-out records of a data folder, as JSON.
`central` trains one model on all records together and prints the figures the sites would measure with it, as JSON.
It exists for simulations: it needs every site's folder on one machine.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from worker.learning import aggregation, local, references, simulate
from worker.learning.archive import open_archive
from worker.learning.data import unlabelled
from worker.learning.data.findings import DataFault
from worker.learning.data.folder import load
from worker.learning.data.importers.campus import generate
from worker.learning.data.records import SiteData
from worker.learning.faults import LearningFault, ModelMissing
from worker.learning.model.layout import is_pinned
from worker.learning.own import Modules
from worker.protocol.base_models import READ
from worker.protocol.codes import JobKind, Phase
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import TaskSheet

_KEY = b"a simulation names nobody"
"""Pseudonyms of a simulation stay in its process, so their key need not be secret."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m worker.learning")
    commands = parser.add_subparsers(required=True)
    campus = commands.add_parser("campus", help="write the simulated campus")
    campus.add_argument("dst", type=Path)
    campus.add_argument("--seed", type=int, default=1)
    campus.add_argument("--scale", type=float, default=1.0)
    campus.set_defaults(run=_campus)
    central = commands.add_parser("central", help="one model on all records, and its figures")
    central.add_argument("plan", type=Path, help="JSON: tasks, model, training, minimum_cell")
    central.add_argument("--site", action="append", required=True, metavar="NAME=FOLDER")
    _takes_bases(central)
    central.add_argument("--work", type=Path, required=True, help="where it may write")
    central.set_defaults(run=_central)
    judge = commands.add_parser("judge", help="a downloaded release on a folder's hold-out records")
    judge.add_argument("release", type=Path)
    judge.add_argument("--data", type=Path, required=True, metavar="FOLDER")
    _takes_bases(judge)
    judge.add_argument("--work", type=Path, required=True, help="where it may write")
    judge.set_defaults(run=_judge)
    predict = commands.add_parser("predict", help="a downloaded release on the rows of a CSV")
    predict.add_argument("release", type=Path)
    predict.add_argument("--csv", type=Path, required=True, metavar="FILE")
    predict.add_argument("--out", type=Path, required=True, metavar="FILE")
    _takes_bases(predict)
    predict.add_argument("--work", type=Path, required=True, help="where it may write")
    predict.set_defaults(run=_predict)
    given = parser.parse_args(arguments)
    try:
        json.dump(given.run(given), sys.stdout)
    except DataFault as error:
        sys.stderr.writelines(f"{one.file}: {one.what} {one.fix}\n" for one in error.faults)
        return 2
    except LearningFault as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write("\n")
    return 0


def _takes_bases(command: argparse.ArgumentParser) -> None:
    for modality in READ:
        said = f"the folder of the base model for {modality}"
        command.add_argument(f"--{modality}", type=Path, default=None, help=said)


def _folders(given: argparse.Namespace, model: ModelSpec | None = None) -> simulate.Folders:
    """`model`: of a release, whose base models are pinned. Raises ModelMissing where a folder holds another one."""
    for modality, base in ({} if model is None else model.bases).items():
        folder: Path | None = getattr(given, modality)
        if folder is not None and not is_pinned(folder, base):
            raise ModelMissing(
                f"{folder} does not hold {base.name} as the release names it: SHA-256 of model.safetensors"
                f" {base.digest}. Name the folder with exactly these files by --{modality}."
            )
    return simulate.Folders(given.work, given.text, given.image, given.audio)


def _campus(given: argparse.Namespace) -> list[dict[str, str]]:
    sites = generate(given.dst, given.seed, given.scale)
    return [{"name": s.name, "kind": s.kind, "folder": str(s.folder)} for s in sites]


def _central(given: argparse.Namespace) -> dict[str, float]:
    """Task to the weighted mean of the sites' figures, as the hub forms it in a live run."""
    plan = _plan(json.loads(given.plan.read_text(encoding="utf-8")))
    folders = _folders(given)
    pairs = (one.split("=", 1) for one in given.site)
    sites = {name: load(Path(path), plan.tasks, pseudonym_key=_KEY) for name, path in pairs}
    modules = references.central(plan, sites, folders)
    answers = [_measured(plan, modules, name, data, folders) for name, data in sites.items()]
    return aggregation.overall(one for answer in answers for one in answer.shared)


def _judge(given: argparse.Namespace) -> list[dict[str, Any]]:
    """What a site would answer to an evaluation with this release. Raises StateMismatch for a damaged file."""
    opened = open_archive(given.release)
    said = opened.description
    plan = simulate.Plan(tasks=said.tasks, model=said.model, training=Training(), rounds=1)
    folders = _folders(given, said.model)
    data = load(given.data, plan.tasks, pseudonym_key=_KEY)
    answer = _measured(plan, opened.modules, "judge", data, folders)
    return [one.model_dump(mode="json") for one in answer.shared]


def _predict(given: argparse.Namespace) -> dict[str, Any]:
    """Rows and columns written. Raises StateMismatch for a damaged release, DataFault for an unreadable file."""
    opened = open_archive(given.release)
    said = opened.description
    plan = simulate.Plan(tasks=said.tasks, model=said.model, training=Training(), rounds=1)
    records = unlabelled.read(given.csv, plan.tasks)
    folders = _folders(given, said.model)
    judged = simulate.judged(plan, opened.modules, records.data, folders)
    predicted = {name: one.prediction for name, one in judged.items()}
    columns = unlabelled.write(given.out, records.rows, plan.tasks, predicted)
    return {"rows": len(records.rows), "columns": columns}


def _plan(given: dict[str, Any]) -> simulate.Plan:
    return simulate.Plan(
        tasks=tuple(TaskSheet.model_validate(task) for task in given["tasks"]),
        model=ModelSpec.model_validate(given["model"]),
        training=Training.model_validate(given["training"]),
        rounds=1,
        minimum_cell=int(given.get("minimum_cell", 10)),
    )


def _measured(
    plan: simulate.Plan,
    modules: Modules,
    name: str,
    data: SiteData,
    folders: simulate.Folders,
) -> Any:
    return local.evaluate(
        simulate.manifest(plan, name, 1, modules, JobKind.EVALUATE),
        modules,
        data,
        bases=folders.bases,
        cache_dir=folders.work / name,
        on_progress=_silent,
    )


def _silent(phase: Phase, step: int, steps: int) -> None:
    """Nobody waits for progress within a simulation."""


if __name__ == "__main__":
    sys.exit(main())
