"""What notices are made of, across every institution at once: for the hub's own looking, never for a page."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.erasure.models import ErasureRequest
from app.federations.models import Federation, Membership
from app.federations.states import FederationState, MembershipState
from app.institutions.models import Institution, Tie
from app.institutions.states import TieState
from app.integrations.models import Webhook
from app.integrations.states import WebhookState
from app.people.models import ApiToken
from app.policies import decisions
from app.policies.decisions import Held
from app.policies.models import PolicyFloor, PolicyVersion, ProfileDecision
from app.policies.states import FloorState, PolicyState
from app.runs.models import Round, Run, RunApproval
from app.runs.states import RUN_ENDED, RoundState
from app.sites.models import Site


def open_approvals(session: Session, at: datetime) -> list[tuple[Run, RunApproval]]:
    """Neither answered nor run out, of runs that have not ended."""
    rows = session.execute(
        select(Run, RunApproval)
        .join(RunApproval, RunApproval.run_id == Run.id)
        .where(
            RunApproval.choice.is_(None),
            RunApproval.expires > at,
            Run.state.not_in(RUN_ENDED),
        )
    )
    return [(run, approval) for run, approval in rows]


def resting_drafts(session: Session, before: datetime) -> Sequence[PolicyVersion]:
    query = select(PolicyVersion).where(
        PolicyVersion.state == PolicyState.DRAFT, PolicyVersion.changed < before
    )
    return session.scalars(query).all()


def profiles_to_review(session: Session, at: datetime) -> list[tuple[str, Held]]:
    """Institution and profile, where a person confirmed it and is wanted again."""
    confirmed = select(ProfileDecision.institution_id).where(ProfileDecision.applies)
    places = session.scalars(select(Institution).where(Institution.id.in_(confirmed))).all()
    found = decisions.held_of(session, places, at)
    return [
        (place, held)
        for place, every in found.items()
        for held in every
        if held.standing in ("changed", "due")
    ]


def unanswered(
    session: Session, states: tuple[MembershipState, ...]
) -> list[tuple[Federation, Membership]]:
    """Memberships in these states, of open federations."""
    rows = session.execute(
        select(Federation, Membership)
        .join(Membership, Membership.federation_id == Federation.id)
        .where(Federation.state == FederationState.OPEN, Membership.state.in_(states))
    )
    return [(federation, membership) for federation, membership in rows]


def offered_leads(session: Session) -> Sequence[Federation]:
    """Open federations whose lead waits for another member's answer."""
    query = select(Federation).where(
        Federation.state == FederationState.OPEN, Federation.offered_to.is_not(None)
    )
    return session.scalars(query).all()


def void_since(session: Session, since: datetime) -> list[tuple[Run, Round]]:
    rows = session.execute(
        select(Run, Round)
        .join(Round, Round.run_id == Run.id)
        .where(Round.state == RoundState.VOID, Round.closed >= since)
    )
    return [(run, found) for run, found in rows]


def expiring_tokens(session: Session, at: datetime, until: datetime) -> Sequence[ApiToken]:
    query = select(ApiToken).where(
        ApiToken.revoked.is_(None), ApiToken.expires > at, ApiToken.expires <= until
    )
    return session.scalars(query).all()


def erasures_since(session: Session, since: datetime) -> list[tuple[ErasureRequest, str]]:
    """With the site's name."""
    rows = session.execute(
        select(ErasureRequest, Site.name)
        .join(Site, Site.id == ErasureRequest.site_id)
        .where(ErasureRequest.opened >= since)
    )
    return [(request, site) for request, site in rows]


def webhooks_off(session: Session) -> Sequence[Webhook]:
    """Turned off by the hub and not on again."""
    return session.scalars(select(Webhook).where(Webhook.state == WebhookState.OFF)).all()


def offered_ties(session: Session) -> list[tuple[Tie, str]]:
    """With the district's name."""
    rows = session.execute(
        select(Tie, Institution.name)
        .join(Institution, Institution.id == Tie.district_id)
        .where(Tie.state == TieState.OFFERED)
    )
    return [(tie, district) for tie, district in rows]


def proposed_floors(session: Session) -> list[tuple[PolicyFloor, str]]:
    """With the district's name."""
    rows = session.execute(
        select(PolicyFloor, Institution.name)
        .join(Institution, Institution.id == PolicyFloor.district_id)
        .where(PolicyFloor.state == FloorState.PROPOSED)
    )
    return [(floor, district) for floor, district in rows]
