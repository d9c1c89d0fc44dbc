"""Do tasks of a site pull apart, and does it pay to mend it? `python -m benchmarks.conflict --json --data DIR`.

The four scores of scenario LANG's speech sites, trained together in three ways: as the product does (the plain sum of
the losses); each task's gradient in the shared parts cleared of what points against another's (PCGrad, Yu et al.,
NeurIPS 2020, arXiv 2001.06782, algorithm 1); weighted by uncertainty (Kendall et al., CVPR 2018, arXiv 1705.07115)
with each task's variance at its best for the batch, where the loss becomes the sum of logarithms.

The test part is not read: seed k holds out every fifth speaker of the train part, from the k-th on, at every site.
`pcc_*` is the mean PCC of the four scores over them; `apart` the share of pairs of tasks in a step whose gradients in
the shared parts point apart under the plain sum.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from benchmarks import harness, lang
from worker.learning import simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData
from worker.learning.model.batch import Batch
from worker.learning.model.network import Network

FOLDS = 5
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
        each = [plain(self, [batch], training=training, mixup=mixup) for batch in batches]
        whole = torch.stack(each)
        if not training or len(each) < 2:
            return whole.sum()
        if way == "uncertainty":
            return whole.log().sum()
        shared = [p for name, p in self.parameters() if not name.startswith("head/")]
        gradients = flat(each, shared)
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


def one_seed(data: Path, seed: int, place: Path) -> dict[str, float]:
    heard, sheets = lang.speech(data / "speechocean762", place / "speech")
    sites = {name: held_out(one, seed) for name, one in heard.items()}
    folders = simulate.Folders(place / f"work-{seed}", cache=place / "states")
    plan, found = lang.plan_of(sheets, seed, text=None), {}
    for way in ("plain", "projected", "uncertainty"):
        seen = Seen()
        with trained(way, seen):
            result = simulate.run(plan, sites, folders, measure=lambda number: False)
        scores = lang.judged(plan, result.modules, sites, folders)
        found[f"pcc_{way}"] = float(np.mean(list(scores.values())))
        if seen.pairs:
            found["apart"] = seen.apart / seen.pairs
        harness.say(f"seed {seed}, {way}: {scores}")
    return found


def measure(options: harness.Options) -> harness.Measured:
    return lang.over_seeds(options, one_seed)


if __name__ == "__main__":
    sys.exit(harness.main("conflict", measure, add_arguments=lang.arguments, needs_data=True))
