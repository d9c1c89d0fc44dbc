"""What an importer takes and gives."""

from dataclasses import dataclass
from pathlib import Path

from worker.protocol.tasks import TaskSheet


class SourceFault(ValueError):
    """The download is not what the importer expects. The text is a sentence for the person who ran it."""


@dataclass(frozen=True)
class Option:
    """One option of an importer, as a command line offers it: `--day 120`, `--fairness-columns`."""

    name: str
    """As a Python keyword: `fairness_columns`."""
    default: int | bool | str
    help: str

    @property
    def flag(self) -> str:
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True)
class Imported:
    """`folders`: name -> data folder. `notes` are sentences for the person who ran the import."""

    folders: dict[str, Path]
    sheets: tuple[TaskSheet, ...]
    sheet_files: tuple[Path, ...]
    records: int
    notes: tuple[str, ...] = ()
