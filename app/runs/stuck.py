"""Reads for the sweep: whatever no one holds and nobody will bring forward by himself."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from app.federations.models import Membership
from app.federations.states import MembershipState
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.runs.models import Round, Run, Update
from app.runs.queries import OPEN_ROUND
from app.runs.states import RoundState, RunState, UpdateState
from app.sites.models import Job, Site
from app.sites.states import ENDED, SiteState
from worker.protocol.codes import JobKind


def overdue_rounds(session: Session, at: datetime) -> Sequence[str]:
    """Rounds in training whose deadline is over, or none of whose jobs is open any more."""
    unfinished = select(Job.round_id).where(
        Job.kind == JobKind.TRAIN, Job.state.not_in(ENDED), Job.round_id.is_not(None)
    )
    return session.scalars(
        select(Round.id)
        .where(
            Round.state == RoundState.TRAINING,
            or_(Round.deadline <= at, Round.id.not_in(unfinished)),
        )
        .order_by(Round.id)
    ).all()


def unheld_aggregations(session: Session, at: datetime) -> Sequence[str]:
    """Rounds being combined that no worker holds."""
    return session.scalars(
        select(Round.id)
        .where(
            Round.state == RoundState.AGGREGATING,
            or_(Round.held_until.is_(None), Round.held_until < at),
        )
        .order_by(Round.id)
    ).all()


def unevaluated(session: Session, since: datetime) -> Sequence[str]:
    """Rounds closed after `since` whose states no site was asked about. Whether the plan wants it: `jobs`."""
    asked = select(Job.round_id).where(Job.kind == JobKind.EVALUATE, Job.round_id.is_not(None))
    return session.scalars(
        select(Round.id)
        .join(Run, Run.id == Round.run_id)
        .where(
            Round.state == RoundState.CLOSED,
            Round.closed > since,
            Round.id.not_in(asked),
            Run.state.in_((RunState.RUNNING, RunState.PAUSED, RunState.COMPLETED)),
        )
        .order_by(Round.id)
    ).all()


def approved_runs(session: Session, at: datetime) -> Sequence[str]:
    """Approved runs that no worker prepares."""
    return session.scalars(
        select(Run.id)
        .where(
            Run.state == RunState.APPROVED,
            or_(Run.held_until.is_(None), Run.held_until < at),
        )
        .order_by(Run.id)
    ).all()


def runs_without_round(session: Session) -> Sequence[str]:
    """Running runs with no open round: waiting for sites, or between rounds, or at their end."""
    busy = select(Round.run_id).where(Round.state.in_(OPEN_ROUND))
    return session.scalars(
        select(Run.id).where(Run.state == RunState.RUNNING, Run.id.not_in(busy)).order_by(Run.id)
    ).all()


def pause_wanted(session: Session) -> Sequence[str]:
    """Runs asked to pause after their round."""
    return session.scalars(
        select(Run.id).where(Run.state == RunState.RUNNING, Run.pause_asked.is_(True))
    ).all()


def proposed_runs(session: Session) -> Sequence[Run]:
    return session.scalars(select(Run).where(Run.state == RunState.PROPOSED).order_by(Run.id)).all()


def jobs_of_departed(session: Session) -> Sequence[Job]:
    """Open jobs at sites whose institution is no active member or is suspended, or which were revoked."""
    member = (
        select(Membership.id)
        .join(Run, Run.federation_id == Membership.federation_id)
        .where(
            Run.id == Job.run_id,
            Membership.institution_id == Site.institution_id,
            Membership.state == MembershipState.ACTIVE,
        )
        .exists()
    )
    return session.scalars(
        select(Job)
        .join(Site, Site.id == Job.site_id)
        .join(Institution, Institution.id == Site.institution_id)
        .where(
            Job.state.not_in(ENDED),
            Job.cancel_asked.is_(False),
            or_(
                ~member,
                Site.state != SiteState.READY,
                Institution.state == InstitutionState.SUSPENDED,
            ),
        )
        .order_by(Job.id)
    ).all()


def jobs_of_ended(session: Session) -> Sequence[Job]:
    """Open training jobs of rounds that ended without them, once no round can open that they would go over to."""
    next_ = aliased(Round)
    opened = select(next_.id).where(next_.run_id == Round.run_id, next_.number > Round.number)
    return session.scalars(
        select(Job)
        .join(Round, Round.id == Job.round_id)
        .join(Run, Run.id == Round.run_id)
        .where(
            Job.kind == JobKind.TRAIN,
            Job.state.not_in(ENDED),
            Job.cancel_asked.is_(False),
            Round.state.in_((RoundState.CLOSED, RoundState.VOID)),
            or_(Run.state != RunState.RUNNING, opened.exists()),
        )
    ).all()


def deletable(session: Session, round_id: str | None = None) -> Sequence[Update]:
    """Updates of rounds that ended, whose bytes still stand in the store."""
    wanted = (
        select(Update)
        .join(Round, Round.id == Update.round_id)
        .where(
            Round.state.in_((RoundState.CLOSED, RoundState.VOID)),
            Update.state != UpdateState.DELETED,
        )
        .order_by(Update.id)
    )
    if round_id is not None:
        wanted = wanted.where(Update.round_id == round_id)
    return session.scalars(wanted).all()
