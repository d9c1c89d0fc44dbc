"""Do tasks of a site pull apart, and does it pay to mend it? `python -m benchmarks.conflict --json --data DIR`.

Tasks on the same records, trained together in three ways: by the plain sum of the losses; each task's gradient in the
shared parts cleared of what points against another's (PCGrad, Yu et al., NeurIPS 2020, arXiv 2001.06782, algorithm 1);
weighted by uncertainty (Kendall et al., CVPR 2018, arXiv 1705.07115) with each task's variance at its best for the
batch, where the loss becomes half the sum of logarithms (arXiv 2408.07985). Three federations of scenario LANG: the
four scores of its speech sites, the seven traits of its essay sites, and both kinds of sites in one. What sites of
different kinds ask of the shared parts meets in the hub's mean, which no way here touches.

No test part is read. Of speech, seed k holds out every fifth speaker of the train part, from the k-th on, at every
site; of essays, the validation part of the seed's split is judged. `pcc_*` is the mean PCC of the four scores,
`mcrmse_*` the mean error of the traits; `gain_*` what a way is better by than the plain sum in the same seed (positive:
better); `apart_*` the share of pairs of tasks in a step whose gradients in the shared parts point apart under the
plain sum.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from benchmarks import harness, lang
from benchmarks.pieces import text_model
from worker.learning import simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData
from worker.learning.model.batch import Batch
from worker.learning.model.network import Network

FOLDS = 5
SITES = ("speech", "essays", "both")
WAYS = ("plain", "projected", "uncertainty")
KINDS = (
    ("pcc", tuple(f"speech-{score}" for score in lang.SCORES), 1),
    ("mcrmse", lang.ESSAYS, -1),
)
"""Figure, its tasks, and whether more of it is better."""
Vectors = list[torch.Tensor]
Way = Callable[[Sequence[torch.Tensor], Vectors], torch.Tensor]
"""(each task's loss, parameters) to what `backward` is called on."""


def held_out(data: SiteData, fold: int) -> SiteData:
    """Every fifth speaker of the train part becomes the test; the set's own test is not used."""
    made = {}
    for name, task in data.tasks.items():
        known = np.isin(task.split, ("train", "validation"))
        speakers = sorted(set(np.asarray(task.student)[known].tolist()))
        mine = np.isin(task.student, speakers[fold % FOLDS :: FOLDS])
        split = np.where(mine & known, "test", np.where(known, "train", "unused"))
        made[name] = replace(task, split=split)
    return SiteData(made, digest_of_records(made))


def chosen_by(data: SiteData) -> SiteData:
    """The validation part becomes the test; the set's own test is not used."""
    renamed = {"train": "train", "validation": "test", "test": "unused"}
    made = {
        name: replace(task, split=np.array([renamed[str(part)] for part in task.split]))
        for name, task in data.tasks.items()
    }
    return SiteData(made, digest_of_records(made))


def projected(gradients: Sequence[torch.Tensor]) -> torch.Tensor:
    """The sum over tasks, each gradient cleared of its part against the others', in an order drawn anew."""
    found = torch.zeros_like(gradients[0])
    for mine, gradient in enumerate(gradients):
        kept = gradient.clone()
        for other in torch.randperm(len(gradients)).tolist():
            against = torch.dot(kept, gradients[other])
            if other != mine and against < 0:
                kept -= against / gradients[other].square().sum() * gradients[other]
        found += kept
    return found


class Seen:
    """How many pairs of tasks there were in steps, and how many of them pulled apart."""

    def __init__(self) -> None:
        self.pairs = self.apart = 0

    def look(self, gradients: Sequence[torch.Tensor]) -> None:
        for place, one in enumerate(gradients):
            for other in gradients[:place]:
                self.pairs += 1
                self.apart += int(torch.dot(one, other) < 0)


def flat(losses: Sequence[torch.Tensor], shared: Vectors) -> list[torch.Tensor]:
    """Each task's gradient in the shared parts, as one vector."""
    made = []
    for loss in losses:
        found = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
        given = zip(found, shared, strict=True)
        made.append(
            torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in given])
        )
    return made


@contextmanager
def trained(way: str, seen: Seen) -> Iterator[None]:
    """Within it, `Network.loss` of several tasks is put together in this way."""
    plain = Network.loss

    def loss(
        self: Network, batches: Sequence[Batch], *, training: bool = True, mixup: float = 0.0
    ) -> torch.Tensor:
        if not training or len(batches) < 2:
            return plain(self, batches, training=training, mixup=mixup)
        self._pooled.clear()
        whole = torch.stack([self._loss(batch, training, mixup) for batch in batches])
        self._pooled.clear()
        if way == "uncertainty":
            return whole.log().sum() / 2
        shared = [p for name, p in self.parameters() if not name.startswith("head/")]
        gradients = flat(list(whole), shared)
        if way == "plain":
            seen.look(gradients)
            return whole.sum()
        change = projected(gradients) - torch.stack(gradients).sum(dim=0)
        sizes = [p.numel() for p in shared]
        pulled = zip(shared, change.split(sizes), strict=True)
        moved = torch.stack([(p * c.view_as(p)).sum() for p, c in pulled]).sum()
        return whole.sum() + moved - moved.detach()

    with patch.object(Network, "loss", loss):
        yield


def one_seed(wanted: Sequence[str], data: Path, seed: int, place: Path) -> dict[str, float]:
    heard, spoken = lang.speech(data / "speechocean762", place / "speech")
    read, written = lang.essays(data / "ellipse", place / f"essays-{seed}", seed)
    speech = {name: held_out(one, seed) for name, one in heard.items()}
    essays = {name: chosen_by(one) for name, one in read.items()}
    folders = simulate.Folders(place / f"work-{seed}", text_model(), cache=place / "states")
    given = {
        "speech": (speech, lang.plan_of(spoken, seed, text=None)),
        "essays": (essays, lang.plan_of(written, seed)),
        "both": ({**speech, **essays}, lang.plan_of(spoken + written, seed)),
    }
    found: dict[str, float] = {}
    for name in wanted:
        found |= _ways(name, *given[name], folders)
    return found


def _ways(
    name: str, sites: lang.Sites, plan: simulate.Plan, folders: simulate.Folders
) -> dict[str, float]:
    found: dict[str, float] = {}
    for way in WAYS:
        seen, began = Seen(), time.perf_counter()
        with trained(way, seen):
            result = simulate.run(plan, sites, folders, measure=lambda number: False)
        seconds = time.perf_counter() - began
        scores = lang.judged(plan, result.modules, sites, folders)
        for kind, tasks, sign in KINDS:
            own = [scores[task] for task in tasks if task in scores]
            if own:
                found[f"{kind}_{name}_{way}"] = float(np.mean(own))
                gain = sign * (np.mean(own) - found[f"{kind}_{name}_plain"])
                found |= {} if way == "plain" else {f"gain_{kind}_{name}_{way}": float(gain)}
        if seen.pairs:
            found[f"apart_{name}"] = seen.apart / seen.pairs
        harness.say(f"{name}, {way}, {seconds:.0f} s: {scores}; apart {seen.apart}/{seen.pairs}")
    return found


def measure(options: harness.Options) -> harness.Measured:
    return lang.over_seeds(options, partial(one_seed, options.given.sites))


def arguments(parser: argparse.ArgumentParser) -> None:
    lang.arguments(parser)
    parser.add_argument("--sites", nargs="+", choices=SITES, default=SITES)


if __name__ == "__main__":
    sys.exit(harness.main("conflict", measure, add_arguments=arguments, needs_data=True))
