"""Own models of sites and classes: tables of docs/decisions/0010. `python -m benchmarks.personal --json --data DIR`.

Four parts, each by `--parts`. The first three stand on the federation of `benchmarks.ou`, seven Open University
courses.

`classes`: what a class's own head, and its head and adapter, do on the model its course uses (`personal_classes`).
`gate`: rules by which a course chooses its model (`personal_gate`). `ways`: ways to make one, on the validation split
of the first seed at the last day (`personal_ways`). `schools`: how few validation records are enough
(`personal_schools`), on 139 schools.

Figures are means over seeds; those that begin with `classes_` and `courses_` are sums. AUC and log loss are of the test
split, which trained and chose nothing, except in `ways`, which chose what the product does.
"""

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness, ou, personal_classes, personal_gate, personal_schools, personal_ways
from benchmarks.personal_stage import staged

SEEDS = (11, 12, 13)
SCHOOL_SEEDS = (101, 1101)
PARTS = ("classes", "gate", "ways", "schools")
COUNTS = ("classes_", "courses_")


def one_case(source: Path, day: int, seed: int, parts: set[str]) -> dict[str, float]:
    """The parts on one federation."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as work, staged(source, day, seed, Path(work)) as stage:
        if parts & {"classes", "gate"}:
            used = {site: stage.in_use(site) for site in stage.desks}
            if "classes" in parts:
                figures |= personal_classes.measure(stage, used)
            if "gate" in parts:
                figures |= personal_gate.measure(stage, used)
        if "ways" in parts:
            figures |= personal_ways.measure(stage)
    return {f"{key}_day{day}": value for key, value in figures.items()}


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    given = options.given
    parts, files = set(given.parts), list[Path]()
    found: dict[str, list[float]] = {}
    on_courses = parts - {"schools"}
    if on_courses:
        source = options.data / "oulad"
        files += [next(source.glob(f"{name}.csv*")) for name in ou.FILES]
        for seed in given.seeds:
            for day in given.days:
                first = (seed, day) == (given.seeds[0], given.days[-1])
                asked = on_courses if first else on_courses - {"ways"}
                if asked:
                    _add(found, one_case(source, day, seed, asked), f"seed {seed}, day {day}")
    if "schools" in parts:
        files.append(options.data / "school" / "school.mat")
        for seed in given.school_seeds:
            one = personal_schools.measure(options.data / "school", seed)
            _add(found, one, f"schools, seed {seed}")
            found |= {f"{key}_seed{seed}": [value] for key, value in one.items()}
    figures = {
        key: sum(each) if key.startswith(COUNTS) else float(np.mean(each))
        for key, each in found.items()
    }
    for key, each in found.items():
        if len(each) > 1 and not key.startswith(COUNTS):
            figures[f"{key}_sd"] = float(np.std(each, ddof=1))
    seeds = (*given.seeds, *given.school_seeds) if "schools" in parts else tuple(given.seeds)
    return harness.Measured(figures, seeds, harness.digest_of_files(files))


def _add(found: dict[str, list[float]], one: dict[str, float], where: str) -> None:
    for key, value in one.items():
        found.setdefault(key, []).append(value)
    shown = (f"{key} {value:.4f}" for key, value in one.items() if not key.startswith(COUNTS))
    harness.say(f"{where}: {', '.join(shown)}")


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)
    parser.add_argument("--days", type=int, nargs="+", default=ou.DAYS)
    parser.add_argument("--school-seeds", type=int, nargs="+", default=SCHOOL_SEEDS)


if __name__ == "__main__":
    sys.exit(harness.main("personal", measure, add_arguments=_arguments, needs_data=True))
