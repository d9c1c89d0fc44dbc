"""One task sheet against one folder: which rows and columns serve it, and as which numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from gettext import gettext as _

import numpy as np
import numpy.typing as npt

from worker.learning.data.document import nearest
from worker.learning.data.findings import SHOWN, Fault, Fit, told
from worker.learning.data.records import Floats, Integers, TaskData
from worker.learning.data.rows import SPLITS, Tables
from worker.learning.data.schema import DATASET, Dataset, TaskMap
from worker.learning.data.tables import Table
from worker.learning.data.values import numbers
from worker.protocol.tasks import Input, TaskSheet

FAR_MEAN = 10.0
"""A site's mean this many standard deviations off is a hint at another unit, not at another school."""


@dataclass
class _View:
    """What is gathered while one sheet is mapped."""

    dataset: Dataset
    task: TaskMap
    sheet: TaskSheet
    table: Table
    faults: list[Fault] = field(default_factory=list)
    cells: dict[str, list[str]] = field(default_factory=dict)
    """Present input -> one cell per row of `table`, before any row drops out."""
    columns: dict[str, str] = field(default_factory=dict)

    def fault(self, column: str | None, what: str, fix: str, *, blocks: bool = True) -> None:
        self.faults.append(Fault(DATASET, None, column, what, fix, blocks))


def map_sheet(
    dataset: Dataset, tables: Tables, split: dict[str, str], sheet: TaskSheet
) -> tuple[TaskData | None, Fit, list[Fault]]:
    """The records that serve the sheet (None if the folder has none), how well, and what is wrong.

    `split` gives the part of every pseudonym. The records are meaningless while a fault blocks.
    """
    task = dataset.tasks.get(sheet.name)
    if task is None:
        reason = _("dataset.yaml lists no task {task}.").format(task=sheet.name)
        return None, _unfit(sheet, reason + nearest(sheet.name, list(dataset.tasks))), []
    if task.kind != sheet.kind:
        what = _("Task {task} is {ours} here and {theirs} in the sheet.")
        said = what.format(task=sheet.name, ours=task.kind, theirs=sheet.kind)
        fault = Fault(DATASET, None, task.label, said, _("Set `kind` as the sheet has it."))
        return None, _unfit(sheet, said), [fault]
    table = tables.get(dataset.file_of(task))
    if table is None or task.label not in table.columns:
        return None, _unfit(sheet, _("Its label cannot be read.")), []
    view = _View(dataset, task, sheet, table)
    _gather(view, tables)
    if not view.cells:
        reason = _("The folder offers none of its inputs.")
        return None, _unfit(sheet, reason), view.faults
    return _build(view, split)


def _unfit(sheet: TaskSheet, reason: str) -> Fit:
    absent = tuple(i.name for i in sheet.inputs)
    return Fit(sheet.name, False, reason, absent=absent, minimum_records=sheet.minimum_records)


def _gather(view: _View, tables: Tables) -> None:
    names = [i.name for i in view.sheet.inputs]
    for name in [*view.task.inputs, *view.task.values]:
        if name not in names:
            what = _("Task {task}: the sheet has no input {name}.")
            fix = _("Remove or correct it.") + nearest(name, names)
            view.fault(None, what.format(task=view.sheet.name, name=name), fix, blocks=False)
    for wanted in view.sheet.inputs:
        column = view.task.inputs.get(wanted.name, wanted.name)
        if column is None:
            continue
        cells = _cells(view, tables, wanted, column)
        if cells is not None:
            view.cells[wanted.name] = cells
            view.columns[wanted.name] = column


def _cells(view: _View, tables: Tables, wanted: Input, column: str) -> list[str] | None:
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


def _joined(view: _View, other: Table, column: str) -> list[str] | None:
    """For each record the cell of the row with the same key; "" where there is none."""
    join = view.dataset.join
    if not (set(join) <= set(other.columns) and set(join) <= set(view.table.columns)):
        return None
    theirs = zip(*(other.columns[c] for c in join), strict=True)
    found = dict(zip(theirs, other.columns[column], strict=True))
    ours = zip(*(view.table.columns[c] for c in join), strict=True)
    return [found.get(key, "") for key in ours]


def _build(view: _View, split: dict[str, str]) -> tuple[TaskData | None, Fit, list[Fault]]:
    label, dropped, keep = _labels(view)
    empty = np.array([not any(row) for row in zip(*view.cells.values(), strict=True)], dtype=bool)
    if empty.any() and (keep & empty).any():
        dropped[_("no input has a value")] = int((keep & empty).sum())
        keep = keep & ~empty
    rows = [int(i) for i in np.flatnonzero(keep)]
    students = _picked(view.table.columns.get(view.dataset.student, []), rows)
    data = TaskData(
        sheet=view.sheet,
        numeric=_numeric(view, rows),
        categorical=_categorical(view, rows),
        text=_text(view, rows),
        label=label[rows],
        student=_strings(students),
        class_code=_strings(_picked(view.table.columns.get(view.dataset.class_column, []), rows)),
        term=_strings(_picked(view.table.columns.get(view.dataset.term, []), rows)),
        split=_strings([split.get(who, SPLITS[0]) for who in students]),
    )
    fit = _fit(view, data, dropped, rows)
    return data, fit, view.faults


def _picked(cells: Sequence[str], rows: list[int]) -> list[str]:
    return [cells[i] for i in rows] if cells else [""] * len(rows)


def _strings(cells: list[str]) -> npt.NDArray[np.str_]:
    return np.array(cells, dtype=np.str_) if cells else np.empty(0, dtype="<U1")


