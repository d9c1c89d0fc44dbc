"""What holds now and whom it concerns, read from the database as it stands: no act has to remember to tell anyone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.access.permissions import Permission
from app.federations.states import MembershipState
from app.notices import sources
from app.notices.states import NoticeKind
from app.people import queries as people
from app.runs import queries as runs
from app.sites import silence

EXPIRING_WITHIN = timedelta(days=14)
RECENTLY = timedelta(days=2)


@dataclass(frozen=True)
class Finding:
    kind: NoticeKind
    institution: str
    subject: str
    people: tuple[str, ...]
    facts: dict[str, Any] = field(default_factory=dict)


def everything(session: Session, at: datetime) -> Iterator[Finding]:
    for part in PARTS:
        yield from part(session, at)


def _holders(session: Session, institution: str, permission: Permission) -> tuple[str, ...]:
    return tuple(p.id for p in people.people_with(session, institution, permission))


def approvals(session: Session, at: datetime) -> Iterator[Finding]:
    for run, approval in sources.open_approvals(session, at):
        federation = runs.federation_of(session, run)
        yield Finding(
            NoticeKind.APPROVAL_WANTED,
            approval.institution_id,
            approval.id,
            _holders(session, approval.institution_id, Permission.RUN_APPROVE),
            {
                "federation": federation.name,
                "number": run.number,
                "until": approval.expires.date().isoformat(),
                "path": f"/i/{approval.institution_id}/approvals/{approval.id}",
            },
        )


def drafts(session: Session, at: datetime) -> Iterator[Finding]:
    """A draft not touched for an hour: its drafter is done, another person is wanted."""
    for draft in sources.resting_drafts(session, at - timedelta(hours=1)):
        holders = _holders(session, draft.institution_id, Permission.POLICY_APPROVE)
        yield Finding(
            NoticeKind.POLICY_WANTED,
            draft.institution_id,
            f"{draft.id} {draft.revision}",
            tuple(p for p in holders if p != draft.drafted_by),
            {
                "number": draft.number,
                "path": f"/i/{draft.institution_id}/policy/{draft.number}",
            },
        )


def memberships(session: Session, at: datetime) -> Iterator[Finding]:
    kinds = {
        MembershipState.PAUSED: NoticeKind.TERMS_CHANGED,
        MembershipState.INVITED: NoticeKind.INVITED,
    }
    for federation, membership in sources.unanswered(session, tuple(kinds)):
        place = membership.institution_id
        yield Finding(
            kinds[membership.state],
            place,
            f"{membership.id} {federation.agreement_digest[:12]}",
            _holders(session, place, Permission.FEDERATION_JOIN),
            {"federation": federation.name, "path": f"/federations/{federation.id}/join"},
        )


def leads(session: Session, at: datetime) -> Iterator[Finding]:
    """The lead of a federation is offered to a member: told anew for each offer."""
    for federation in sources.offered_leads(session):
        to, offered = federation.offered_to, federation.offered
        assert to is not None and offered is not None
        yield Finding(
            NoticeKind.LEAD_OFFERED,
            to,
            f"{federation.id} {offered:%Y%m%d%H%M%S%f}",
            _holders(session, to, Permission.FEDERATION_LEAD),
            {"federation": federation.name, "path": f"/federations/{federation.id}/lead"},
        )


def offline(session: Session, at: datetime) -> Iterator[Finding]:
    for site in silence.silent(session, at):
        seen = site.last_seen
        assert seen is not None
        yield Finding(
            NoticeKind.SITE_OFFLINE,
            site.institution_id,
            f"{site.id} {seen:%Y%m%d%H%M}",
            _holders(session, site.institution_id, Permission.SITE_EDIT),
            {
                "site": site.name,
                "seen": seen.strftime("%Y-%m-%d %H:%M"),
                "path": f"/i/{site.institution_id}/sites/{site.id}",
            },
        )


def void_rounds(session: Session, at: datetime) -> Iterator[Finding]:
    for run, found in sources.void_since(session, at - RECENTLY):
        federation = runs.federation_of(session, run)
        yield Finding(
            NoticeKind.ROUND_VOID,
            federation.lead_id,
            found.id,
            _holders(session, federation.lead_id, Permission.RUN_LEAD),
            {
                "federation": federation.name,
                "number": run.number,
                "round": found.number,
                "path": f"/runs/{run.id}/rounds/{found.number}",
            },
        )


def tokens(session: Session, at: datetime) -> Iterator[Finding]:
    for token in sources.expiring_tokens(session, at, at + EXPIRING_WITHIN):
        yield Finding(
            NoticeKind.TOKEN_EXPIRING,
            token.institution_id,
            token.id,
            _holders(session, token.institution_id, Permission.TOKEN_EDIT),
            {
                "token": token.name,
                "until": token.expires.date().isoformat(),
                "path": f"/i/{token.institution_id}/integrations",
            },
        )


def webhooks(session: Session, at: datetime) -> Iterator[Finding]:
    for webhook in sources.webhooks_off(session):
        place = webhook.institution_id
        yield Finding(
            NoticeKind.WEBHOOK_OFF,
            place,
            f"{webhook.id} {webhook.changed:%Y%m%d%H%M%S}",
            _holders(session, place, Permission.WEBHOOK_EDIT),
            {
                "host": webhook.host,
                "path": f"/i/{place}/integrations/webhooks/{webhook.id}",
            },
        )


def reviews(session: Session, at: datetime) -> Iterator[Finding]:
    """A confirmed profile has a newer version, or was confirmed more than half a year ago."""
    for place, held in sources.profiles_to_review(session, at):
        assert held.decision is not None
        profile = held.newest.profile
        yield Finding(
            NoticeKind.PROFILE_REVIEW,
            place,
            f"{held.decision.id} {profile.number} {held.standing}",
            _holders(session, place, Permission.POLICY_APPROVE),
            {
                "profile": profile.name,
                "path": f"/i/{place}/policy/profiles/{profile.profile}",
            },
        )


def erasures(session: Session, at: datetime) -> Iterator[Finding]:
    """A site told that someone withdrew: once a day and site, to those who answer for the institution's policy."""
    for request, site in sources.erasures_since(session, at - RECENTLY):
        yield Finding(
            NoticeKind.ERASURE_OPEN,
            request.institution_id,
            request.id,
            _holders(session, request.institution_id, Permission.AUDIT_READ),
            {"site": site, "path": f"/i/{request.institution_id}/sites/{request.site_id}"},
        )


def ties(session: Session, at: datetime) -> Iterator[Finding]:
    """A district offers a tie: told to those of the school who may accept it."""
    for tie, district in sources.offered_ties(session):
        yield Finding(
            NoticeKind.TIE_OFFERED,
            tie.school_id,
            tie.id,
            _holders(session, tie.school_id, Permission.PEOPLE_EDIT),
            {"district": district, "path": f"/i/{tie.school_id}/district"},
        )


def floors(session: Session, at: datetime) -> Iterator[Finding]:
    """A district proposes a floor: told to the school's officers; to who drafts its policy where it has none."""
    for floor, district in sources.proposed_floors(session):
        place = floor.school_id
        yield Finding(
            NoticeKind.FLOOR_PROPOSED,
            place,
            floor.id,
            _holders(session, place, Permission.POLICY_APPROVE)
            or _holders(session, place, Permission.POLICY_DRAFT),
            {"district": district, "path": f"/i/{place}/district"},
        )


PARTS: tuple[Callable[[Session, datetime], Iterator[Finding]], ...] = (
    approvals,
    drafts,
    memberships,
    leads,
    offline,
    void_rounds,
    tokens,
    webhooks,
    reviews,
    erasures,
    ties,
    floors,
)
