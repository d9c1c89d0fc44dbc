"""Where an institution is and whom it teaches: what decides which profiles are proposed to it."""

import re
from zoneinfo import available_timezones

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.effects import Ring, after_commit
from app.errors import Invalid
from app.institutions import queries
from app.institutions.models import Institution
from app.text import _

_REGION = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
YOUNGEST, OLDEST = 2, 120


def place(
    session: Session,
    actor: Actor,
    institution: str,
    *,
    region: str | None,
    youngest: int | None,
    oldest: int | None,
    zone: str,
) -> Institution:
    """Raises Invalid with a sentence at each field that cannot be."""
    require(actor, Permission.POLICY_DRAFT, institution)
    row = queries.by_id(session, institution)
    region = (region or "").strip().upper() or None
    faults = _faults(row.country, region, youngest, oldest, zone)
    if faults:
        raise Invalid(_("Some answers need another look."), faults)
    row.region, row.youngest, row.oldest, row.zone = region, youngest, oldest, zone
    session.flush()
    ages = [age for age in (youngest, oldest) if age is not None]
    body = {"ages": ages}
    record(session, actor.id, kinds.INSTITUTION_PLACED, chain=row.id, subject=row.id, body=body)
    after_commit(session, Ring(f"institution:{row.id}"))
    return row


def _faults(
    country: str, region: str | None, youngest: int | None, oldest: int | None, zone: str
) -> dict[str, str]:
    found = {}
    if region is not None and not (_REGION.fullmatch(region) and region.startswith(f"{country}-")):
        found["region"] = _("Give the region as its ISO code, such as {country}-NY.").format(
            country=country
        )
    for name, age in (("youngest", youngest), ("oldest", oldest)):
        if age is not None and not YOUNGEST <= age <= OLDEST:
            found[name] = _("Enter an age from {low} to {high}.").format(low=YOUNGEST, high=OLDEST)
    if youngest is not None and oldest is not None and youngest > oldest:
        found["oldest"] = _("The oldest cannot be younger than the youngest.")
    if zone not in available_timezones():
        found["zone"] = _("Choose a time zone by its name, such as America/New_York.")
    return found
