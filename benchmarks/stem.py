"""Scenario 3, STEM: is the next answer right (ASSISTments 2009), is a short answer right (Beetle)?
`python -m benchmarks.stem --json --data DIR`.

Tracing: the updated split, fold 1; 20 sites are drawn groups of its training students, and each keeps its share of the
validation and test students. The model is the product's sequence encoder (an LSTM over pairs of skill and answer, as in
deep knowledge tracing) with the head of a next answer. `auc_central` trains on all records together, `auc_local` is the
mean over five sites alone; every AUC is over all answers of the set's own test students but each sequence's first. All
rounds are used: none is chosen by the test, and none by a shared validation set. Rates and dropout were chosen on the
validation students of seed 1.

Both in one federation: see `benchmarks.stem_joint`. Short answers: see `benchmarks.stem_answers`.
Macro F1 of the five-way task over the whole of each test part.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, stem_answers, stem_joint
from benchmarks.pieces import KEY, text_model, whole
from worker.learning import references, simulate
from worker.learning.data.folder import load
from worker.learning.data.importers.assistments import ASSISTMENTS
from worker.learning.data.records import SiteData
from worker.learning.evaluate import quality
from worker.protocol.manifest import ModelSpec, Training

SEEDS = (1, 2, 3)
PARTS = ("tracing", "answers", "joint")
SITES, ROUNDS = 20, 30
ALONE = (0, 4, 8, 12, 16)
MODEL = ModelSpec(width=100, heads=4, dropout=0.4)
CENTRAL = Training(batch=32, lr=0.001)
TRAINING = Training(epochs=1, batch=16, lr=0.004, half_life=15)


def sites_of(source: Path, folder: Path) -> dict[str, SiteData]:
    imported = ASSISTMENTS.run(source, folder, sites=SITES)
    return {
        name: load(path, imported.sheets, pseudonym_key=KEY)
        for name, path in sorted(imported.folders.items())
    }


def tracing(sites: Mapping[str, SiteData], seed: int, work: Path) -> dict[str, float]:
    model = MODEL.model_copy(update={"seed": seed})
    sheet = next(iter(sites.values())).tasks["next-answer"].sheet
    plan = simulate.Plan((sheet,), model, TRAINING, ROUNDS, seed=seed)
    folders = simulate.Folders(work)

    def judge(modules: simulate.Modules) -> float:
        parts = [
            simulate.judged(plan, modules, data, folders)[sheet.name] for data in sites.values()
        ]
        return quality.value(whole(parts)) or 0.0

    found: dict[str, float] = {}

    def tell(one: simulate.Round) -> None:
        harness.say(f"seed {seed}, round {one.number} of {ROUNDS}")

    federated = simulate.run(plan, sites, folders, measure=lambda number: False, on_round=tell)
    found["auc_federated"] = judge(federated.modules)
    found["tracing_upload_kb"] = max(federated.rounds[-1].upload_bytes.values()) / 1000
    alone = replace(plan, training=CENTRAL)
    found["auc_central"] = judge(references.central(alone, sites, folders))
    some = {name: data for place, (name, data) in enumerate(sites.items()) if place in ALONE}
    theirs = references.alone(alone, some, folders)
    found["auc_local"] = float(np.mean([judge(modules) for modules in theirs.values()]))
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    seeds = tuple(options.given.seeds)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        for seed, one in _seeds(options, Path(place)):
            harness.say(f"seed {seed}: " + ", ".join(f"{k} {v:.4f}" for k, v in one.items()))
            for key, value in one.items():
                found.setdefault(key, []).append(value)
    figures: dict[str, float] = {key: float(np.mean(values)) for key, values in found.items()}
    if len(seeds) > 1:
        figures |= {
            f"{key}_sd": float(np.std(values, ddof=1))
            for key, values in found.items()
            if key.startswith(("auc", "f1", "joint"))
        }
    figures |= {"rounds": ROUNDS, "sites": SITES}
    files = [
        *_tracing(options.data).glob("assist2009_updated_*.csv.gz"),
        *(options.data / "beetle").glob("*.csv.gz"),
    ]
    return harness.Measured(figures, seeds, harness.digest_of_files(files))


def _tracing(data: Path) -> Path:
    return data / "assistments2009" / "dkvmn_split"


def _seeds(options: harness.Options, place: Path) -> Iterator[tuple[int, dict[str, float]]]:
    """Each seed with its figures."""
    assert options.data is not None
    parts, beetle = {*options.given.parts}, options.data / "beetle"
    way = stem_answers.WAYS[options.given.texts]
    sites, answers, both = {}, {}, {}
    if parts & {"tracing", "joint"}:
        sites = sites_of(_tracing(options.data), place / "folders")
    if "answers" in parts:
        answers = stem_answers.cases(beetle, place / "answers", way)
    if "joint" in parts:
        both = stem_joint.cases(beetle, place / "both")
    read = simulate.Folders(place / "texts", text_model())
    for seed in options.given.seeds:
        one: dict[str, float] = {}
        if "tracing" in parts:
            one |= tracing(sites, seed, place / f"run-{seed}")
        if "answers" in parts:
            central = options.given.texts == "apart"
            one |= stem_answers.one_seed(answers, seed, read, way, central=central)
        if "joint" in parts:
            settings = stem_joint.Settings(MODEL, TRAINING, ROUNDS, seed)
            one |= stem_joint.one_seed(sites, both, settings, read)
        yield seed, one


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--texts", choices=tuple(stem_answers.WAYS), default="apart")


if __name__ == "__main__":
    sys.exit(harness.main("stem", measure, add_arguments=_arguments, needs_data=True))
