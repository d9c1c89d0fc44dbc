"""What a webhook can be told: a closed list, each from one kind of the audit trail, with ids, numbers and codes."""

from dataclasses import dataclass
from enum import StrEnum

from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.text import N_


class HookEvent(StrEnum):
    RUN_PROPOSED = "run.proposed"
    APPROVAL_NEEDED = "approval.needed"
    RUN_COMPLETED = "run.completed"
    RUN_FAILED = "run.failed"
    RUN_CANCELLED = "run.cancelled"
    ROUND_VOID = "round.void"
    SITE_OFFLINE = "site.offline"
    POLICY_IN_FORCE = "policy.in-force"
    RELEASE_PUBLISHED = "release.published"
    TERMS_CHANGED = "terms.changed"
    MEMBER_INVITED = "member.invited"
    MEMBER_JOINED = "member.joined"
    MEMBER_LEFT = "member.left"


TEST = "webhook.test"
"""What a person sends to see whether it arrives. Nobody listens for it."""


class To(StrEnum):
    """Whose webhooks."""

    OWN = "own"
    """Of the institution whose chain it is."""
    MEMBERS = "members"
    """Of every member of the federation it happened in."""


@dataclass(frozen=True)
class Telling:
    """`subject` names the event's subject in the message. `needs`: what the receiver's maker may read."""

    kind: Kind
    to: To
    subject: str
    needs: Permission
    title: str


_RUN, _FEDERATION = Permission.RUN_READ, Permission.FEDERATION_READ
TELLINGS: dict[HookEvent, Telling] = {
    HookEvent.RUN_PROPOSED: Telling(
        kinds.RUN_PROPOSED, To.MEMBERS, "run", _RUN, N_("A run is proposed")
    ),
    HookEvent.APPROVAL_NEEDED: Telling(
        kinds.RUN_ASKED, To.OWN, "run", _RUN, N_("A run needs your approval")
    ),
    HookEvent.RUN_COMPLETED: Telling(
        kinds.RUN_COMPLETED, To.MEMBERS, "run", _RUN, N_("A run is completed")
    ),
    HookEvent.RUN_FAILED: Telling(
        kinds.RUN_FAILED, To.MEMBERS, "run", _RUN, N_("A run has failed")
    ),
    HookEvent.RUN_CANCELLED: Telling(
        kinds.RUN_CANCELLED, To.MEMBERS, "run", _RUN, N_("A run is cancelled")
    ),
    HookEvent.ROUND_VOID: Telling(
        kinds.ROUND_VOID, To.MEMBERS, "round", _RUN, N_("A round is void")
    ),
    HookEvent.SITE_OFFLINE: Telling(
        kinds.SITE_OFFLINE, To.OWN, "site", Permission.SITE_READ, N_("A site is offline")
    ),
    HookEvent.POLICY_IN_FORCE: Telling(
        kinds.SITE_POLICY_ACCEPTED,
        To.OWN,
        "site",
        Permission.POLICY_READ,
        N_("A policy is in force at a site"),
    ),
    HookEvent.RELEASE_PUBLISHED: Telling(
        kinds.RELEASE_PUBLISHED, To.MEMBERS, "release", _RUN, N_("A release is published")
    ),
    HookEvent.TERMS_CHANGED: Telling(
        kinds.FEDERATION_TERMS_CHANGED,
        To.MEMBERS,
        "federation",
        _FEDERATION,
        N_("A federation’s terms have changed"),
    ),
    HookEvent.MEMBER_INVITED: Telling(
        kinds.MEMBERSHIP_INVITED,
        To.OWN,
        "membership",
        _FEDERATION,
        N_("Your institution, or one into your federation, is invited"),
    ),
    HookEvent.MEMBER_JOINED: Telling(
        kinds.MEMBERSHIP_ACCEPTED,
        To.MEMBERS,
        "membership",
        _FEDERATION,
        N_("An institution has joined"),
    ),
    HookEvent.MEMBER_LEFT: Telling(
        kinds.MEMBERSHIP_LEFT,
        To.MEMBERS,
        "membership",
        _FEDERATION,
        N_("An institution has left"),
    ),
}
BY_KIND: dict[str, HookEvent] = {t.kind.name: event for event, t in TELLINGS.items()}
