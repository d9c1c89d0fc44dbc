"""The models a site has for each task, and the one it uses: shared, its own near the shared one, or trained alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.learning.data.records import SiteData
from worker.learning.data.rows import ASKED
from worker.learning.evaluate import answers, paired
from worker.learning.evaluate.predict import as_one, judge, predict
from worker.learning.evaluate.quality import Judged
from worker.learning.model.network import Network
from worker.learning.own import Modules
from worker.learning.personalization import gate, students
from worker.learning.personalization.students import Levels
from worker.learning.training import alone, class_parts, personal
from worker.learning.training.batches import Rows, Source
from worker.learning.training.class_parts import Class, Floats, OwnPart
from worker.learning.training.desk import Desk
from worker.learning.training.frozen import ProgressHook
from worker.protocol.codes import Change, Chosen, ClassUse
from worker.protocol.manifest import Manifest
from worker.protocol.update import ClassOutcomes, MetricsAnswer, PersonalChoice, TaskMetrics

FEWEST_CLASSES = 3
"""Counts over fewer classes would tell of one of them."""


@dataclass(frozen=True)
class Places:
    """`cache`: of the site; `own`: what is its own in this run."""

    cache: Path
    own: Path


@dataclass(frozen=True)
class InUse:
    """`chosen`: by task; a task that is not there uses the shared model. `classes`: by task, what classes have of
    their own. `levels`: by task, where a student's known records move what is said of her others."""

    networks: Mapping[Chosen, Network]
    chosen: Mapping[str, Chosen] = field(default_factory=dict)
    classes: Mapping[str, Mapping[Class, OwnPart]] = field(default_factory=dict)
    levels: Mapping[str, Levels] = field(default_factory=dict)

    def model(self, task: str) -> Chosen:
        return self.chosen.get(task, Chosen.SHARED)

    def network(self, task: str) -> Network:
        """But for what its classes have of their own and its students' levels."""
        return self.networks[self.model(task)]

    def use(self, task: str, key: Class) -> ClassUse:
        own = self.classes.get(task, {}).get(key)
        return ClassUse.INSTITUTION if own is None else own.use

    def predict(self, source: Source, rows: Rows, on_progress: ProgressHook) -> Floats:
        """As `evaluate.predict`, each record by what its class uses."""
        name, data = source.data.sheet.name, source.data
        found = predict(self.network(name), source, rows, on_progress)
        for (code, term), own in self.classes.get(name, {}).items():
            inside = (data.class_code[rows] == code) & (data.term[rows] == term)
            if inside.any():
                found[inside] = predict(own.network, source, rows[inside], on_progress)
        return found

    def asked(
        self, source: Source, rows: Rows, on_progress: ProgressHook
    ) -> tuple[Floats, npt.NDArray[np.int64]]:
        """Predictions of records whose answer is not known yet, moved by the known ones of the same student, where
        that helps; and how many of those there were, (n,)."""
        data, levels = source.data, self.levels.get(source.data.sheet.name)
        plain = self.predict(source, rows, on_progress)
        none = np.zeros(len(rows), np.int64)
        same = np.isin(data.student, data.student[rows]) & (data.split != ASKED)
        if levels is None or not same.any():
            return plain, none
        seen = np.flatnonzero(same)
        known = judge(source, seen, self.predict(source, seen, on_progress))
        moved = students.predict(levels, known, judge(source, rows, plain))
        names, counts = np.unique(known.student, return_counts=True)
        counted = dict(zip(names.tolist(), counts.tolist(), strict=True))
        return moved.prediction, np.array([counted.get(one, 0) for one in data.student[rows]])

    def judged(self, source: Source, split: str, on_progress: ProgressHook) -> Judged:
        rows = source.rows(split)
        return judge(source, rows, self.predict(source, rows, on_progress))


