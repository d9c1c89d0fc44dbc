"""Public data sets, as their official download comes, into data folders; and the registry the command line reads."""

from collections.abc import Mapping

from worker.learning.data.importers.assistments import ASSISTMENTS
from worker.learning.data.importers.beetle import BEETLE
from worker.learning.data.importers.ellipse import ELLIPSE
from worker.learning.data.importers.importer import Importer
from worker.learning.data.importers.oulad import OULAD
from worker.learning.data.importers.results import Imported, Option, SourceFault
from worker.learning.data.importers.school import SCHOOL
from worker.learning.data.importers.speechocean import SPEECHOCEAN
from worker.learning.data.importers.uci_student import UCI_STUDENT

__all__ = ["REGISTRY", "Imported", "Importer", "Option", "SourceFault"]

_ALL = (ASSISTMENTS, BEETLE, ELLIPSE, OULAD, SCHOOL, SPEECHOCEAN, UCI_STUDENT)
REGISTRY: Mapping[str, Importer] = {one.name: one for one in _ALL}
