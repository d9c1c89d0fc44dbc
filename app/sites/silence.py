"""Sites that are not heard in hours of their own: said once in the audit trail for each silence."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import or_, update
from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record
from app.sites import hours, queries
from app.sites.models import Site

AFTER = timedelta(hours=1)
"""Shorter silences are what networks do."""


def silent(session: Session, at: datetime) -> Iterator[Site]:
    """Confirmed sites last heard an hour ago or more, whose hours it is."""
    for site in queries.last_heard_before(session, at - AFTER):
        if hours.is_open(site.readiness, at):
            yield site


def note(session: Session, at: datetime) -> int:
    """An event for each silence that has none yet; returns how many."""
    noted = 0
    for site in silent(session, at):
        begun = session.execute(
            update(Site)
            .where(
                Site.id == site.id,
                Site.last_seen == site.last_seen,
                or_(Site.offline_since.is_(None), Site.offline_since < site.last_seen),
            )
            .values(offline_since=site.last_seen)
            .execution_options(synchronize_session=False)
        )
        if begun.rowcount == 1:  # type: ignore[attr-defined]
            record(session, "hub", kinds.SITE_OFFLINE, chain=site.institution_id, subject=site.id)
            noted += 1
    return noted