def find(
    manifest: Manifest,
    desk: Desk,
    shared: Modules,
    data: SiteData,
    places: Places,
    on_progress: ProgressHook,
) -> InUse:
    """Trains what is not on disk yet. Without records to train on and to choose by, the shared model is all."""
    networks = {Chosen.SHARED: desk.network(shared)}
    if manifest.training.personal is None or not _can_choose(desk.sources):
        return InUse(networks)
    shelf = personal.Shelf(places.own, personal.work(manifest, shared, data))
    own = personal.state(desk, shared, manifest.training, shelf, on_progress)
    networks[Chosen.PERSONAL] = desk.network(own)
    networks[Chosen.ALONE] = alone.of(manifest, desk, data, places.cache, on_progress)
    hook = as_one(len(networks) * _records(desk.sources, "validation"), on_progress)
    chosen = {source.data.sheet.name: _choose(networks, source, hook) for source in desk.sources}
    before = InUse(networks, chosen)
    classes = {
        source.data.sheet.name: class_parts.find(
            before.network(source.data.sheet.name), source, on_progress
        )
        for source in desk.sources
    }
    return _with_levels(replace(before, classes=classes), desk, on_progress)


def _with_levels(found: InUse, desk: Desk, on_progress: ProgressHook) -> InUse:
    levels: dict[str, Levels] = {}
    for source in desk.sources:
        if students.serves(source.data.sheet):
            one = students.find(found.judged(source, "validation", on_progress))
            levels |= {source.data.sheet.name: one} if one else {}
    return replace(found, levels=levels)


def told(found: InUse, desk: Desk, minimum_cell: int, on_progress: ProgressHook) -> MetricsAnswer:
    """What the choices did, on the test split: the chosen model's figures, and whether it helped."""
    figures: list[TaskMetrics] = []
    choices: list[PersonalChoice] = []
    judged = [
        source
        for source in desk.sources
        if len(source.rows("test")) >= minimum_cell and source.data.sheet.name in found.chosen
    ]
    hook = as_one((len(found.networks) + 1) * _records(judged, "test"), on_progress)
    for source in judged:
        name = source.data.sheet.name
        every = {
            model: said(network, source, "test", hook) for model, network in found.networks.items()
        }
        ours = found.judged(source, "test", hook)
        figure = answers.metrics(ours, minimum_cell)
        if figure is None:
            continue
        figures.append(figure)
        choices.append(
            PersonalChoice(
                task=name,
                model=found.chosen[name],
                against_shared=paired.change(ours, every[Chosen.SHARED]),
                against_alone=paired.change(ours, every[Chosen.ALONE]),
                classes=_classes(found, source, ours, every[found.chosen[name]], minimum_cell),
                students=_students(found, ours),
            )
        )
    return MetricsAnswer(personal=tuple(figures), choices=tuple(choices))


def _classes(
    found: InUse, source: Source, ours: Judged, before: Judged, minimum_cell: int
) -> ClassOutcomes | None:
    """Of the classes with enough records to have something of their own, and a cell of test records."""
    data, rows = source.data, source.rows("test")
    changes, uses = [], []
    for code, term in class_parts.eligible(source):
        inside = (data.class_code[rows] == code) & (data.term[rows] == term)
        if int(inside.sum()) >= minimum_cell:
            changes.append(paired.change(ours.pick(inside), before.pick(inside)))
            uses.append(found.use(data.sheet.name, (code, term)))
    if len(changes) < FEWEST_CLASSES or data.sheet.kind == "next_answer":
        return None
    return ClassOutcomes(
        **{one.value: changes.count(one) for one in Change},
        heads=uses.count(ClassUse.HEAD),
        adapters=uses.count(ClassUse.ADAPTER),
    )


def _students(found: InUse, ours: Judged) -> Change | None:
    """What its students' levels did to the second half of each one's test records; None: not used."""
    levels = found.levels.get(ours.sheet.name)
    if levels is None:
        return None
    known, asked = students.halves(ours.student)
    before = ours.pick(asked)
    return paired.change(students.predict(levels, ours.pick(known), before), before)


def _choose(
    networks: Mapping[Chosen, Network], source: Source, on_progress: ProgressHook
) -> Chosen:
    held = {model: said(one, source, "validation", on_progress) for model, one in networks.items()}
    losses = {model: paired.losses(judged) for model, judged in held.items()}
    return gate.choose(losses, held[Chosen.SHARED].student)


def said(network: Network, source: Source, split: str, on_progress: ProgressHook) -> Judged:
    """What a model says of one split, beside the labels."""
    rows = source.rows(split)
    return judge(source, rows, predict(network, source, rows, on_progress))


def _records(given: Sequence[Source], split: str) -> int:
    return sum(len(source.rows(split)) for source in given)


def _can_choose(given: Sequence[Source]) -> bool:
    return all(any(len(s.rows(split)) for s in given) for split in ("train", "validation"))
