"""The page of modalities: what sites told, in bands, to whom."""

from app.federations import fits
from app.sites.models import Site
from tests.runs.world import SHEET
from tests.web.populated import Populated
from worker.protocol.canonical import digest_of
from worker.protocol.codes import Fitness
from worker.protocol.messages import FitReport, SheetFit


def test_who_trains_which_part_in_bands(hub: Populated) -> None:
    """What a site told is read by the others in bands, without its name; nothing is known of the other sites."""
    member, federation = hub.world.members[1], hub.ids["federation_id"]
    said = SheetFit(
        sheet=digest_of(SHEET),
        fitness=Fitness.FITS,
        records_band="100-199",
        modalities={"table": "50-99"},
        sparse=("clicks",),
    )
    with hub.world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        name = site.name
        fits.receive(session, site, FitReport(federation=federation, fits=(said,)))
    path = f"/federations/{federation}/modalities"
    own, lead = hub.client("member").get(path).text, hub.client("administrator").get(path).text
    for page in (own, lead):
        assert "100-199" in page and "50-99" in page
        assert "would be held: too few sites" in page and "not told yet" in page
    assert f"{name} (School 1, yours)" in own
    assert f"{name} (School 1" not in lead and "School 1, site 1" in lead
    assert hub.client("stranger").get(path).status_code == 404
