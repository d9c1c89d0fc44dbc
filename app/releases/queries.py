"""Reads of releases."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import queries as federation_queries
from app.federations.models import Federation
from app.releases.models import Release
from app.runs.models import Run
from app.runs.states import RunState
from app.sites.models import Job
from app.text import _
from worker.protocol.codes import JobKind


def visible_to(session: Session, actor: Actor, federation: Federation) -> Sequence[Release]:
    """A federation's, newest first. Raises NotFound for a stranger."""
    federation_queries.get(session, actor, Permission.RUN_READ, federation.id)
    return of_federation(session, federation.id)


def get(session: Session, actor: Actor, permission: Permission, release_id: str) -> Release:
    """Raises NotFound for a stranger, NotAllowed for a member without the permission."""
    found = session.get(Release, release_id)
    if found is None:
        raise NotFound(_("There is no such release for you."))
    federation_queries.get(session, actor, permission, found.federation_id)
    return found


def of_federation(session: Session, federation_id: str) -> Sequence[Release]:
    return session.scalars(
        select(Release)
        .where(Release.federation_id == federation_id)
        .order_by(Release.number.desc())
    ).all()


def current(session: Session, federation_id: str) -> Release | None:
    return session.scalars(
        select(Release).where(Release.federation_id == federation_id, Release.current.is_(True))
    ).first()


def of_run(session: Session, run_id: str) -> Release | None:
    return session.scalars(select(Release).where(Release.run_id == run_id)).first()


def by_id(session: Session, release_id: str) -> Release | None:
    return session.get(Release, release_id)


def by_ids(session: Session, ids: set[str]) -> Sequence[Release]:
    """Without asking who asks: for naming them."""
    return session.scalars(select(Release).where(Release.id.in_(ids))).all()


def last_number(session: Session, federation_id: str) -> int:
    found = session.scalar(
        select(func.max(Release.number)).where(Release.federation_id == federation_id)
    )
    return int(found or 0)


def unreleased_runs(session: Session) -> Sequence[str]:
    """Completed runs whose release is missing, or whose sites were not told yet."""
    told = select(Job.run_id).where(Job.kind == JobKind.SWITCH_RELEASE)
    released = select(Release.run_id)
    return session.scalars(
        select(Run.id)
        .where(
            Run.state == RunState.COMPLETED,
            Run.id.not_in(released) | Run.id.not_in(told),
        )
        .order_by(Run.id)
    ).all()
