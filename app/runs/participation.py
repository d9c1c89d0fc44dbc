"""How often each site was heard: rounds that counted its update, of the closed rounds that asked it.

A deadline drops the slowest first, who are often the poorest. Void rounds count for nobody and are left out.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import Session

from app.institutions import queries as institution_queries
from app.runs.models import Round, Update
from app.runs.states import RoundState, UpdateState
from app.runs.tallies import RoundLine
from app.runs.views import Heard, Participation
from app.sites.models import Site

_BAND = 4
"""Members who do not lead read the least share in quarters, rounded down."""
_CLOSED = select(Round.id).where(Round.run_id == bindparam("run"), Round.state == RoundState.CLOSED)
_COUNTED = (
    select(Site.id, Site.name, Site.institution_id, func.count(Update.id))
    .outerjoin(
        Update,
        and_(
            Update.site_id == Site.id,
            Update.round_id.in_(_CLOSED),
            Update.refusal.is_(None),
            Update.state.in_((UpdateState.TAKEN, UpdateState.DELETED)),
        ),
    )
    .where(Site.id.in_(bindparam("sites", expanding=True)))
    .group_by(Site.id, Site.name, Site.institution_id)
)


def participation(
    session: Session,
    run_id: str,
    rounds: Sequence[RoundLine],
    own: frozenset[str],
    *,
    leads: bool,
) -> Participation | None:
    """None before the first closed round. The reader's own sites; all of them for the lead, who reads each round's
    updates one by one anyway."""
    closed = [one for one in rounds if one.state is RoundState.CLOSED]
    offered = Counter(site for one in closed for site in one.cohort)
    if not offered:
        return None
    found = session.execute(_COUNTED, {"run": run_id, "sites": sorted(offered)}).all()
    shown = [row for row in found if leads or row[2] in own]
    names = institution_queries.names(session, {row[2] for row in shown}) if shown else {}
    heard = [
        Heard(home, names.get(home, ""), home in own, site, name, counted, offered[site])
        for site, name, home, counted in shown
    ]
    least = min((counted / offered[site] for site, _name, _home, counted in found), default=0.0)
    return Participation(
        closed=len(closed),
        sites=tuple(sorted(heard, key=lambda h: (not h.own, h.institution_name, h.site_name))),
        least=least if leads else int(least * _BAND) / _BAND,
    )
