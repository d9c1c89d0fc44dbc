"""The page of modalities: what sites told, in bands, to whom."""

from sqlalchemy import select

from app.federations import fits
from app.sites.models import Site
from app.sites.states import SiteState
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
        assert "not known yet" in page and "not told yet" in page
        assert "would be held" not in page, "sites that have not told may make up for it"
    assert f"{name} (School 1, yours)" in own
    assert f"{name} (School 1" not in lead and "School 1, site 1" in lead
    assert hub.client("stranger").get(path).status_code == 404


def test_a_part_that_too_few_train_is_told_once_all_have_spoken(hub: Populated) -> None:
    federation = hub.ids["federation_id"]
    good = SheetFit(
        sheet=digest_of(SHEET),
        fitness=Fitness.FITS,
        records_band="50-99",
        modalities={"table": "50-99"},
    )
    poor = SheetFit(sheet=digest_of(SHEET), fitness=Fitness.TOO_FEW_RECORDS)
    with hub.world.hub.db.session() as session:
        for waiting in session.scalars(select(Site).where(Site.state == SiteState.JOINED)):
            waiting.state = SiteState.REVOKED
        members = {member.site for member in hub.world.members}
        for place, site in enumerate(session.scalars(select(Site).where(Site.id.in_(members)))):
            said = good if place == 0 else poor
            fits.receive(session, site, FitReport(federation=federation, fits=(said,)))
    page = hub.client("administrator").get(f"/federations/{federation}/modalities").text
    assert "would be held: too few sites" in page and "not known yet" not in page
