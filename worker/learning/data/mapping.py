"""One task sheet against one folder: which rows and columns serve it, and as which numbers."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from worker.learning.data import arrays, groupings, sequences
from worker.learning.data.consent import Excluded
from worker.learning.data.document import nearest
from worker.learning.data.findings import Fault, Fit
from worker.learning.data.fitness import fit, unfit
from worker.learning.data.records import TaskData
from worker.learning.data.rows import ASKED, SPLITS, Tables
from worker.learning.data.schema import DATASET, Dataset
from worker.learning.data.tables import Table
from worker.learning.data.view import View, picked
from worker.protocol.codes import Fitness
from worker.protocol.tasks import Input, TaskSheet
from worker.protocol.text import _


def map_sheet(
    folder: Path,
    dataset: Dataset,
    tables: Tables,
    split: dict[str, str],
    sheet: TaskSheet,
    excluded: Mapping[str, Excluded],
    *,
    asked: bool = False,
) -> tuple[TaskData | None, Fit, list[Fault]]:
    """The records that serve the sheet (None if the folder has none), how well, and what is wrong.

    `split` gives the part of every pseudonym; of those in `excluded` no row is used. The records are meaningless while
    a fault blocks. `asked`: with those whose answer is not known yet.
    """
    task = dataset.tasks.get(sheet.name)
    if task is None:
        reason = _("dataset.yaml lists no task {task}.").format(task=sheet.name)
        reason += nearest(sheet.name, list(dataset.tasks))
        return None, unfit(sheet, Fitness.NOT_LISTED, reason), []
    if task.kind != sheet.kind:
        what = _("Task {task} is {ours} here and {theirs} in the sheet.")
        said = what.format(task=sheet.name, ours=task.kind, theirs=sheet.kind)
        fault = Fault(DATASET, None, task.label, said, _("Set `kind` as the sheet has it."))
        return None, unfit(sheet, Fitness.OTHER_KIND, said), [fault]
    table = tables.get(dataset.file_of(task))
    if table is None or (sheet.kind != "next_answer" and task.label not in table.columns):
        return None, unfit(sheet, Fitness.NO_LABEL, _("Its label cannot be read.")), []
    view = View(dataset, task, sheet, table, folder)
    _gather(view, tables)
    if not view.cells:
        reason = _("The folder offers none of its inputs.")
        return None, unfit(sheet, Fitness.NO_INPUT, reason), view.faults
    return _build(view, tables, split, excluded, asked)


def _gather(view: View, tables: Tables) -> None:
    names = [i.name for i in view.sheet.inputs]
    names += [f"{i.name}.{c.name}" for i in view.sheet.inputs for c in i.columns]
    others = [one.name for one in view.sheet.groupings]
    for name in [*view.task.inputs, *view.task.values]:
        if name not in names and not (name in others and name in view.task.values):
            what = _("Task {task}: the sheet has no input {name}.")
            fix = _("Remove or correct it.") + nearest(name, names)
            view.fault(None, what.format(task=view.sheet.name, name=name), fix, blocks=False)
    for wanted in view.sheet.inputs:
        if wanted.kind == "events":
            sequences.gather(view, tables, wanted)
            continue
        column = view.task.inputs.get(wanted.name, wanted.name)
        if column is None:
            continue
        cells = _cells(view, tables, wanted, column)
        if cells is not None:
            view.cells[wanted.name] = cells
            view.columns[wanted.name] = column


def _cells(view: View, tables: Tables, wanted: Input, column: str) -> list[str] | None:
    if column == view.task.label:
        what = _("Task {task}: the label is also the input {name}.")
        said = what.format(task=view.sheet.name, name=wanted.name)
        view.fault(column, said, _("Map the input to another column, or to nothing."))
        return None
    place = view.dataset.place_of(column)
    if place is None:
        if wanted.name in view.task.inputs:
            known = [c for m in view.dataset.modalities for c in m.columns]
            what = _("Task {task}: no modality lists the column {column} for input {name}.")
            said = what.format(task=view.sheet.name, column=column, name=wanted.name)
            view.fault(column, said, _("List or correct it.") + nearest(column, known))
        return None
    if place.kind == "events":
        if wanted.name in view.task.inputs:
            what = _("Task {task}: column {column} for input {name} is one of events.")
            said = what.format(task=view.sheet.name, column=column, name=wanted.name)
            view.fault(column, said, _("Map it to another column, or make it an input of events."))
        return None
    if place.columns[column] != wanted.kind:
        what = _("Column {column} is {ours} here; input {name} of the sheet is {theirs}.")
        ours = place.columns[column]
        said = what.format(column=column, ours=ours, name=wanted.name, theirs=wanted.kind)
        view.fault(column, said, _("Correct the kind, or map the input to another column."))
        return None
    other = tables.get(place.file)
    if other is None or column not in other.columns:
        return None
    return other.columns[column] if other is view.table else _joined(view, other, column)


def _joined(view: View, other: Table, column: str) -> list[str] | None:
    """For each record the cell of the row with the same key; "" where there is none."""
    join = view.dataset.join
    if not (set(join) <= set(other.columns) and set(join) <= set(view.table.columns)):
        return None
    theirs = zip(*(other.columns[c] for c in join), strict=True)
    found = dict(zip(theirs, other.columns[column], strict=True))
    ours = zip(*(view.table.columns[c] for c in join), strict=True)
    return [found.get(key, "") for key in ours]


def _build(
    view: View,
    tables: Tables,
    split: dict[str, str],
    excluded: Mapping[str, Excluded],
    asked: bool,
) -> tuple[TaskData | None, Fit, list[Fault]]:
    label, dropped, keep = arrays.labels(view)
    unknown = arrays.bare(view) & asked
    keep = (keep | unknown) & _of_those_who_may(view, excluded, dropped)
    empty = np.array([not any(row) for row in zip(*view.cells.values(), strict=True)], dtype=bool)
    if empty.any() and (keep & empty).any():
        dropped[_("no input has a value")] = int((keep & empty).sum())
        keep = keep & ~empty
    given = sequences.pieces(view, [int(i) for i in np.flatnonzero(keep)])
    rows = [row for row, _start, _end in given]
    students = picked(view.table.columns.get(view.dataset.student, []), rows)
    data = TaskData(
        sheet=view.sheet,
        numeric=arrays.numeric(view, rows),
        categorical=arrays.categorical(view, rows),
        text=arrays.text(view, rows),
        label=label[rows],
        student=_strings(students),
        class_code=_strings(picked(view.table.columns.get(view.dataset.class_column, []), rows)),
        term=_strings(picked(view.table.columns.get(view.dataset.term, []), rows)),
        events=sequences.read(view, tables, given),
        media=arrays.media(view, rows),
        split=_strings(
            [
                ASKED if unknown[row] else split.get(who, SPLITS[0])
                for row, who in zip(rows, students, strict=True)
            ]
        ),
        groupings=groupings.read(view, rows),
    )
    return data, fit(view, data, dropped, rows), view.faults


def _of_those_who_may(
    view: View, excluded: Mapping[str, Excluded], dropped: dict[str, int]
) -> npt.NDArray[np.bool_]:
    """Row by row; who may not is counted in `dropped`, by reason."""
    students = view.table.columns.get(view.dataset.student, [""] * view.table.rows)
    reasons = [excluded.get(who) for who in students]
    for reason, count in sorted(Counter(one for one in reasons if one is not None).items()):
        dropped[reason.sentence] = count
    return np.array([reason is None for reason in reasons], dtype=bool)


def _strings(cells: list[str]) -> npt.NDArray[np.str_]:
    return np.array(cells, dtype=np.str_) if cells else np.empty(0, dtype="<U1")
