"""Public data sets, as their official download comes, into data folders; and the registry the command line reads."""

from collections.abc import Mapping

from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.oulad import OULAD
from worker.learning.data.importers.results import Imported, Option, SourceFault

__all__ = ["REGISTRY", "Imported", "Importer", "Option", "SourceFault"]

REGISTRY: Mapping[str, Importer] = {one.name: one for one in (OULAD,)}
