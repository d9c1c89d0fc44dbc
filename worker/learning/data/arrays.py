"""The numbers a model reads, from the cells of a view. Faults found on the way are told to the view."""

from collections import Counter

import numpy as np
import numpy.typing as npt

from worker.learning.data.document import nearest
from worker.learning.data.findings import SHOWN, Fault, told
from worker.learning.data.records import Floats, Integers
from worker.learning.data.values import numbers
from worker.learning.data.view import View, picked
from worker.protocol.tasks import Input
from worker.protocol.text import _

FAR_MEAN = 10.0
"""A site's mean this many standard deviations off is a hint at another unit, not at another school."""


def labels(
    view: View,
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


def numeric(view: View, rows: list[int]) -> Floats:
    wanted = [i for i in view.sheet.inputs if i.kind == "numeric"]
    made = np.full((len(rows), len(wanted)), np.nan, dtype=np.float32)
    for k, entry in enumerate(wanted):
        if entry.name not in view.cells:
            continue
        raw = numbers(picked(view.cells[entry.name], rows))[0]
        made[:, k] = ((raw - entry.mean) / entry.sd).astype(np.float32)
        there = made[:, k][np.isfinite(made[:, k])]
        if len(there) and abs(float(there.mean())) > FAR_MEAN:
            what = _("The values are far from what the sheet expects (mean {mean:g} {unit}).")
            fix = _("Compare the unit with the sheet's.")
            said = what.format(mean=entry.mean, unit=entry.unit).replace(" )", ")")
            view.fault(view.columns[entry.name], said, fix, blocks=False)
    return made


def categorical(view: View, rows: list[int]) -> Integers:
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
            cells = [meant.get(c, c) for c in picked(view.cells[entry.name], rows)]
            made[:, k] = [codes.get(cell, 0) for cell in cells]
            _tell_unseen(view, entry, Counter(c for c in cells if c and c not in codes))
    return made


def _tell_unseen(view: View, entry: Input, unseen: Counter[str]) -> None:
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


def text(view: View, rows: list[int]) -> dict[str, list[str]]:
    wanted = [i.name for i in view.sheet.inputs if i.kind == "text"]
    return {name: picked(view.cells.get(name, []), rows) for name in wanted}
