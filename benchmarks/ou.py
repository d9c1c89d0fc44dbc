"""Scenario 1b: seven Open University courses as seven sites. `python -m benchmarks.ou --json --data DIR`.

Will a student who does not withdraw fail, told on day 60 or 120? The set is one university: its courses stand for
institutions here. The federation is `simulate.run` with the product's model; training central and alone are its
two references, with the same model. Logistic regression, central and by FedAvg as the scenario's protocol has it,
is the peer on the same records and the same split.

The course is an input, and only one site has each course: its row stays at that site (docs/decisions/0005), so each
site is judged by the shared modules with its own rows laid over them, as it would use them. `sites_worse_dayN` counts,
over all seeds, sites whose test AUC is significantly below that of their model trained alone (`benchmarks.paired`).

`personal` is the product's default where sites have models of their own: made after the last round, chosen course by
course on the validation split by the product's gate. `courses_significantly_worse` counts courses that this leaves
significantly worse off than alone, over all days and seeds.

Every AUC is of the test split, which nothing was tuned on:
settings were chosen on the validation split of a split seed that is not reported.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from benchmarks import harness, paired
from worker.learning import references, simulate, simulate_own
from worker.learning.data.folder import load
from worker.learning.data.importers.oulad import OULAD, task_name
from worker.learning.data.joining import merged
from worker.learning.data.records import SiteData, TaskData
from worker.learning.evaluate import quality
from worker.learning.evaluate.quality import Judged
from worker.protocol.codes import Change, Chosen
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import TaskSheet

DAYS = (60, 120)
SEEDS = (1, 2, 3)
ROUNDS = 30
MODEL = ModelSpec(width=16, layers=0, heads=2, dropout=0.1)
TRAINING = Training(epochs=2, batch=128, lr=0.007, half_life=8, step=2)
KEY = b"benchmark: no person stands behind these pseudonyms"
WORDS = ("better", "equal", "worse")
FILES = ("assessments", "studentAssessment", "studentInfo")
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """One day and one seed: the sheet, the sites, all records together."""

    day: int
    seed: int
    sheet: TaskSheet
    sites: Mapping[str, SiteData]
    everyone: SiteData

    @property
    def records(self) -> TaskData:
        return self.everyone.tasks[self.sheet.name]


def prepare(source: Path, day: int, seed: int, folder: Path) -> Case:
    """The records as the importer and the data folder give them to a site, demographic inputs included."""
    imported = OULAD.run(source, folder, day=day, fairness_columns=True, split_seed=seed)
    wanted = task_name(day, fairness=True)
    sheet = next(sheet for sheet in imported.sheets if sheet.name == wanted)
    sites = {
        name: load(path, [sheet], pseudonym_key=KEY) for name, path in imported.folders.items()
    }
    return Case(day, seed, sheet, sites, merged(sites))


def product(case: Case, work: Path) -> dict[str, float]:
    """The product's model: federated, central, alone."""
    plan = simulate.Plan(
        tasks=(case.sheet,),
        model=MODEL.model_copy(update={"seed": case.seed}),
        training=TRAINING,
        rounds=ROUNDS,
        seed=case.seed,
    )
    folders = simulate.Folders(work)
    federated = simulate.run(plan, case.sites, folders, measure=lambda number: False)
    central = references.central(plan, case.sites, folders)
    alone = references.alone(plan, case.sites, folders)

    def judge(modules: Mapping[str, simulate.Modules]) -> dict[str, Judged]:
        return {
            site: simulate.judged(plan, modules[site], data, folders)[case.sheet.name]
            for site, data in case.sites.items()
        }

    ours = judge({site: federated.end.at(site) for site in case.sites})
    theirs = judge(alone)
    told = Counter(paired.verdicts(ours, theirs, case.seed).values())
    kept = sum(rows.count for rows in federated.end.kept.values())
    return {
        **_figures("federated", case.day, ours),
        **_figures("central", case.day, judge(dict.fromkeys(case.sites, central))),
        **_figures("local", case.day, theirs),
        **_in_use(case, plan, federated.end, theirs, folders),
        **{f"sites_{word}_day{case.day}": told[word] for word in WORDS},
        f"kept_rows_day{case.day}": kept,
        f"upload_kb_day{case.day}": max(federated.rounds[-1].upload_bytes.values()) / 1000,
    }


def _in_use(
    case: Case,
    plan: simulate.Plan,
    state: simulate.State,
    alone: Mapping[str, Judged],
    folders: simulate.Folders,
) -> dict[str, float]:
    """With own models: courses by the one chosen, by what that did against the shared one, and against alone."""
    own = replace(plan, training=TRAINING.model_copy(update={"personal": "chosen"}))
    answers = simulate_own.personal(own, state, case.sites, folders)
    found = simulate_own.judged(own, state, case.sites, folders)
    used = {site: tasks[case.sheet.name] for site, tasks in found.items()}
    choices = [choice for answer in answers.values() for choice in answer.choices]
    model = Counter(choice.model for choice in choices)
    change = Counter(choice.against_shared for choice in choices)
    told = Counter(paired.verdicts(used, alone, case.seed).values())
    heads = [choice.classes for choice in choices if choice.classes]
    return {
        **{
            f"classes_{one.value}_day{case.day}": sum(getattr(made, one.value) for made in heads)
            for one in Change
        },
        **_figures("personal", case.day, used),
        **{f"courses_use_{one.value}_day{case.day}": model[one] for one in Chosen},
        **{f"courses_{one.value}_day{case.day}": change[one] for one in Change},
        **{f"courses_{word}_day{case.day}": told[word] for word in WORDS},
    }


