"""One task sheet laid over one folder, row by row, before any row drops out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from worker.learning.data.findings import Fault
from worker.learning.data.schema import DATASET, Dataset, TaskMap
from worker.learning.data.tables import Table
from worker.protocol.tasks import TaskSheet


@dataclass
class View:
    """What is gathered while one sheet is mapped."""

    dataset: Dataset
    task: TaskMap
    sheet: TaskSheet
    table: Table
    folder: Path
    faults: list[Fault] = field(default_factory=list)
    cells: dict[str, list[str]] = field(default_factory=dict)
    """Present input -> one cell per row of `table`, before any row drops out."""
    columns: dict[str, str] = field(default_factory=dict)
    events: dict[str, list[list[int]]] = field(default_factory=dict)
    """Present events input -> per row of `table` its events, as rows of their own file, in order."""

    def fault(self, column: str | None, what: str, fix: str, *, blocks: bool = True) -> None:
        self.faults.append(Fault(DATASET, None, column, what, fix, blocks))


def picked(cells: Sequence[str], rows: list[int]) -> list[str]:
    """The cells of these rows; empty ones where the column could not be read."""
    return [cells[i] for i in rows] if cells else [""] * len(rows)
