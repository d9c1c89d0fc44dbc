"""Do tasks of a site pull apart, and does it pay to mend it? `python -m benchmarks.conflict --json --data DIR`.

Tasks on the same records, trained together in three ways: by the plain sum of the losses; each task's gradient in the
shared parts cleared of what points against another's (PCGrad, Yu et al., NeurIPS 2020, arXiv 2001.06782, algorithm 1);
weighted by uncertainty (Kendall et al., CVPR 2018, arXiv 1705.07115) with each task's variance at its best for the
batch, where the loss becomes half the sum of logarithms (arXiv 2408.07985). Federations of scenario LANG: the four
scores of its speech sites; the same with a fifth task that asks something else of the recording (the reader's age); the
seven traits of its essay sites; and both kinds of sites in one. What sites of different kinds ask of the shared parts
meets in the hub's mean, which no way here touches.

No test part is read. Of speech, seed k holds out every fifth speaker of the train part, from the k-th on, at every
site; of essays, the validation part of the seed's split is judged. `pcc_*` is the mean PCC of the four scores, `age_*`
that of the age, `mcrmse_*` the mean error of the traits; `gain_*` what a way is better by than the plain sum in the
same seed (positive: better); `apart_*` the share of pairs of tasks in a step whose gradients in the shared parts point
apart under the plain sum.
"""

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import numpy as np
import torch

from benchmarks import harness, lang
from benchmarks.pieces import KEY, text_model
from worker.learning import simulate
from worker.learning.data.folder import digest_of_records, load
from worker.learning.data.importers.speechocean import SPEECHOCEAN
from worker.learning.data.records import SiteData
from worker.learning.model.batch import Batch
from worker.learning.model.network import Network
from worker.protocol.tasks import TaskSheet

FOLDS = 5
AGE = "speech-age"
SITES = ("speech", "age", "essays", "both")
WAYS = ("plain", "pcgrad", "uncertainty")
KINDS = (
    ("pcc", tuple(f"speech-{score}" for score in lang.SCORES), 1),
    ("age", (AGE,), 1),
    ("mcrmse", lang.ESSAYS, -1),
)
"""Figure, its tasks, and whether more of it is better."""
Vectors = list[torch.Tensor]


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
def watched(way: str, seen: Seen) -> Iterator[None]:
    """Within it, the plain sum is looked at, or uncertainty weighs the losses: neither is the product's."""
    plain = Network.losses

    def losses(
        self: Network, batches: Sequence[Batch], *, training: bool = True, mixup: float = 0.0
    ) -> torch.Tensor:
        found = plain(self, batches, training=training, mixup=mixup)
        if not training or len(batches) < 2 or way == "pcgrad":
            return found
        if way == "uncertainty":
            return found.log() / 2
        shared = [p for name, p in self.parameters() if not name.startswith("head/")]
        seen.look(flat(list(found), shared))
        return found

    with patch.object(Network, "losses", losses):
        yield


def with_age(data: Path, place: Path) -> tuple[lang.Sites, tuple[TaskSheet, ...]]:
    """The speech sites with a fifth task that asks something else of a recording: how old is who reads?"""
    imported = SPEECHOCEAN.run(data / "speechocean762", place, fairness_columns=True)
    plain = tuple(
        sheet.model_copy(
            update={"inputs": tuple(one for one in sheet.inputs if one.kind != "text")}
        )
        for sheet in imported.sheets
        if not sheet.name.endswith("-reference")
    )
    aged = next(s for s in imported.sheets if s.name == f"{plain[0].name}-reference")
    asked = plain[0].model_copy(update={"name": AGE, "label_mean": 0.0, "label_sd": 1.0})
    sites = {
        name: _asked(load(folder, (*plain, aged), pseudonym_key=KEY), plain[0], aged, asked)
        for name, folder in imported.folders.items()
    }
    return sites, (*plain, asked)


def _asked(site: SiteData, like: TaskSheet, aged: TaskSheet, asked: TaskSheet) -> SiteData:
    """With the age, an input of the sheet `aged`, as the answer of another task on the records of `like`."""
    tasks = dict(site.tasks)
    numbers = [one.name for one in aged.inputs if one.kind == "numeric"]
    label = tasks.pop(aged.name).numeric[:, numbers.index("age")]
    tasks[asked.name] = replace(tasks[like.name], sheet=asked, label=label)
    return SiteData(tasks, digest_of_records(tasks))


def federation(
    name: str, data: Path, seed: int, place: Path
) -> tuple[lang.Sites, tuple[TaskSheet, ...]]:
    if name == "age":
        heard, spoken = with_age(data, place / f"aged-{seed}")
        return {site: held_out(one, seed) for site, one in heard.items()}, spoken
    if name == "speech":
        heard, spoken = lang.speech(data / "speechocean762", place / "speech")
        return {site: held_out(one, seed) for site, one in heard.items()}, spoken
    if name == "essays":
        read, written = lang.essays(data / "ellipse", place / f"essays-{seed}", seed)
        return {site: chosen_by(one) for site, one in read.items()}, written
    (heard, spoken), (read, written) = (
        federation(one, data, seed, place / "both") for one in ("speech", "essays")
    )
    return {**heard, **read}, spoken + written


def one_seed(wanted: Sequence[str], data: Path, seed: int, place: Path) -> dict[str, float]:
    folders = simulate.Folders(place / f"work-{seed}", text_model(), cache=place / "states")
    found: dict[str, float] = {}
    for name in wanted:
        sites, sheets = federation(name, data, seed, place)
        reads = {} if any(one.name in lang.ESSAYS for one in sheets) else {"text": None}
        found |= _ways(name, sites, lang.plan_of(sheets, seed, **reads), folders)
    return found


def _ways(
    name: str, sites: lang.Sites, plan: simulate.Plan, folders: simulate.Folders
) -> dict[str, float]:
    found: dict[str, float] = {}
    for way in WAYS:
        seen, began = Seen(), time.perf_counter()
        training = plan.training.model_copy(
            update={"tasks_weighed": "pcgrad" if way == "pcgrad" else "sum"}
        )
        with watched(way, seen):
            result = simulate.run(
                replace(plan, training=training), sites, folders, measure=lambda number: False
            )
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
