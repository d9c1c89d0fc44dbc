"""Server rules on scenario 1b (OU, seven courses as sites). `python -m benchmarks.rules --json --data DIR`.

The case, model and plan of `benchmarks.ou`; only what the hub does with the mean differs: weighted mean, weights by
the square root, FedAdam at two rates, light q-FFL with q of .1 and 1. `--rules` runs some of them, and the mean with
them. Every figure is of the validation split (10 % of the students, so a course's own is noisy): nothing is chosen on
the test split. `auc_RULE_dayN`: all records together; `_mean`, `_worst`: over courses; `_sd`: over seeds.
`loss_RULE_dayN_mean`, `_worst`: the courses' log losses. `gain_RULE_dayN`: mean over seeds of the AUC's difference
from the weighted mean on the same seed, all records; `gain_worst_RULE_dayN`: the same of the worst course.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, ou
from worker.learning import simulate
from worker.learning.aggregation import MEAN, FedAdam, LossWeighted, ServerRule, SquareRoot
from worker.learning.evaluate import paired, quality
from worker.learning.evaluate.quality import Judged

RULES: dict[str, tuple[ServerRule, dict[str, float]]] = {
    "mean": (MEAN, {}),
    "square_root": (SquareRoot(), {}),
    "fedadam_003": (FedAdam(lr=0.003), {"step": 1.0}),
    "fedadam_01": (FedAdam(lr=0.01), {"step": 1.0}),
    "qffl_0_1": (LossWeighted(q=0.1), {}),
    "qffl_1": (LossWeighted(q=1.0), {}),
}


def one_rule(case: ou.Case, name: str, work: Path) -> dict[tuple[str, str], float]:
    """On validation: AUC of all records, its mean and worst of the courses; mean and worst of their losses."""
    rule, changes = RULES[name]
    plan = simulate.Plan(
        tasks=(case.sheet,),
        model=ou.MODEL.model_copy(update={"seed": case.seed}),
        training=ou.TRAINING.model_copy(update=changes),
        rounds=ou.ROUNDS,
        seed=case.seed,
        server=rule,
    )
    folders = simulate.Folders(work)
    done = simulate.run(plan, case.sites, folders, measure=lambda number: False)
    parts = [
        simulate.judged(plan, done.end.at(site), data, folders, split="validation")[case.sheet.name]
        for site, data in case.sites.items()
    ]
    whole = replace(
        parts[0],
        label=np.concatenate([p.label for p in parts]),
        prediction=np.concatenate([p.prediction for p in parts]),
        student=np.concatenate([p.student for p in parts]),
    )
    each = [_auc(part) for part in parts]
    lost = [float(paired.losses(part).mean()) for part in parts]
    return {
        ("auc", ""): _auc(whole),
        ("auc", "_mean"): float(np.mean(each)),
        ("auc", "_worst"): min(each),
        ("loss", "_mean"): float(np.mean(lost)),
        ("loss", "_worst"): max(lost),
    }


def _auc(part: Judged) -> float:
    found = quality.value(part)
    assert found is not None, "a course's validation split has one label only"
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    source, seeds = options.data / "oulad", tuple(options.given.seeds)
    rules = tuple(dict.fromkeys(("mean", *options.given.rules)))
    found: dict[str, list[float]] = {}
    for seed in seeds:
        for day in options.given.days:
            with tempfile.TemporaryDirectory() as work:
                case = ou.prepare(source, day, seed, Path(work) / "folders")
                for name in rules:
                    one = one_rule(case, name, Path(work) / name)
                    harness.say(f"seed {seed}, day {day}, {name}: {one}")
                    for (kind, part), value in one.items():
                        found.setdefault(f"{kind}_{name}_day{day}{part}", []).append(value)
    figures = _figures(found, rules, options.given.days)
    files = [next(source.glob(f"{name}.csv*")) for name in ou.FILES]
    return harness.Measured(figures, seeds, harness.digest_of_files(files))


def _figures(
    found: dict[str, list[float]], rules: Sequence[str], days: Sequence[int]
) -> dict[str, float]:
    figures = {key: float(np.mean(values)) for key, values in found.items()}
    if all(len(values) > 1 for values in found.values()):
        figures |= {f"{key}_sd": float(np.std(v, ddof=1)) for key, v in found.items()}
    for day in days:
        for name in rules:
            for part, word in (("", ""), ("_worst", "worst_")):
                own = np.array(found[f"auc_{name}_day{day}{part}"])
                plain = np.array(found[f"auc_mean_day{day}{part}"])
                figures[f"gain_{word}{name}_day{day}"] = float(np.mean(own - plain))
    return figures


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=ou.SEEDS)
    parser.add_argument("--days", type=int, nargs="+", default=ou.DAYS)
    parser.add_argument("--rules", nargs="+", choices=RULES, default=list(RULES))


if __name__ == "__main__":
    sys.exit(harness.main("rules", measure, add_arguments=_arguments, needs_data=True))
