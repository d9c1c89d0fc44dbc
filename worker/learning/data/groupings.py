"""Topics and groups of a sheet: columns that are no input, read only to describe a class in its report."""

import numpy as np
import numpy.typing as npt

from worker.learning.data.tables import Table
from worker.learning.data.view import View, picked
from worker.protocol.tasks import Grouping
from worker.protocol.text import _


def read(view: View, rows: list[int]) -> dict[str, npt.NDArray[np.str_]]:
    """Grouping of the sheet -> (n,) values of its list, "" where there is none or another one."""
    found = {}
    for wanted in view.sheet.groupings:
        column = view.task.groupings.get(wanted.name, wanted.name)
        if column is not None and _present(view, view.table, wanted, column):
            cells = picked(view.table.columns[column], rows)
            found[wanted.name] = _of_list(view, wanted, cells)
    return found


def _present(view: View, table: Table, wanted: Grouping, column: str) -> bool:
    if column in table.columns:
        return True
    if wanted.name in view.task.groupings:
        what = _("Task {task}: {file} has no column {column} for {name}.")
        said = what.format(task=view.sheet.name, file=table.file, column=column, name=wanted.name)
        fix = _("Correct it, or map it to nothing: then class reports do without.")
        view.fault(column, said, fix, blocks=False)
    return False


def _of_list(view: View, wanted: Grouping, cells: list[str]) -> npt.NDArray[np.str_]:
    meant = view.task.values.get(wanted.name, {})
    known = frozenset(wanted.values)
    mapped = (meant.get(cell, cell) for cell in cells)
    values = [value if value in known else "" for value in mapped]
    return np.array(values, dtype=np.str_) if values else np.empty(0, dtype="<U1")