def _labels(
    view: _View,
) -> tuple[npt.NDArray[np.float32] | npt.NDArray[np.int64], dict[str, int], npt.NDArray[np.bool_]]:
    cells = view.table.columns[view.task.label]
    if view.sheet.kind == "regression":
        found, _wrong = numbers(cells)
        keep = np.isfinite(found)
        scaled = ((found - view.sheet.label_mean) / view.sheet.label_sd).astype(np.float32)
        return scaled, _counted({_("no label"): int((~keep).sum())}), keep
    codes = {value: k for k, value in enumerate(view.sheet.labels)}
    meant = [view.task.labels.get(cell, cell) if cell else "" for cell in cells]
    known = np.array([codes.get(value, -1) for value in meant], dtype=np.int64)
    unknown = [i for i, value in enumerate(meant) if value and value not in codes]
    fix = _("Map it under tasks.{task}.labels (empty: leave the row out). The sheet takes: {all}.")
    said = fix.format(task=view.sheet.name, all=", ".join(view.sheet.labels))
    view.faults += told(
        [i + view.table.first for i in unknown],
        lambda row: Fault(
            view.table.file,
            row,
            view.task.label,
            _("{value!r} is no label of task {task}.").format(
                value=meant[row - view.table.first][:40], task=view.sheet.name
            ),
            said,
        ),
    )
    bare = sum(not cell for cell in cells)
    left = sum(bool(cell) and not value for cell, value in zip(cells, meant, strict=True))
    dropped = {_("no label"): bare, _("left out by your label mapping"): left}
    return known, _counted(dropped), known >= 0


def _counted(dropped: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in dropped.items() if count}


def _numeric(view: _View, rows: list[int]) -> Floats:
    wanted = [i for i in view.sheet.inputs if i.kind == "numeric"]
    made = np.full((len(rows), len(wanted)), np.nan, dtype=np.float32)
    for k, entry in enumerate(wanted):
        if entry.name not in view.cells:
            continue
        raw = numbers(_picked(view.cells[entry.name], rows))[0]
        made[:, k] = ((raw - entry.mean) / entry.sd).astype(np.float32)
        there = made[:, k][np.isfinite(made[:, k])]
        if len(there) and abs(float(there.mean())) > FAR_MEAN:
            what = _("The values are far from what the sheet expects (mean {mean:g} {unit}).")
            fix = _("Compare the unit with the sheet's.")
            said = what.format(mean=entry.mean, unit=entry.unit).replace(" )", ")")
            view.fault(view.columns[entry.name], said, fix, blocks=False)
    return made


def _categorical(view: _View, rows: list[int]) -> Integers:
    wanted = [i for i in view.sheet.inputs if i.kind == "categorical"]
    made = np.zeros((len(rows), len(wanted)), dtype=np.int64)
    for k, entry in enumerate(wanted):
        meant = view.task.values.get(entry.name, {})
        codes = {value: n for n, value in enumerate(entry.values, 1)}
        for ours, theirs in meant.items():
            if theirs and theirs not in codes:
                what = _("Task {task}: {value!r} is no value of input {name}.")
                said = what.format(task=view.sheet.name, value=theirs, name=entry.name)
                fix = _("Correct what {ours!r} maps to.").format(ours=ours)
                view.fault(None, said, fix + nearest(theirs, entry.values))
        if entry.name in view.cells:
            cells = [meant.get(c, c) for c in _picked(view.cells[entry.name], rows)]
            made[:, k] = [codes.get(cell, 0) for cell in cells]
            _tell_unseen(view, entry, Counter(c for c in cells if c and c not in codes))
    return made


def _tell_unseen(view: _View, entry: Input, unseen: Counter[str]) -> None:
    if not unseen:
        return
    shown = ", ".join(f"{v[:40]!r} ({n})" for v, n in unseen.most_common(SHOWN))
    more = _(" and {count} others").format(count=len(unseen) - SHOWN) if len(unseen) > SHOWN else ""
    what = _("{rows} rows have a value that the sheet does not list: {shown}{more}.")
    said = what.format(rows=unseen.total(), shown=shown, more=more)
    fix = _("Map them under tasks.{task}.values.{name}; else they count as missing.")
    view.fault(
        view.columns[entry.name],
        said,
        fix.format(task=view.sheet.name, name=entry.name),
        blocks=False,
    )


def _text(view: _View, rows: list[int]) -> dict[str, list[str]]:
    wanted = [i.name for i in view.sheet.inputs if i.kind == "text"]
    return {name: _picked(view.cells.get(name, []), rows) for name in wanted}


def _fit(view: _View, data: TaskData, dropped: dict[str, int], rows: list[int]) -> Fit:
    n, least = len(rows), view.sheet.minimum_records
    absent = tuple(i.name for i in view.sheet.inputs if i.name not in view.cells)
    splits = {part: int((data.split == part).sum()) for part in SPLITS}
    reason = ""
    if n < least:
        reason = _("{records} records are left; the sheet needs {least}.").format(
            records=n, least=least
        )
        fix = _("Add records or labels; the site takes no part in this task until then.")
        view.faults.append(Fault(view.table.file, None, view.task.label, reason, fix, False))
    for part in ("train", "test") if n >= least else ():
        if not splits[part]:
            reason = _("No record is in the part {part}.").format(part=part)
            fix = _("Move some students there; the task needs both parts.")
            view.faults.append(Fault(view.table.file, None, None, reason, fix, False))
    shares = {
        name: round(sum(not cells[i] for i in rows) / n, 4) if n else 0.0
        for name, cells in view.cells.items()
    }
    return Fit(
        view.sheet.name,
        not reason,
        reason,
        rows=view.table.rows,
        records=n,
        dropped=dropped,
        present=dict(view.columns),
        absent=absent,
        missing=shares,
        splits=splits,
        minimum_records=least,
    )
