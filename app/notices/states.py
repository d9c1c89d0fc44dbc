"""What people are told of, and who keeps it up to date: some stop being true, others have simply happened."""

from enum import StrEnum


class NoticeKind(StrEnum):
    APPROVAL_WANTED = "approval-wanted"
    POLICY_WANTED = "policy-wanted"
    TERMS_CHANGED = "terms-changed"
    INVITED = "invited"
    SITE_OFFLINE = "site-offline"
    ROUND_VOID = "round-void"
    TOKEN_EXPIRING = "token-expiring"
    WEBHOOK_OFF = "webhook-off"
    LEAD_OFFERED = "lead-offered"
    PROFILE_REVIEW = "profile-review"
    ERASURE_OPEN = "erasure-open"
    TIE_OFFERED = "tie-offered"
    FLOOR_PROPOSED = "floor-proposed"


HAPPENED = frozenset({NoticeKind.ROUND_VOID, NoticeKind.ERASURE_OPEN})
"""Told once and true for ever. Every other kind is settled when it no longer holds."""

WAITING = frozenset(
    {
        NoticeKind.APPROVAL_WANTED,
        NoticeKind.POLICY_WANTED,
        NoticeKind.TERMS_CHANGED,
        NoticeKind.INVITED,
        NoticeKind.LEAD_OFFERED,
        NoticeKind.TIE_OFFERED,
        NoticeKind.FLOOR_PROPOSED,
    }
)
"""These stand among the tasks of the home page already, so the pages do not say them twice."""
