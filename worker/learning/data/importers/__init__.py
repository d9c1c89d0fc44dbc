"""Public data sets, as their official download comes, into data folders; and the registry the command line reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from worker.learning.data.importers.oulad import OuladImporter
from worker.learning.data.importers.results import Imported, Option, SourceFault

__all__ = ["REGISTRY", "Imported", "Importer", "Option", "SourceFault"]


class Importer(Protocol):
    """One public set. `run` raises `SourceFault` or `write.DestinationInUse`, each a sentence for people."""

    @property
    def name(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def options(self) -> tuple[Option, ...]: ...

    def run(self, src: Path, dst: Path, **options: Any) -> Imported: ...


REGISTRY: Mapping[str, Importer] = {OuladImporter.name: OuladImporter()}
