"""Is a run worth asking for? What each site would have to do in a round, and whether its hours leave the time for it.

A forecast from what the hub knows: the hours a site last reported, and how long its last updates took.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.federations import compatibility
from app.federations.models import Federation
from app.institutions.models import Institution
from app.runs.models import Round, Run, Update
from app.runs.states import UpdateState
from app.sites import hours
from app.sites import tallies as site_tallies
from app.sites.models import Site

_LOOKED_AT = 5
"""How many of its last updates tell how long a site takes."""


_COUNTED = (UpdateState.TAKEN, UpdateState.DELETED)


class Fits(StrEnum):
    """Whether a site's hours leave enough time in a round."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    """Only in rounds that start at a good moment."""
    NEVER = "never"


@dataclass(frozen=True)
class SiteForecast:
    """Times in seconds, bytes for one round. `work_s` and `bytes_up` are None for a site that has sent no update yet.

    `least_s`, `most_s`: how long it is open before the round's deadline, for the worst and the best start of a round.
    """

    site: Site
    institution: Institution
    least_s: float
    most_s: float
    work_s: float | None
    bytes_up: int | None

    @property
    def fits(self) -> Fits:
        need = self.work_s or 1.0
        if self.most_s < need:
            return Fits.NEVER
        return Fits.ALWAYS if self.least_s >= need else Fits.SOMETIMES


@dataclass(frozen=True)
class Forecast:
    """Ready sites of the members whose policy allows it, by institution and name."""

    deadline_s: int
    sites: tuple[SiteForecast, ...]
    bytes_up: int | None
    """What a site's update has weighed lately, in the middle; None before the first."""


def forecast(
    session: Session,
    federation: Federation,
    found: compatibility.Matrix,
    deadline_s: int,
    at: datetime,
) -> Forecast:
    """For rounds that end after `deadline_s`. `found` says whose policy allows it."""
    homes = {r.member.institution.id: r.member.institution for r in found.rows if r.allows}
    taken = _taken(session, federation.id)
    sites = [
        _site(site, homes[site.institution_id], taken.get(site.id, []), deadline_s, at)
        for site in site_tallies.ready_of(session, homes)
    ]
    sites.sort(key=lambda one: (one.institution.name, one.site.name))
    weighed = [one.bytes_up for one in sites if one.bytes_up is not None]
    return Forecast(deadline_s, tuple(sites), int(median(weighed)) if weighed else None)


@dataclass(frozen=True)
class _Taken:
    """An update that counted: when its round opened, when it came, and its bytes."""

    opened: datetime
    received: datetime
    bytes: int


def _taken(session: Session, federation_id: str) -> dict[str, list[_Taken]]:
    """Site to its updates in the federation's runs, newest first, a few each."""
    rows = session.execute(
        select(Update.site_id, Round.opened, Update.received, Update.bytes)
        .join(Round, Round.id == Update.round_id)
        .join(Run, Run.id == Round.run_id)
        .where(
            Run.federation_id == federation_id, Update.state.in_(_COUNTED), Update.refusal.is_(None)
        )
        .order_by(Update.received.desc(), Update.id)
        .limit(1000)
    )
    found: defaultdict[str, list[_Taken]] = defaultdict(list)
    for site, opened, received, size in rows:
        if len(found[site]) < _LOOKED_AT:
            found[site].append(_Taken(opened, received, size))
    return dict(found)


def _site(
    site: Site, home: Institution, taken: list[_Taken], deadline_s: int, at: datetime
) -> SiteForecast:
    least, most = hours.least_and_most(site.readiness, deadline_s, at)
    worked = [hours.seconds_open(site.readiness, one.opened, one.received) for one in taken]
    return SiteForecast(
        site=site,
        institution=home,
        least_s=least,
        most_s=most,
        work_s=median(worked) if worked else None,
        bytes_up=taken[0].bytes if taken else None,
    )
