"""What the tests of all importers share: each set's official form, made small, and a look at what came of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.learning.data import sets
from worker.learning.data import tables
from worker.learning.data.check import inspect
from worker.learning.data.importers import REGISTRY, Imported

Columns = dict[str, list[str]]


def columns(made: Imported, site: str, file: str = "records.csv.gz") -> Columns:
    read, faults = tables.read(made.folders[site], file)
    assert read is not None and faults == []
    return read.columns


def usable(made: Imported) -> None:
    """Every folder passes the check."""
    for folder in made.folders.values():
        assert inspect(folder, made.sheets).usable


def _uci(root: Path) -> Path:
    return sets.uci_zip(root / "student+performance.zip")


def _ellipse(root: Path) -> Path:
    return sets.placed(root / "ellipse", {"ELLIPSE_Final_github_train.csv": sets.ellipse()})


def _beetle(root: Path) -> Path:
    return sets.zipped(root / "semeval.zip", sets.beetle_xml())


def _assistments(root: Path) -> Path:
    files = {"skill_builder_data_corrected_collapsed.csv": sets.skill_builder()}
    return sets.placed(root / "assistments", files)


def _speech(root: Path) -> Path:
    return sets.tarred(root / "speechocean762.tar.gz", sets.speech())


OFFICIAL: dict[str, Callable[[Path], Path]] = {
    "school": lambda root: sets.school(root / "school.mat"),
    "uci-student": _uci,
    "ellipse": _ellipse,
    "beetle": _beetle,
    "assistments2009": _assistments,
    "speechocean762": _speech,
}
OPTIONS = {"assistments2009": {"sites": 4}}


def made(name: str, root: Path, to: str = "out", **options: Any) -> Imported:
    return REGISTRY[name].run(OFFICIAL[name](root), root / to, **OPTIONS.get(name, {}) | options)