def _figures(name: str, day: int, parts: Mapping[str, Judged]) -> dict[str, float]:
    """AUC of all test records together, of each course, and the mean over courses."""
    first = next(iter(parts.values()))
    whole = Judged(
        first.sheet,
        np.concatenate([part.label for part in parts.values()]),
        np.concatenate([part.prediction for part in parts.values()]),
        np.concatenate([part.student for part in parts.values()]),
    )
    each = {f"auc_{name}_day{day}_{site}": quality.value(part) for site, part in parts.items()}
    known = {key: value for key, value in each.items() if value is not None}
    mean = {f"auc_{name}_course_mean_day{day}": float(np.mean(list(known.values())))}
    return {f"auc_{name}_day{day}": quality.value(whole) or 0.0} | mean | known


def logistic(case: Case) -> dict[str, float]:
    """The scenario's peer: scikit-learn central, and FedAvg from 0, 50 rounds of one epoch, batch 64, lr .05."""
    records = case.records
    x = _design(records)
    train, test = records.split == "train", records.split == "test"
    central = LogisticRegression(max_iter=5000).fit(x[train], records.label[train])
    weights = _fedavg(case)
    found = {
        "logistic_central": central.decision_function(x[test]),
        "logistic_federated": x[test] @ weights[:-1] + weights[-1],
    }
    return {
        f"auc_{name}_day{case.day}": quality.value(
            Judged(case.sheet, records.label[test], score, records.student[test])
        )
        or 0.0
        for name, score in found.items()
    }


def _design(records: TaskData) -> Floats:
    """Scaled numbers with 0 for missing and a flag; one-hot categories with one column for unknown."""
    kinds = [len(i.values) + 1 for i in records.sheet.inputs if i.kind == "categorical"]
    numeric = records.numeric.astype(np.float64)
    ones = [np.eye(size)[records.categorical[:, place]] for place, size in enumerate(kinds)]
    return np.concatenate([np.nan_to_num(numeric), np.isnan(numeric), *ones], axis=1)


def _fedavg(case: Case) -> Floats:
    source = np.random.default_rng(case.seed)
    given = []
    for _, data in sorted(case.sites.items()):
        own = data.tasks[case.sheet.name]
        train = own.split == "train"
        x = np.concatenate([_design(own)[train], np.ones((int(train.sum()), 1))], axis=1)
        given.append((x, own.label[train].astype(np.float64)))
    shared = np.zeros(given[0][0].shape[1])
    for _ in range(50):
        total = np.zeros_like(shared)
        for x, y in given:
            total += len(y) * _epoch(shared, x, y, source)
        shared = total / sum(len(y) for _, y in given)
    return shared


def _epoch(shared: Floats, x: Floats, y: Floats, source: np.random.Generator) -> Floats:
    weights, order = shared.copy(), source.permutation(len(y))
    for start in range(0, len(y), 64):
        rows = order[start : start + 64]
        chance = 1 / (1 + np.exp(-x[rows] @ weights))
        weights -= 0.05 * x[rows].T @ (chance - y[rows]) / len(rows)
    return weights


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    source = options.data / "oulad"
    seeds, days = tuple(options.given.seeds), tuple(options.given.days)
    found: dict[str, list[float]] = {}
    for seed in seeds:
        for day in days:
            with tempfile.TemporaryDirectory() as work:
                case = prepare(source, day, seed, Path(work) / "folders")
                one = product(case, Path(work) / "run") | logistic(case)
            harness.say(f"seed {seed}, day {day}: {_summary(one, day)}")
            for key, value in one.items():
                found.setdefault(key, []).append(value)
    figures: dict[str, float] = {
        key: sum(values)
        if key.startswith(("sites_", "courses_", "classes_"))
        else float(np.mean(values))
        for key, values in found.items()
    }
    figures["courses_significantly_worse"] = sum(figures[f"courses_worse_day{day}"] for day in days)
    for day in days:
        figures |= _shares(figures, found, day)
    if len(seeds) > 1:
        for day in days:
            for name in ("federated", "central", "local", "personal"):
                key = f"auc_{name}_day{day}"
                figures[f"{key}_sd"] = float(np.std(found[key], ddof=1))
    figures |= {"rounds": ROUNDS, "sites": 7}
    files = [next(source.glob(f"{name}.csv*")) for name in FILES]
    return harness.Measured(figures, seeds, harness.digest_of_files(files))


def _shares(
    figures: Mapping[str, float], found: Mapping[str, list[float]], day: int
) -> dict[str, float]:
    """Of all courses and seeds; and the figure of the issue under its name."""
    key = f"auc_personal_course_mean_day{day}"
    told = {word: figures[f"courses_{word}_day{day}"] for word in WORDS}
    whole = sum(told.values())
    shares = {f"share_courses_{word}_day{day}": count / whole for word, count in told.items()}
    spread = {f"{key}_sd": float(np.std(found[key], ddof=1))} if len(found[key]) > 1 else {}
    return shares | spread | {f"auc_personal_day{day}_course_mean": figures[key]}


def _summary(figures: Mapping[str, float], day: int) -> str:
    names = ("central", "federated", "local", "personal", "logistic_central", "logistic_federated")
    told = ", ".join(f"{figures[f'sites_{word}_day{day}']:.0f} {word}" for word in WORDS)
    own = ", ".join(f"{figures[f'courses_{word}_day{day}']:.0f} {word}" for word in WORDS)
    aucs = ", ".join(f"{name} {figures[f'auc_{name}_day{day}']:.4f}" for name in names)
    return f"{aucs}; sites against alone: {told}; with the model in use: {own}"


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--days", type=int, nargs="+", default=DAYS)


if __name__ == "__main__":
    sys.exit(harness.main("ou", measure, add_arguments=_arguments, needs_data=True))
