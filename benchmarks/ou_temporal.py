"""Scenario 1a: next year's students of the Open University. `python -m benchmarks.ou_temporal --json --data DIR`.

Trained on the presentations of 2013, judged on those of 2014: will a student still registered at about 30 % of the
presentation fail or withdraw? Two modalities: a table (demographics, assessments handed in by then) and, as sequences,
what a student did in the virtual learning environment (log rows of 19 kinds of activity at each stage up to the cut,
the stage nearest 30 % and not beyond 40 %). Five courses of one university stand for institutions. AAA has no log rows
at all; BBB and CCC have none of 2013: they train nothing, and their students of 2014 are an unseen site's.

A student of both years is judged, not learnt from. `auc_*` is of the scenario's test records (2014, without AAA's);
AAA has a figure of its own. Alone, a course is judged by its own model; `sites_*` against that, over seeds.
"""

import argparse
import csv
import gzip
import math
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, paired
from benchmarks.pieces import KEY, whole
from worker.learning import references, simulate
from worker.learning.data.folder import load
from worker.learning.data.importers.drawing import part
from worker.learning.data.importers.fields import Scaling
from worker.learning.data.importers.oulad import FIELDS
from worker.learning.data.records import SiteData
from worker.learning.data.write import write_dataset
from worker.learning.evaluate import quality
from worker.learning.evaluate.quality import Judged
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import EventColumn, Input, TaskSheet

SEEDS = (1, 2, 3)
ROUNDS = 30
MODEL = ModelSpec(width=16, layers=0, heads=2, dropout=0.3)
TRAINING = Training(epochs=1, batch=64, lr=0.005, half_life=8, step=2)
AIM, LATEST = 30, 40
TASK = "at-risk"
NUMBERS = ("mean_score", "scores", "last_score", "previous_attempts", "credits")
KINDS = tuple(one for one in FIELDS if one.kind == "categorical")
SOURCE = {"education": "highest_education", "course": "code_module"}
FILES = (
    "assessments",
    "courses",
    "studentAssessment",
    "studentInfo",
    "studentRegistration",
    "vle_logrows_by_stage",
)
RAREST = "repeatactivity"
"""Left out: a sequence has at most 20 columns, and the stage is one."""
WORDS = ("better", "equal", "worse")
Row = dict[str, str]
Who = tuple[str, str, str]
"""Course, presentation, student."""
Presentation = tuple[str, str]


