"""How an institution's records serve a federation's task sheets, as each of its sites says: codes, and names of the
sheets themselves. The hub never sees a record; it stores what the sites tell and shows it to their own institution.
Other members read of it whether the records fit, and bands where the policy lets them out (`parts`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Invalid
from app.federations import queries
from app.federations.models import Federation, SheetFitRow, SheetVersion
from app.ids import new_id
from app.sites import sent
from app.sites import service as sites
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import _
from worker.protocol.canonical import canonical
from worker.protocol.codes import TransferKind
from worker.protocol.messages import FitReport, SheetFit
from worker.protocol.tasks import TaskSheet


@dataclass(frozen=True)
class Told:
    """`said` None: this site has not told yet how its records serve this version of the sheet."""

    site: Site
    sheet: TaskSheet
    said: SheetFit | None
    at: datetime | None


def receive(session: Session, site: Site, report: FitReport) -> None:
    """Replaces what this site said of the same sheets. Raises NotFound, Invalid for sheets that are not in force."""
    sites.require_confirmed(site)
    federation = queries.for_site(session, site, report.federation)
    sheets = {row.digest: row for row in queries.sheets(session, federation.id)}
    for said in report.fits:
        _check(said, sheets.get(said.sheet))
    for said in report.fits:
        _store(session, site, sheets[said.sheet], said)
    record(
        session,
        site.id,
        kinds.SITE_FITTED,
        chain=site.institution_id,
        subject=site.id,
        body={"federation": federation.id, "count": len(report.fits)},
    )
    sent.note(session, site, TransferKind.FIT, canonical(report), "sheets-fitted")
    session.flush()
    after_commit(session, Ring(f"institution:{site.institution_id}"))


def _check(said: SheetFit, row: SheetVersion | None) -> None:
    """Names come from the sheet: a site cannot say anything else here."""
    if row is None:
        problem = _("The task sheets changed. Run the same command again.")
        raise Invalid(problem, {"sheet": problem})
    known = {one.name for one in TaskSheet.model_validate(row.document).inputs}
    if not {*said.absent, *said.sparse} <= known:
        problem = _("An input is named that the task sheet does not have.")
        raise Invalid(problem, {"inputs": problem})


def _store(session: Session, site: Site, row: SheetVersion, said: SheetFit) -> None:
    session.execute(
        delete(SheetFitRow).where(SheetFitRow.site_id == site.id, SheetFitRow.sheet_id == row.id)
    )
    kept = SheetFitRow(
        id=new_id("fit"),
        site_id=site.id,
        sheet_id=row.id,
        said=said.model_dump(mode="json"),
        at=now(),
    )
    session.add(kept)


def told(session: Session, federation: Federation, institution_id: str) -> Sequence[Told]:
    """Every site of the institution that is in use, by name, with every sheet in force, by name."""
    sheets = queries.sheets(session, federation.id)
    rows = _rows(session, [row.id for row in sheets], institution_id)
    known = {(row.site_id, row.sheet_id): row for row in rows}
    return [
        _told(site, sheet, known.get((site.id, sheet.id)))
        for site in _sites_in_use(session, institution_id)
        for sheet in sheets
    ]


def _told(site: Site, sheet: SheetVersion, row: SheetFitRow | None) -> Told:
    said = SheetFit.model_validate(row.said) if row else None
    return Told(site, TaskSheet.model_validate(sheet.document), said, row.at if row else None)


def _rows(session: Session, sheets: Iterable[str], institution_id: str) -> Sequence[SheetFitRow]:
    """What an institution's own sites said of these versions of sheets."""
    return session.scalars(
        select(SheetFitRow)
        .join(Site, Site.id == SheetFitRow.site_id)
        .where(SheetFitRow.sheet_id.in_(list(sheets)), Site.institution_id == institution_id)
    ).all()


def _sites_in_use(session: Session, institution_id: str) -> Sequence[Site]:
    """Those that answered and are not revoked, by name."""
    wanted = (SiteState.JOINED, SiteState.READY)
    query = select(Site).where(Site.institution_id == institution_id, Site.state.in_(wanted))
    return session.scalars(query.order_by(Site.name)).all()
