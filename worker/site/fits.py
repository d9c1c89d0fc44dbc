"""The records of this site held against a federation's task sheets, and what of it the hub is told: codes, and names
that stand in the sheets. Numbers leave in bands, and only where the accepted policy lets them out."""

from collections.abc import Sequence
from pathlib import Path

from worker.learning.data.check import inspect
from worker.learning.data.findings import DataFault, Findings, Fit
from worker.learning.evaluate.suppression import band
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness
from worker.protocol.messages import FitReport, SheetFit
from worker.protocol.policy import PolicyDocument
from worker.protocol.tasks import TaskSheet
from worker.site import records
from worker.site.site import Site

_SPARSE = 0.5
_OF_THE_SHEET = (Fitness.NOT_LISTED, Fitness.OTHER_KIND)
"""What is in the way whatever other faults the folder has; everything else may be a consequence of those."""


def look_and_tell(site: Site, folder: Path, federation: str) -> Findings:
    """Fetches the sheets, looks at the folder, tells the hub. What is returned may quote records: it stays here."""
    sheets = site.door.sheets(federation)
    try:
        found = inspect(folder, sheets, records.consent_age(site.home))
    except DataFault as error:
        found = Findings(error.faults, [])
    policy = site.policy()
    site.door.fits(report(federation, sheets, found, policy.document if policy else None))
    return found


def report(
    federation: str, sheets: Sequence[TaskSheet], found: Findings, policy: PolicyDocument | None
) -> FitReport:
    """One entry per sheet, also where the folder cannot be read at all."""
    fits = {fit.task: fit for fit in found.fits}
    return FitReport(
        federation=federation,
        fits=tuple(_told(sheet, found, fits.get(sheet.name), policy) for sheet in sheets),
    )


def _told(
    sheet: TaskSheet, found: Findings, fit: Fit | None, policy: PolicyDocument | None
) -> SheetFit:
    if fit is None:
        return SheetFit(sheet=digest_of(sheet), fitness=Fitness.FAULTS)
    if not found.usable and fit.fitness not in _OF_THE_SHEET:
        return SheetFit(sheet=digest_of(sheet), fitness=Fitness.FAULTS)
    said = SheetFit(sheet=digest_of(sheet), fitness=fit.fitness, absent=fit.absent)
    if policy is None or not policy.leaves.counts or fit.records < policy.minimum_cell:
        return said
    sparse = tuple(name for name, share in fit.missing.items() if share > _SPARSE)
    cell = policy.minimum_cell
    carried = {name: band(count, cell) for name, count in fit.modalities.items() if count >= cell}
    counted = {"sparse": sparse, "records_band": band(fit.records, cell), "modalities": carried}
    return said.model_copy(update=counted)