def rows(source: Path, name: str) -> Iterator[Row]:
    with gzip.open(source / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def who(row: Row) -> Who:
    return row["code_module"], row["code_presentation"], row["id_student"]


def stages(source: Path) -> tuple[dict[Who, list[Row]], dict[Presentation, int]]:
    """What each student did by stage, up to the cut; and the cut of each presentation, in per cent."""
    found: dict[Who, list[Row]] = {}
    there: dict[Presentation, set[int]] = {}
    for row in rows(source, "vle_logrows_by_stage"):
        found.setdefault(who(row), []).append(row)
        there.setdefault(who(row)[:2], set()).add(int(row["stage_pct"]))
    cut = {
        key: min((one for one in known if one <= LATEST), key=lambda one: abs(one - AIM))
        for key, known in there.items()
        if min(known) <= LATEST
    }
    kept = {
        key: sorted(
            (r for r in mine if int(r["stage_pct"]) <= cut[key[:2]]),
            key=lambda r: int(r["stage_pct"]),
        )
        for key, mine in found.items()
        if key[:2] in cut
    }
    return kept, cut


def records(source: Path, seed: int) -> tuple[list[Row], dict[Who, list[Row]]]:
    """One row a student and presentation, and what each did."""
    done, cut = stages(source)
    length = {who(r | {"id_student": ""})[:2]: r for r in rows(source, "courses")}
    of_aaa = {key: AIM for key in length if key[0] == "AAA"}
    day = {
        key: math.floor(int(length[key]["module_presentation_length"]) * share / 100)
        for key, share in (cut | of_aaa).items()
    }
    left = {
        who(r): float(r["date_unregistration"])
        for r in rows(source, "studentRegistration")
        if r["date_unregistration"]
    }
    scores = _scores(source, day)
    made: list[Row] = []
    for row in rows(source, "studentInfo"):
        key = who(row)
        if key[:2] not in day or left.get(key, math.inf) <= day[key[:2]]:
            continue
        if key[0] != "AAA" and key not in done:
            continue
        mine = [score for _, score in sorted(scores.get(key, ()))]
        made.append(
            {
                "student": key[2],
                "class": "-".join(key[:2]),
                "term": key[1],
                "course": key[0],
                "split": "test" if key[1].startswith("2014") else part("ou", seed, key[2]),
                "mean_score": f"{np.mean(mine):.4f}" if mine else "",
                "scores": str(len(mine)),
                "last_score": f"{mine[-1]:g}" if mine else "",
                "previous_attempts": row["num_of_prev_attempts"],
                "credits": row["studied_credits"],
                "outcome": "yes" if row["final_result"] in ("Fail", "Withdrawn") else "no",
                **{one.name: _category(one.name, row) for one in KINDS},
            }
        )
    return _apart(made), done


def _category(name: str, row: Row) -> str:
    cell = row[SOURCE.get(name, name)]
    if name == "disability":
        return {"True": "Y", "False": "N"}.get(cell, cell)
    return {"10-20": "10-20%", "?": ""}.get(cell, cell)


def _apart(made: list[Row]) -> list[Row]:
    """A student is in one part only: who is judged is not learnt from, and 2013 has no test part."""
    judged = {
        row["student"] for row in made if row["split"] == "test" and row["term"][:4] == "2014"
    }
    found = []
    for row in made:
        if row["term"].startswith("2014"):
            found.append(row)
        elif row["student"] not in judged:
            found.append(row | {"split": "train" if row["split"] == "test" else row["split"]})
    return found


def _scores(source: Path, day: Mapping[Presentation, int]) -> dict[Who, list[tuple[float, float]]]:
    """(day handed in, score) of what was handed in by the cut."""
    known = {row["id_assessment"]: row for row in rows(source, "assessments")}
    found: dict[Who, list[tuple[float, float]]] = {}
    for row in rows(source, "studentAssessment"):
        of = known[row["id_assessment"]]
        key = (of["code_module"], of["code_presentation"], row["id_student"])
        handed = float(row["date_submitted"])
        if row["score"] and key[:2] in day and handed <= day[key[:2]]:
            found.setdefault(key, []).append((handed, float(row["score"])))
    return found


def sheet_of(made: list[Row], done: Mapping[Who, list[Row]], activities: list[str]) -> TaskSheet:
    scale = Scaling(NUMBERS)
    for course in sorted({row["course"] for row in made}):
        scale.add(course, [row for row in made if row["course"] == course])
    logs = [math.log1p(int(r[a])) for mine in done.values() for r in mine[-1:] for a in activities]
    mean, sd = float(np.mean(logs)), float(np.std(logs))
    columns = [EventColumn(name="stage", kind="numeric", mean=20, sd=12)]
    columns += [EventColumn(name=a, kind="numeric", mean=mean, sd=sd) for a in activities]
    numbers = [Input(name=n, mean=scale.of(n)[0], sd=scale.of(n)[1]) for n in NUMBERS]
    kinds = [Input(name=one.name, kind="categorical", values=one.values) for one in KINDS]
    behaviour = Input(name="behaviour", kind="events", modality="events", columns=tuple(columns))
    return TaskSheet(
        name=TASK,
        target="Will a student still registered at about 30 % of the presentation fail or withdraw?",
        label="outcome",
        labels=("no", "yes"),
        metric="auc",
        inputs=(*numbers, *kinds, behaviour),
    )


def site(
    folder: Path, sheet: TaskSheet, mine: list[Row], done: Mapping[Who, list[Row]], names: list[str]
) -> SiteData:
    """One course's data folder, written and read as a site would."""
    columns = {name: [row[name] for row in mine] for name in mine[0]}
    table = dict.fromkeys(NUMBERS, "numeric") | {one.name: "categorical" for one in KINDS}
    dataset: dict[str, Any] = {
        "name": "ou",
        "student": "student",
        "class": "class",
        "term": "term",
        "split": "split",
        "records": "records.csv",
        "modalities": [{"kind": "table", "file": "records.csv", "columns": table}],
        "tasks": {TASK: {"kind": "binary", "label": "outcome"}},
    }
    tables: dict[str, Any] = {"records.csv": columns}
    events = [
        (row, stage)
        for row in mine
        for stage in done.get((row["course"], row["term"], row["student"]), ())
    ]
    if events:
        tables["behaviour.csv"] = {
            **{k: [row[k] for row, _ in events] for k in ("student", "class", "term")},
            **{key: [stage["stage_pct"] for _, stage in events] for key in ("at", "stage")},
            **{a: [f"{math.log1p(int(s[a])):.4f}" for _, s in events] for a in names},
        }
        kinds = {"stage": "numeric"} | dict.fromkeys(names, "numeric")
        dataset["modalities"].append(
            {"kind": "events", "file": "behaviour.csv", "order": "at", "columns": kinds}
        )
    write_dataset(folder, dataset, tables)
    return load(folder, [sheet], pseudonym_key=KEY)


def one_seed(source: Path, seed: int, place: Path) -> tuple[dict[str, float], Counter[str]]:
    made, done = records(source, seed)
    some = next(iter(done.values()))[0]
    others = ("id_student", "stage_pct", RAREST)
    names = [name for name in some if name not in others and "code" not in name]
    sheet = sheet_of(made, done, names)
    courses = sorted({row["course"] for row in made})
    every = {
        c: site(place / c, sheet, [r for r in made if r["course"] == c], done, names)
        for c in courses
    }
    learns = {c: d for c, d in every.items() if (d.tasks[TASK].split == "train").any()}
    plan = simulate.Plan(
        (sheet,), MODEL.model_copy(update={"seed": seed}), TRAINING, ROUNDS, seed=seed
    )
    folders = simulate.Folders(place / "run")
    run = simulate.run(plan, learns, folders, measure=lambda number: False)
    central = references.central(plan, learns, folders)
    alone = references.alone(plan, learns, folders)

    def judge(modules: simulate.Modules, data: SiteData) -> Judged:
        return simulate.judged(plan, modules, data, folders)[TASK]

    ours = {c: judge(run.end.at(c) if c in learns else run.modules, d) for c, d in every.items()}
    theirs = {c: judge(alone[c], d) for c, d in learns.items()}
    figures = {
        **_named("federated", ours),
        **_named("central", {c: judge(central, d) for c, d in every.items()}),
        **_named("local", theirs),
        "train_records": sum((d.tasks[TASK].split == "train").sum() for d in learns.values()),
        "test_records": sum(len(one.label) for c, one in ours.items() if c != "AAA"),
        "upload_kb": max(run.rounds[-1].upload_bytes.values()) / 1000,
    }
    return figures, Counter(paired.verdicts({c: ours[c] for c in theirs}, theirs, seed).values())


def _named(name: str, parts: Mapping[str, Judged]) -> dict[str, float]:
    each = {f"auc_{name}_{c}": quality.value(one) or 0.0 for c, one in parts.items()}
    every = quality.value(whole([one for c, one in parts.items() if c != "AAA"])) or 0.0
    return {f"auc_{name}": every} | each


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    source, seeds = options.data / "oulad", tuple(options.given.seeds)
    found: dict[str, list[float]] = {}
    told: Counter[str] = Counter()
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            figures, verdicts = one_seed(source, seed, Path(place))
        told += verdicts
        harness.say(f"seed {seed}: {figures} {dict(verdicts)}")
        for key, value in figures.items():
            found.setdefault(key, []).append(float(value))
    means = {key: float(np.mean(values)) for key, values in found.items()}
    if len(seeds) > 1:
        for name in ("federated", "central"):
            means[f"auc_{name}_sd"] = float(np.std(found[f"auc_{name}"], ddof=1))
    means |= {f"sites_{word}": float(told[word]) for word in WORDS} | {"rounds": float(ROUNDS)}
    files = [source / f"{name}.csv.gz" for name in FILES]
    return harness.Measured(means, seeds, harness.digest_of_files(files))


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)


if __name__ == "__main__":
    sys.exit(harness.main("ou_temporal", measure, add_arguments=_arguments, needs_data=True))
