"""What an importer takes, makes and gives."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from worker.learning.data.write import Columns
from worker.protocol.meter import Told
from worker.protocol.tasks import TaskSheet
from worker.protocol.text import _

Chosen = Mapping[str, Any]
"""Option name -> value, every option of the importer."""


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


SPLIT_SEED = Option("split_seed", 1, "Draws which students are the test; the same at every site.")
FAIRNESS_COLUMNS = Option(
    "fairness_columns", False, "Keep sensitive columns and offer them as inputs of a second sheet."
)


def smaller(count: int, *official: int) -> tuple[str, ...]:
    """A note where a download has another number of records than the set is known to have."""
    if count in official:
        return ()
    what = _("The official set has {official} records, this download {count}: is it whole?")
    return (what.format(official=official[-1], count=count),)


@dataclass(frozen=True)
class SiteFolder:
    """One data folder to be written. `records` has the columns student, class, term and split."""

    site: str
    name: str
    title: str
    records: Columns
    modalities: tuple[Mapping[str, Any], ...]
    """As dataset.yaml has them; their file is `records.csv.gz` where they name none."""
    key: tuple[str, ...] = ()
    tables: Mapping[str, Columns] = field(default_factory=dict)
    """Files besides the records."""
    of_age: bool = False
    """The set tells that nobody here is under any age of consent; only then the folder says so."""


@dataclass(frozen=True)
class Made:
    """What is to be written. Sites and media may be drawn from the download while they are written."""

    sites: Iterable[SiteFolder]
    sheets: tuple[TaskSheet, ...] = ()
    notes: tuple[str, ...] = ()
    media: Iterable[tuple[str, str, bytes]] = ()
    """Site, file inside its folder, content: one at a time."""
    media_count: int = 0
    heard: Callable[[Path, Told], tuple[TaskSheet, ...]] | None = None
    """The sheets where their scale rests on recordings: asked once all files lie in the folder that is given."""


@dataclass(frozen=True)
class Imported:
    """`folders`: name -> data folder. `notes` are sentences for the person who ran the import."""

    folders: dict[str, Path]
    sheets: tuple[TaskSheet, ...]
    sheet_files: tuple[Path, ...]
    records: int
    notes: tuple[str, ...] = ()
