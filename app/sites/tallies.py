"""Reads over many sites at once, so that a list of them costs no more statements than one of them does."""

from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, bindparam, func, select
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


_READY = (
    select(Site)
    .where(Site.institution_id.in_(bindparam("ids", expanding=True)), Site.state == SiteState.READY)
    .order_by(Site.id)
)


def ready_of(session: Session, institution_ids: Collection[str]) -> Sequence[Site]:
    """Ready sites of these institutions, by id."""
    return session.scalars(_READY, {"ids": list(institution_ids)}).all()


def alive(session: Session, within_s: int) -> tuple[int, int]:
    """How many ready sites were seen lately, and how many there are: machinery, for operators."""
    ready = select(func.count(Site.id)).where(Site.state == SiteState.READY)
    every = session.scalar(ready) or 0
    recent = session.scalar(ready.where(Site.last_seen > now() - timedelta(seconds=within_s))) or 0
    return recent, every


def versions(session: Session) -> list[tuple[str, int]]:
    """How many ready sites run which software, as they last said: machinery, for operators."""
    wanted = select(Site.software, func.count(Site.id)).where(Site.state == SiteState.READY)
    rows = session.execute(wanted.group_by(Site.software).order_by(Site.software)).all()
    return [(software, count) for software, count in rows]
