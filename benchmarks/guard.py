"""Does the guard decide as its page says? `python -m benchmarks.guard --json`.

Every violation of the table alone and in pairs, then generated jobs: policies, kinds, tasks, models, what the site
remembers, and none to four violations, drawn by a seed. `wrong`: decisions other than those of the oracle, a slow
second reading of docs/guard.md. `allowed`: how many were let in. `judge_ms_p95`: of the guard, a signature included.
"""

import argparse
import random
import sys
import time
from copy import deepcopy
from itertools import combinations
from typing import Any

from benchmarks import harness
from benchmarks.guard_cases import allowed, decide, expect, seal
from benchmarks.guard_oracle import ALLOWED, Case
from benchmarks.guard_table import VIOLATIONS, Violation
from worker.protocol.canonical import digest_of

_KINDS = {
    "train": ["updates"],
    "evaluate": ["metrics"],
    "baseline": ["metrics"],
    "personal": ["metrics"],
    "report": ["class_reports"],
    "switch-release": [],
}
_COLUMNS = (
    "hours",
    "essay",
    "answers",
    "skill",
    "passed",
    "topic",
    "first",
    "raceOrCaste",
    "religion",
)


def violated(*violations: Violation) -> Case:
    case = allowed()
    for one in violations:
        one.do(case)
    return case


def generated(draw: random.Random) -> Case:
    """A job as it might come: most of it as it should be."""
    case = allowed()
    job = case.manifest
    kind = draw.choice(list(_KINDS))
    case.kind = job["kind"] = kind
    job["leaves"] = draw.choice([_KINDS[kind], _KINDS[kind], []])
    job |= {"cohort": draw.randint(2, 30), "round": draw.randint(1, 6)}
    job["approved"] = draw.random() < 0.9
    _other_model(job, draw)
    if draw.random() < 0.8:
        case.first = deepcopy(job)
    else:
        case.first = None
    case.agreed = {"run_1": deepcopy(job)} if draw.random() < 0.9 else {}
    case.tier = draw.choice(["small", "medium", "large"])
    job["rank"] = draw.choice([None, 1, 2, 4])
    case.trained, case.gone = draw.choice([None, 1, 2, 3]), draw.random() < 0.3
    if draw.random() < 0.9:
        case.policy = _drawn_policy(case.policy or {}, draw)
        job["policy"] = draw.choice([None, digest_of(case.policy)])
    for one in draw.sample(VIOLATIONS, draw.choice([0, 0, 0, 0, 1, 1, 2, 3, 4])):
        one.do(case)
    return case


def _other_model(job: dict[str, Any], draw: random.Random) -> None:
    """Without a text model, without an adapter, or with ranks for tiers; another kind of task."""
    job["training"]["seed"] = draw.randint(1, 9)
    match draw.randint(0, 4):
        case 0:
            job["model"]["text"] = None
            gone = ("encoder/text", "adapter/text")
            if draw.random() < 0.7:
                job["modules"] = {n: part for n, part in job["modules"].items() if n not in gone}
        case 1:
            job["model"]["adapter_layers"] = 0
            if draw.random() < 0.7:
                job["modules"].pop("adapter/text")
        case 2:
            job["model"]["tiers"] = {"small": 2, "medium": 4, "large": 8}
        case 3:
            job["tasks"][0] |= {"kind": "regression", "labels": [], "metric": "rmse"}


def _drawn_policy(policy: dict[str, Any], draw: random.Random) -> dict[str, Any]:
    def some(every: list[str], chance: float) -> list[str]:
        return [one for one in every if draw.random() < chance]

    return policy | {
        "modalities": some(["table", "text", "image", "audio", "events"], 0.97),
        "task_kinds": some(["binary", "regression", "rubric"], 0.96),
        "purposes": some(["early-support", "feedback", "research"], 0.95),
        "blocked_inputs": some(list(_COLUMNS), 0.02),
        "minimum_cohort": draw.choice([2, 2, 3, 4]),
        "minimum_cell": draw.choice([5, 10, 10, 10, 10, 20]),
        "approval": draw.choice(["hub", "site"]),
        "protections": some(["noise", "secure-aggregation"], 0.03),
        "models": draw.choice([None, None, None, ["a" * 64], ["a" * 64], ["d" * 64]]),
        "leaves": {name: draw.random() < 0.93 for name in policy["leaves"]},
        "categories": some(["ethnicity", "religion"], 0.5),
        "abroad": draw.random() < 0.7,
        "bounds": policy["bounds"] | _drawn_bounds(draw),
    }


def _drawn_bounds(draw: random.Random) -> dict[str, Any]:
    return {
        "special": draw.choice([[], [], ["ethnicity"], ["religion", "recordings"]]),
        "never": draw.choice([[], [], [], ["emotion"], ["ethnicity"]]),
        "elements": draw.choice([None, None, None, None, ["hours", "essay"]]),
        "cross_border": draw.choice([None, None, "with-contract", "review", "deny"]),
        "area": draw.choice([[], ["DE", "FR"], ["DE", "FR", "AT"]]),
    }


def measure(options: harness.Options) -> harness.Measured:
    cases = [violated(one) for one in VIOLATIONS]
    cases += [violated(*pair) for pair in combinations(VIOLATIONS, 2)]
    table = len(cases)
    draw = random.Random(options.given.seed)
    cases += [generated(draw) for _ in range(options.given.count)]
    wrong, seconds, codes = 0, [], set()
    for case in cases:
        signed = seal(case)
        started = time.perf_counter()
        said = decide(case, signed)
        seconds.append(time.perf_counter() - started)
        right = expect(case, signed)
        codes.add(right)
        if said != right:
            wrong += 1
            harness.say(f"guard {said}, oracle {right}: {case}")
    allowed_in = sum(decide(case, seal(case)) == ALLOWED for case in cases[table:])
    figures = {
        "decisions": len(cases),
        "table_decisions": table,
        "wrong": wrong,
        "codes": len(codes - {ALLOWED}),
        "allowed": allowed_in,
        "judge_ms_p95": 1000 * sorted(seconds)[int(0.95 * len(seconds))],
    }
    return harness.Measured(figures, [options.given.seed])


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--count", type=int, default=10_000, help="generated jobs")
    parser.add_argument("--seed", type=int, default=1)


if __name__ == "__main__":
    sys.exit(harness.main("guard", measure, add_arguments=_arguments))
