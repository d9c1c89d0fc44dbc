"""What sites tell of their records, on a page, and taken back."""

from typing import TYPE_CHECKING

from app.federations import fits
from app.federations.models import SheetFitRow
from app.sites.models import Site
from tests.runs.world import SHEET
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness
from worker.protocol.messages import FitReport, SheetFit

if TYPE_CHECKING:
    from tests.browser.states import Place


def modalities(place: "Place") -> None:
    """Sites told of their records: one in bands, one that keeps its counts at home, one whose records do not fit."""
    made, federation = place.made, place.made.ids["federation_id"]
    bands = {"records_band": "100-199", "modalities": {"table": "50-99"}}
    ways = (bands, {}, {"fitness": Fitness.TOO_FEW_RECORDS})
    with made.world.hub.db.session() as session:
        for member, more in zip(made.world.members, ways, strict=False):
            said = {"sheet": digest_of(SHEET), "fitness": Fitness.FITS, **more}
            report = FitReport(federation=federation, fits=(SheetFit.model_validate(said),))
            fits.receive(session, session.get_one(Site, member.site), report)
    place.go(f"/federations/{federation}/modalities")
    with made.world.hub.db.session() as session:
        session.query(SheetFitRow).delete()
