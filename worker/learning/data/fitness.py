"""How well a folder serves a task sheet, for people and for the site's readiness."""

from collections.abc import Sequence

import numpy as np

from worker.learning.data.findings import Fault, Fit
from worker.learning.data.records import TaskData
from worker.learning.data.rows import SPLITS
from worker.learning.data.view import View
from worker.protocol.codes import Fitness
from worker.protocol.policy import Modality
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _


def unfit(sheet: TaskSheet, fitness: Fitness, reason: str) -> Fit:
    absent = tuple(i.name for i in sheet.inputs)
    return Fit(
        sheet.name,
        False,
        reason,
        absent=absent,
        minimum_records=sheet.minimum_records,
        fitness=fitness,
    )


def fit(view: View, data: TaskData, dropped: dict[str, int], rows: list[int]) -> Fit:
    n = len(rows)
    absent = tuple(i.name for i in view.sheet.inputs if i.name not in view.cells)
    splits = {part: int((data.split == part).sum()) for part in SPLITS}
    fitness, reason = _lacking(view, data, splits)
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
        modalities=_carried(view, rows),
        splits=splits,
        minimum_records=view.sheet.minimum_records,
        fitness=fitness,
    )


def _carried(view: View, rows: list[int]) -> dict[Modality, int]:
    """Modality to the records with a value in one of its inputs; none at all: absent."""
    found: dict[Modality, int] = {}
    for modality in view.sheet.modalities:
        names = [one.name for one in view.sheet.inputs if one.modality == modality]
        given: list[Sequence[object]] = [view.cells[n] for n in names if n in view.cells]
        given += [view.events[n] for n in names if n in view.events]
        found[modality] = sum(any(column[row] for column in given) for row in rows)
    return {modality: count for modality, count in found.items() if count}


def _lacking(view: View, data: TaskData, splits: dict[str, int]) -> tuple[Fitness, str]:
    """Why the records do not suffice, as a sentence; told as a fault that blocks this task only."""
    n, least = len(data.label), view.sheet.minimum_records
    empty = [part for part in ("train", "test") if not splits[part]]
    kinds = np.unique(data.label[data.split == "train"])
    if n < least:
        code = Fitness.TOO_FEW_RECORDS
        reason = _("{records} records are left; the sheet needs {least}.")
        reason = reason.format(records=n, least=least)
        fix = _("Add records or labels; the site takes no part in this task until then.")
    elif empty:
        code = Fitness.EMPTY_PART
        reason = _("No record is in the part {part}.").format(part=empty[0])
        fix = _("Move some students there; the task needs both parts.")
    elif view.sheet.labels and len(kinds) == 1:
        code = Fitness.ONE_LABEL
        only = view.sheet.labels[int(kinds[0])]
        reason = _("All training records have the label {label}.").format(label=only)
        fix = _("Add records with another label, or look at the label mapping.")
    else:
        return Fitness.FITS, ""
    view.faults.append(Fault(view.table.file, None, view.task.label, reason, fix, False))
    return code, reason
