"""A round with a text model of BERT-base's size, on a graphics card and on the processor of the same machine.

`python -m benchmarks.gpu --json --data DIR`. 12 layers, width 768, 12 heads, drawn weights (`gpu_model`): speed and
memory are those of such a model, scores are not, so none is told. ELLIPSE essays cut at 424 tokens, seven traits, rank
8 in query and value, two epochs, batches of eight, float32, TensorFloat-32 off. The round is the product's own
`local.take_part` and `local.evaluate`, as a live job calls them, with an empty cache of frozen outputs.

Depths: `top`, the two top layers from cached outputs of the ten below; `all`, every layer. Parts: `few` essays on both
devices with the same seeds, `many` on the card alone; `few-again` repeats the first seed's round there. Every device
and depth is a process of its own.

Figures end with device and depth. `examples_per_s`: essays times epochs by the seconds of training; `features_per_s`:
essays by those of the frozen layers, held-out ones too; `round_examples_per_s`: essays times epochs by features and
training together; `evaluating_per_s`. `seconds_*`: of the whole phase. Of `cuda`, `many`; of `cpu`, `few`. Means over
seeds; `_sd`: their spread. `peak_gpu_mb`: torch's largest allocation; `peak_host_mb`: the process's largest resident
size. `update_difference_max`: the greatest difference of a number of the update, cuda against cpu, by the largest
number of its tensor; `update_difference_norm`: of the update as a vector; worst over seeds. `rows_moved_differ`: rows
that one device moved and the other did not. `repeats`: 1 where the repeated round gave the same bytes. `parts_*`: the
same differences for a small model of every other modality (`gpu_parts`).

Without a card it says so and ends with 3; `--cpu-only` measures the processor alone.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import gpu_model, gpu_site, harness
from benchmarks import site_speed as essays

DEPTHS = {"top": 2, "all": gpu_model.LAYERS}
NO_CARD = 3
Update = dict[str, np.ndarray[Any, Any]]
Figures = dict[str, float]


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    given, figures = options.given, Figures()
    devices = ("cpu",) if given.cpu_only else ("cuda", "cpu")
    with tempfile.TemporaryDirectory() as work:
        for depth in DEPTHS:
            for name in devices:
                told = _child(options, name, depth, Path(work) / f"{name}-{depth}")
                part = "many" if name == "cuda" else "few"
                figures |= _figures(told, part, f"{name}_{depth}")
            if not given.cpu_only:
                figures |= _compared(Path(work), depth, given.seeds)
        figures |= _parts(options, devices, Path(work))
    figures |= {"essays_cuda": given.many, "essays_cpu": given.few, "held_out": given.held_out}
    figures |= {"tokens_most": given.tokens, "batch": given.batch, "threads": given.threads}
    digest = harness.digest_of_files([essays._source(options.data)])
    return harness.Measured(figures, given.seeds, digest)


def _child(options: harness.Options, name: str, depth: str, out: Path) -> dict[str, Any]:
    given = options.given
    layers = min(DEPTHS[depth], given.size[0])
    parts = ["few", "many", "few-again"] if name == "cuda" else ["few"]
    asked = ["--child", "--out", str(out), "--adapted", str(layers), "--parts", *parts]
    for option in ("few", "many", "held_out", "tokens", "batch"):
        asked += [f"--{option.replace('_', '-')}", str(getattr(given, option))]
    asked += ["--seeds", *map(str, given.seeds), "--size", *map(str, given.size)]
    told = _run([*asked, "--data", str(options.data)], name, given.threads)
    for one in told["rounds"]:
        harness.say(
            f"{name} ({told['device']}), {depth}: "
            + ", ".join(
                f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in one.items()
            )
        )
    return told


def _run(asked: Sequence[str], name: str, threads: int) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu", *asked],
        env=gpu_site.environment(name, threads),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _figures(told: dict[str, Any], part: str, end: str) -> Figures:
    rounds = [one for one in told["rounds"] if one["part"] == part]
    of: dict[str, list[float]] = {}
    for one in rounds:
        seen, texts = one["essays"] * gpu_site.EPOCHS, one["essays"] + one["held_out"]
        frozen = one["features_s"] + one["evaluating_features_s"]
        rates = {
            "examples_per_s": seen / one["training_s"],
            "features_per_s": texts / frozen,
            "round_examples_per_s": seen / (one["features_s"] + one["training_s"]),
            "evaluating_per_s": one["held_out"] / one["evaluating_s"],
        }
        phases = ("loading_s", "features_s", "training_s", "evaluating_features_s", "evaluating_s")
        rates |= {f"seconds_{phase.removesuffix('_s')}": one[phase] for phase in phases}
        for key, value in rates.items():
            of.setdefault(f"{key}_{end}", []).append(value)
    figures = {key: float(np.mean(values)) for key, values in of.items()}
    if len(rounds) > 1:
        figures |= {f"{key}_sd": float(np.std(values, ddof=1)) for key, values in of.items()}
    figures[f"peak_host_mb_{end}"] = told["peak_host_mb"]
    if any(one["peak_gpu_mb"] for one in rounds):
        figures[f"peak_gpu_mb_{end}"] = max(one["peak_gpu_mb"] for one in rounds)
    return figures


def _compared(work: Path, depth: str, seeds: Sequence[int]) -> Figures:
    pairs = [
        (_update(work / f"cuda-{depth}", f"few-{s}"), _update(work / f"cpu-{depth}", f"few-{s}"))
        for s in seeds
    ]
    figures = {f"{key}_{depth}": value for key, value in differences(pairs).items()}
    first = _update(work / f"cuda-{depth}", f"few-{seeds[0]}")
    again = _update(work / f"cuda-{depth}", f"few-again-{seeds[0]}")
    return figures | {f"repeats_{depth}": int(_same(first, again))}


def differences(pairs: Sequence[tuple[Update, Update]]) -> Figures:
    """Of updates from their references, the worst of all pairs."""
    most, norm, rows = [], [], 0
    for found, wanted in pairs:
        assert found.keys() == wanted.keys()
        gaps = {name: np.abs(found[name].astype(float) - wanted[name]) for name in wanted}
        sizes = {name: float(np.abs(array).max(initial=0.0)) for name, array in wanted.items()}
        most.append(
            max(float(gaps[n].max(initial=0.0)) / size for n, size in sizes.items() if size)
        )
        apart = sum(float(np.square(gap).sum()) for gap in gaps.values())
        whole = sum(float(np.square(array.astype(float)).sum()) for array in wanted.values())
        norm.append((apart / whole) ** 0.5)
        rows += sum(int((_moved(found[n]) != _moved(wanted[n])).sum()) for n in wanted)
    return {
        "update_difference_max": max(most),
        "update_difference_norm": max(norm),
        "rows_moved_differ": rows,
    }


def _moved(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What the hub averages as one: a row of a matrix, or a whole vector."""
    flat = array.reshape(len(array), -1) if array.ndim > 1 else array.reshape(1, -1)
    moved: np.ndarray[Any, Any] = (flat != 0).any(axis=1)
    return moved


