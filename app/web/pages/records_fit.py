"""Our records against the task sheets of a federation, as our own sites told it: what lacks, and what to do."""

from app.federations import fits
from app.federations.fits import Told
from app.federations.models import Federation
from app.text import _
from app.web.moments import since
from app.web.parts import Cell, Column, Copy, Empty, Link, No, Nothing, Part, Table, Text, Yes
from app.web.visit import Visit
from worker.protocol import code_words
from worker.protocol.codes import Fitness
from worker.protocol.messages import SheetFit
from worker.protocol.tasks import TaskSheet


def parts(visit: Visit, federation: Federation, at: str) -> tuple[Part, ...]:
    """A line per site and sheet; the command, where a site has not told yet or the sheets changed since."""
    told = fits.told(visit.session, federation, at)
    if not told:
        link = Link(_("Add a site"), f"/i/{at}/sites")
        return (Empty(_("You have no site yet, so there are no records to compare."), link),)
    columns = (
        Column(_("Site")),
        Column(_("Task sheet")),
        Column(_("Does it fit?")),
        Column(_("What lacks")),
        Column(_("What to do")),
    )
    text = _("As each site said; the hub sees no record.")
    table = Table(text, columns, tuple(_row(one) for one in told))
    if all(one.said for one in told):
        return (table,)
    says = _(
        "Only a site can look at its records. Run this there: it says everything to the person who runs it, and "
        "tells the hub what fits, in codes. Numbers leave in bands, and only if your policy lets them out."
    )
    command = f"collegium-site data fit {federation.id}"
    return (table, Text(says), Copy("fit", _("The command"), command))


def _row(one: Told) -> tuple[Cell, ...]:
    site = Link(one.site.name, f"/i/{one.site.institution_id}/sites/{one.site.id}")
    if one.said is None or one.at is None:
        return (site, one.sheet.name, No(_("not told yet")), Nothing(), _("Run the command there."))
    age, fit = since(one.at), one.said
    word = code_words.fitness(fit.fitness)
    state: Cell = No(f"{word} {age}")
    if fit.fitness is Fitness.FITS:
        band = _(" {band} records.").format(band=fit.records_band) if fit.records_band else ""
        state = Yes(f"{word}{band} {age}")
    return (site, one.sheet.name, state, _lacks(one.sheet, fit) or Nothing(), _todo(fit))


def _lacks(sheet: TaskSheet, fit: SheetFit) -> str:
    if fit.fitness in (Fitness.FAULTS, Fitness.NOT_LISTED, Fitness.OTHER_KIND, Fitness.NO_LABEL):
        return ""
    said = []
    if fit.absent:
        here = len(sheet.inputs) - len(fit.absent)
        said.append(
            _("{here} of {all} inputs are there. Not there: {names}.").format(
                here=here, all=len(sheet.inputs), names=", ".join(fit.absent)
            )
        )
    if fit.sparse:
        said.append(_("Mostly without a value: {names}.").format(names=", ".join(fit.sparse)))
    return " ".join(said)


def _todo(fit: SheetFit) -> Cell:
    fix = code_words.fitness_fix(fit.fitness)
    if fix:
        return fix
    if fit.absent:
        return _(
            "Map a column to each in dataset.yaml, or leave them: the model sees them as missing."
        )
    return Nothing()
