"""What a look at a data folder found: faults with a fix, and how well each task sheet fits.

These sentences may quote records, so they stay at the site: what leaves is only the code `data-fault`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from worker.learning.faults import LearningFault
from worker.protocol.codes import Failure, Fitness
from worker.protocol.policy import Modality
from worker.protocol.text import _

SHOWN = 3
"""How many faults of one kind in one column are told one by one before the rest is counted."""


@dataclass(frozen=True)
class Fault:
    """One thing wrong. `row` counts as a spreadsheet does (in dataset.yaml and sheets: the line)."""

    file: str
    row: int | None
    column: str | None
    what: str
    fix: str
    blocks: bool = True
    """False: worth knowing, yet the folder can be used as it is."""


@dataclass(frozen=True)
class Fit:
    """How a folder serves one task sheet. Counts of rows stay at the site unless its policy lets them out."""

    task: str
    usable: bool
    reason: str = ""
    """Why not usable, as a sentence; empty when usable."""
    rows: int = 0
    records: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason as a sentence -> rows left out."""
    present: dict[str, str] = field(default_factory=dict)
    """Sheet input -> the folder's column."""
    absent: tuple[str, ...] = ()
    """Sheet inputs the folder does not offer: the model sees them as missing."""
    missing: dict[str, float] = field(default_factory=dict)
    """Present input -> share of records without a value."""
    modalities: dict[Modality, int] = field(default_factory=dict)
    """Modality -> records that have something of it."""
    splits: dict[str, int] = field(default_factory=dict)
    minimum_records: int = 1
    fitness: Fitness = Fitness.FITS
    """`reason` as a code: what may leave the site."""


@dataclass(frozen=True)
class Findings:
    faults: list[Fault]
    fits: list[Fit]
    excluded: dict[str, int] = field(default_factory=dict)
    """Reason as a sentence -> students who take no part. It stays at the site, whatever the policy lets out."""
    nobody: bool = False
    """The folder names students, and not one of them takes part: a fault that does not block says why."""

    @property
    def usable(self) -> bool:
        return not any(f.blocks for f in self.faults)


class DataFault(LearningFault):
    """The folder cannot be used as it is. Never send its faults anywhere: they may quote records."""

    code = Failure.DATA_FAULT

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(f"{len(faults)} faults in the data folder")
        self.faults = list(faults)


def told(rows: Sequence[int], tell: Callable[[int], Fault]) -> list[Fault]:
    """A fault for each of the first few rows, then one that counts the others."""
    faults = [tell(row) for row in rows[:SHOWN]]
    if len(rows) > SHOWN:
        first = faults[0]
        what = _("{count} more rows have the same fault.").format(count=len(rows) - SHOWN)
        faults.append(Fault(first.file, None, first.column, what, first.fix, first.blocks))
    return faults