def _update(folder: Path, name: str) -> Update:
    with np.load(folder / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def _same(one: Update, other: Update) -> bool:
    return one.keys() == other.keys() and all(
        one[name].tobytes() == other[name].tobytes() for name in one
    )


def _parts(options: harness.Options, devices: Sequence[str], work: Path) -> Figures:
    """A small model of every other modality, on each device."""
    for name in devices:
        _run(
            ["--child", "--of-parts", "--out", str(work / f"parts-{name}")],
            name,
            options.given.threads,
        )
    if len(devices) < 2:
        return {}
    found, wanted = (_update(work / f"parts-{name}", "parts") for name in devices)
    figures = {f"parts_{k}": v for k, v in differences([(found, wanted)]).items()}
    again = _update(work / f"parts-{devices[0]}", "parts-again")
    return figures | {"parts_repeats": int(_same(found, again))}


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--cpu-only", action="store_true", help="measure the processor alone")
    parser.add_argument("--seeds", type=int, nargs="+", default=(1, 2, 3))
    parser.add_argument("--few", type=int, default=16, help="essays learnt from on both devices")
    parser.add_argument("--many", type=int, default=256, help="essays learnt from on the card")
    parser.add_argument("--held-out", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=424, help="where an essay is cut")
    parser.add_argument("--batch", type=int, default=8)
    size = (gpu_model.LAYERS, gpu_model.WIDTH, gpu_model.HEADS)
    parser.add_argument(
        "--size", type=int, nargs=3, default=size, metavar=("LAYERS", "WIDTH", "HEADS")
    )
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    for name in ("--child", "--of-parts"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--adapted", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--parts", nargs="+", help=argparse.SUPPRESS)


def _begin() -> int:
    if "--child" in sys.argv:
        return _as_child()
    if "--cpu-only" not in sys.argv and "--help" not in sys.argv:
        import torch

        if not torch.cuda.is_available():
            harness.say(
                f"gpu needs a graphics card that torch {torch.__version__} can use, and there is none: run it where"
                " there is one, or with --cpu-only for the processor alone."
            )
            return NO_CARD
    return harness.main("gpu", measure, add_arguments=_arguments, needs_data=True)


def _as_child() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    _arguments(parser)
    given = parser.parse_args()
    if given.of_parts:
        from benchmarks import gpu_parts

        gpu_parts.run(given.out)
    else:
        gpu_site.run(given)
    return 0


if __name__ == "__main__":
    sys.exit(_begin())
