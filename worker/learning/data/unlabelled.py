"""Rows to predict, from one table whose columns are named as the sheets' inputs, and predictions back to a table.

No data folder, no labels, no students: what a release needs where there is no site.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from worker.learning.data.arrays import files_of
from worker.learning.data.findings import DataFault, Fault
from worker.learning.data.media import column_faults
from worker.learning.data.records import SiteData, TaskData
from worker.learning.data.tables import Table
from worker.learning.data.tables import read as read_table
from worker.learning.data.values import numbers
from worker.protocol.canonical import digest
from worker.protocol.tasks import Input, TaskSheet
from worker.protocol.text import _

_KINDS = ("numeric", "categorical", "text", "audio", "image")


@dataclass(frozen=True)
class Rows:
    """`rows`: their numbers as a spreadsheet counts."""

    data: SiteData
    rows: Sequence[int]


def read(path: Path, sheets: Sequence[TaskSheet]) -> Rows:
    """Raises DataFault, also where no column bears the name of an input."""
    table, faults = read_table(path.parent, path.name)
    if table is None or any(fault.blocks for fault in faults):
        raise DataFault(faults)
    wanted = [one for sheet in sheets for one in sheet.inputs]
    if not any(one.name in table.columns and one.kind in _KINDS for one in wanted):
        what = _("No column is named as an input of the release: {names}.").format(
            names=", ".join(dict.fromkeys(one.name for one in wanted))
        )
        fix = _("Give the columns these names, in the first row.")
        raise DataFault([Fault(path.name, None, None, what, fix)])
    faults = _unreadable(path, table, wanted)
    if faults:
        raise DataFault(faults)
    tasks = {sheet.name: _task(table, sheet, path.parent) for sheet in sheets if _of_a_table(sheet)}
    if not tasks:
        what = _("The release reads only what no table holds: sequences.")
        fix = _("Make a data folder and use judge.")
        raise DataFault([Fault(path.name, None, None, what, fix)])
    data = SiteData(tasks, digest(path.read_bytes()))
    return Rows(data, range(table.first, table.first + table.rows))


def _unreadable(path: Path, table: Table, wanted: Sequence[Input]) -> list[Fault]:
    """Files named by columns of recordings and images that are not there, or not what they say."""
    found: list[Fault] = []
    for kind in ("audio", "image"):
        for name in dict.fromkeys(one.name for one in wanted if one.kind == kind):
            if name in table.columns:
                found += column_faults(path.parent, table, name, kind)
    return found


def _of_a_table(sheet: TaskSheet) -> bool:
    return all(one.kind in _KINDS for one in sheet.inputs)


def _label(sheet: TaskSheet, count: int) -> npt.NDArray[Any]:
    """Nothing reads it: the shape the scores expect."""
    if sheet.traits:
        return np.zeros((count, len(sheet.traits)), np.float32)
    return np.zeros(count, np.float32 if sheet.numeric_answer else np.int64)


def _task(table: Table, sheet: TaskSheet, folder: Path) -> TaskData:
    count = table.rows
    none = [""] * count
    numeric = [one for one in sheet.inputs if one.kind == "numeric"]
    made = np.full((count, len(numeric)), np.nan, np.float32)
    for place, one in enumerate(numeric):
        made[:, place] = (numbers(table.columns.get(one.name, none))[0] - one.mean) / one.sd
    categorical = [one for one in sheet.inputs if one.kind == "categorical"]
    codes = np.zeros((count, len(categorical)), np.int64)
    for place, one in enumerate(categorical):
        known = {value: number for number, value in enumerate(one.values, 1)}
        codes[:, place] = [known.get(cell, 0) for cell in table.columns.get(one.name, none)]
    return TaskData(
        sheet=sheet,
        numeric=made,
        categorical=codes,
        text={
            one.name: list(table.columns.get(one.name, none))
            for one in sheet.inputs
            if one.kind == "text"
        },
        media={
            one.name: files_of(folder, table.columns.get(one.name, none))
            for one in sheet.inputs
            if one.kind in ("audio", "image")
        },
        label=_label(sheet, count),
        student=np.array([f"row {number}" for number in range(count)]),
        class_code=np.array(none),
        term=np.array(none),
        split=np.array(["test"] * count),
    )


def write(
    path: Path,
    rows: Sequence[int],
    sheets: Sequence[TaskSheet],
    predicted: Mapping[str, npt.NDArray[np.float64]],
) -> list[str]:
    """One line a row: its number, then each task's number (of a yes-or-no task the chance of the last label), or one
    for each label (its chance) or trait. A task that reads more than a table holds is left out. Returns the columns."""
    columns: dict[str, npt.NDArray[np.float64]] = {}
    for sheet in sheets:
        found = predicted.get(sheet.name)
        if found is not None and found.ndim == 1:
            columns[sheet.name] = found
        elif found is not None:
            names = sheet.labels or sheet.traits
            columns |= {f"{sheet.name}={name}": found[:, k] for k, name in enumerate(names)}
    with path.open("w", encoding="utf-8", newline="") as file:
        made = csv.writer(file)
        made.writerow(["row", *columns])
        for place, row in enumerate(rows):
            made.writerow([row, *(f"{values[place]:.6g}" for values in columns.values())])
    return list(columns)
