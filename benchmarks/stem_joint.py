"""The joint run of scenario 3, for `benchmarks.stem`: sites with sequences and sites with short answers in one
federation, against each by itself under the same settings.

Twenty sites ask for the next answer (ASSISTments 2009), three judge short answers in five ways and say whether they
are right (Beetle); the people are different ones. A next answer is read off the sequence by a row of each skill, so it
has no head in common with "is the short answer right", and what the two kinds of sites share is nothing: `tracing_same`
is 1 where the parts of the sequences have the same bytes in both. What the two tasks of the answers do to each other is
in the differences: positive ones are gains of the joint run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks import stem_answers
from benchmarks.pieces import whole
from worker.learning import simulate
from worker.learning.data.folder import digest_of_records
from worker.learning.data.records import SiteData
from worker.learning.evaluate import quality
from worker.learning.own import Modules
from worker.protocol.manifest import ModelSpec, Training
from worker.protocol.tasks import TaskSheet

RIGHT, WAYS_TASK, NEXT = "correct-answer", stem_answers.TASK, "next-answer"
Sites = Mapping[str, SiteData]


def cases(source: Path, place: Path) -> dict[str, dict[str, SiteData]]:
    """Figure to the sites with both tasks of the short answers, whose test is that official part."""
    return stem_answers.cases(source, place, stem_answers.WAYS["apart"], (WAYS_TASK, RIGHT))


@dataclass(frozen=True)
class Settings:
    """The same for the joint run and for those it is held against."""

    model: ModelSpec
    training: Training
    rounds: int
    seed: int

    def plan(self, sheets: Sequence[TaskSheet]) -> simulate.Plan:
        text = stem_answers.MODEL.text
        more = {"seed": self.seed, "text": text, "layers": 0, "adapter_layers": 0}
        spec = self.model.model_copy(update=more)
        return simulate.Plan(tuple(sheets), spec, self.training, self.rounds, seed=self.seed)


@dataclass(frozen=True)
class Trained:
    """A model of some of the tasks."""

    plan: simulate.Plan
    modules: Modules
    folders: simulate.Folders

    def judged(self, sites: Sites, task: str) -> float:
        parts = [
            simulate.judged(self.plan, self.modules, _only(data, (task,)), self.folders)[task]
            for data in sites.values()
        ]
        return quality.value(whole(parts)) or 0.0


def trained(
    settings: Settings, sites: Sites, names: Sequence[str], folders: simulate.Folders
) -> Trained:
    plan = settings.plan([_sheet(sites, name) for name in names])
    some = {site: _only(data, names) for site, data in sites.items()}
    result = simulate.run(plan, some, folders, measure=lambda number: False)
    return Trained(plan, result.modules, folders)


def one_seed(
    tracing: Sites, answers: Mapping[str, Sites], settings: Settings, folders: simulate.Folders
) -> dict[str, float]:
    """`answers`: as `cases` gives them."""
    some = next(iter(answers.values()))
    joint = trained(settings, {**tracing, **some}, (NEXT, WAYS_TASK, RIGHT), folders)
    traced = trained(settings, tracing, (NEXT,), folders)
    found = {
        "tracing_same": float(_same(joint.modules, traced.modules)),
        "joint_auc_tracing": joint.judged(tracing, NEXT),
    }
    for task, said in ((WAYS_TASK, "f1"), (RIGHT, "auc")):
        alone = trained(settings, some, (task,), folders)
        for name, sites in answers.items():
            figure = f"{said}_{name.removeprefix('f1_')}"
            both = joint.judged(sites, task)
            found |= {
                f"joint_{figure}": both,
                f"joint_gain_{figure}": both - alone.judged(sites, task),
            }
    return found


def _sheet(sites: Sites, task: str) -> TaskSheet:
    return next(data.tasks[task].sheet for data in sites.values() if task in data.tasks)


def _only(data: SiteData, names: Sequence[str]) -> SiteData:
    tasks = {name: task for name, task in data.tasks.items() if name in names}
    return SiteData(tasks, digest_of_records(tasks))


def _same(one: Modules, other: Modules) -> bool:
    """Whether every part that the sequences train holds the same numbers."""
    names = [name for name in other if name in (f"head/{NEXT}", "encoder/events")]
    return len(names) == 2 and all(
        np.array_equal(one[name][tensor], array)
        for name in names
        for tensor, array in other[name].items()
    )
