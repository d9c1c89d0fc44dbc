"""The joint run of scenario 3, for `benchmarks.stem`: sites with sequences and sites with short answers in one
federation, against each by itself under the same settings.

Twenty sites ask for the next answer (ASSISTments 2009), three judge short answers in five ways and say whether they
are right (Beetle); the people are different ones. A next answer is read off the sequence by a row of each skill, so it
has no head in common with "is the short answer right", and what the two kinds of sites share is nothing: `tracing_same`
is 1 where the parts of the sequences have the same bytes in both. What the two tasks of the answers do to each other is
in the differences: positive ones are gains of the joint run.
"""

from collections.abc import Mapping
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


def one_seed(
    tracing: Sites,
    answers: Mapping[str, Sites],
    seed: int,
    folders: simulate.Folders,
    model: ModelSpec,
    training: Training,
    rounds: int,
) -> dict[str, float]:
    """`answers`: as `cases` gives them."""
    some = next(iter(answers.values()))
    sheets = [_sheet(tracing, NEXT), _sheet(some, WAYS_TASK), _sheet(some, RIGHT)]
    spec = model.model_copy(
        update={"seed": seed, "text": stem_answers.MODEL.text, "layers": 0, "adapter_layers": 0}
    )

    def trained(sites: Sites, names: tuple[str, ...]) -> tuple[simulate.Plan, Modules]:
        tasks = tuple(sheet for sheet in sheets if sheet.name in names)
        plan = simulate.Plan(tasks, spec, training, rounds, seed=seed)
        some = {name: _only(data, names) for name, data in sites.items()}
        return plan, simulate.run(plan, some, folders, measure=lambda number: False).modules

    def judged(given: tuple[simulate.Plan, Modules], sites: Sites, task: str) -> float:
        plan, modules = given
        parts = [
            simulate.judged(plan, modules, _only(data, (task,)), folders)[task]
            for data in sites.values()
        ]
        return quality.value(whole(parts)) or 0.0

    joint = trained({**tracing, **some}, (NEXT, WAYS_TASK, RIGHT))
    alone = {
        NEXT: trained(tracing, (NEXT,)),
        **{t: trained(some, (t,)) for t in (WAYS_TASK, RIGHT)},
    }
    found = {"tracing_same": float(_same(joint[1], alone[NEXT][1]))}
    found["joint_auc_tracing"] = judged(joint, tracing, NEXT)
    for name, sites in answers.items():
        part = name.removeprefix("f1_")
        for task, said in ((WAYS_TASK, "f1"), (RIGHT, "auc")):
            both, one = judged(joint, sites, task), judged(alone[task], sites, task)
            found |= {f"joint_{said}_{part}": both, f"joint_gain_{said}_{part}": both - one}
    return found


def _sheet(sites: Sites, task: str) -> TaskSheet:
    return next(data.tasks[task].sheet for data in sites.values() if task in data.tasks)


def _only(data: SiteData, names: tuple[str, ...]) -> SiteData:
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
