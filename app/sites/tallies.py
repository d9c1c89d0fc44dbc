"""Reads over many sites at once, so that a list of them costs no more statements than one of them does."""

from collections.abc import Collection, Iterable

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app.clock import now
from app.sites.models import EnrolmentToken, Job, Site
from app.sites.states import ENDED, JobState, SiteState
from worker.protocol.codes import Lane

OPEN = tuple(state for state in JobState if state not in ENDED)


def is_open() -> ColumnElement[bool]:
    """A job that has not ended; said so that the inbox's index leads there, past all that have."""
    return and_(Job.lane.in_(tuple(Lane)), Job.state.in_(OPEN))


def at_work(session: Session, site_ids: Collection[str]) -> set[str]:
    """Those of these sites that have begun a job."""
    wanted = select(Job.site_id).where(Job.site_id.in_(site_ids), is_open(), Job.phase.is_not(None))
    return set(session.scalars(wanted.distinct())) if site_ids else set()


def tokens_waiting(session: Session, sites: Iterable[Site]) -> dict[str, EnrolmentToken]:
    """Site to its newest token that is unused and not run out, for sites that have not joined."""
    invited = [site.id for site in sites if site.state is SiteState.INVITED]
    if not invited:
        return {}
    rows = session.scalars(
        select(EnrolmentToken)
        .where(
            EnrolmentToken.site_id.in_(invited),
            EnrolmentToken.used.is_(None),
            EnrolmentToken.expires > now(),
        )
        .order_by(EnrolmentToken.created)
    )
    return {token.site_id: token for token in rows}


def by_ids(session: Session, site_ids: Collection[str]) -> dict[str, Site]:
    """Without asking who asks: for naming them."""
    if not site_ids:
        return {}
    rows = session.scalars(select(Site).where(Site.id.in_(set(site_ids))))
    return {site.id: site for site in rows}
