"""The sentence of a notice, in its reader's language."""

from typing import Any

from app.notices.models import Notice
from app.notices.states import NoticeKind
from app.text import _


def sentence(notice: Notice) -> str:
    return _pattern(notice.kind).format(**_plain(notice.facts))


def _plain(facts: dict[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in facts.items()}


def _pattern(kind: NoticeKind) -> str:
    return {
        NoticeKind.APPROVAL_WANTED: _(
            "{federation} asks to approve run {number}, by {until}. Without an answer your sites stay out of it."
        ),
        NoticeKind.POLICY_WANTED: _("Policy version {number} waits for another person’s approval."),
        NoticeKind.TERMS_CHANGED: _(
            "{federation} has new terms. Your part is paused until you accept them."
        ),
        NoticeKind.INVITED: _("{federation} invites your institution."),
        NoticeKind.LEAD_OFFERED: _(
            "The lead of {federation} is offered to your institution. Take it over or decline."
        ),
        NoticeKind.SITE_OFFLINE: _("The site “{site}” has not been heard since {seen} (UTC)."),
        NoticeKind.ROUND_VOID: _(
            "Round {round} of run {number} of {federation} is void. Nothing of it was kept."
        ),
        NoticeKind.TOKEN_EXPIRING: _("The API token “{token}” stops working on {until}."),
        NoticeKind.WEBHOOK_OFF: _(
            "The webhook to {host} is off: its server failed for days, or asked to be told no more."
        ),
        NoticeKind.PROFILE_REVIEW: _(
            "“{profile}” is to be looked at again. What you confirmed holds until you do."
        ),
        NoticeKind.ERASURE_OPEN: _(
            "At the site “{site}” someone withdrew consent. Who it is stands there: your data steward looks."
        ),
        NoticeKind.TIE_OFFERED: _(
            "{district} says that it is your institution’s district. Accept or decline."
        ),
        NoticeKind.FLOOR_PROPOSED: _(
            "{district} proposes a floor for your policy. Accept it, or refuse and say why."
        ),
    }[kind]


def kind(value: NoticeKind) -> str:
    """For choosing what comes by mail."""
    return {
        NoticeKind.APPROVAL_WANTED: _("A run waits for approval"),
        NoticeKind.POLICY_WANTED: _("A policy waits for approval"),
        NoticeKind.TERMS_CHANGED: _("A federation has new terms"),
        NoticeKind.INVITED: _("A federation invites us"),
        NoticeKind.LEAD_OFFERED: _("The lead of a federation is offered to us"),
        NoticeKind.SITE_OFFLINE: _("A site is offline"),
        NoticeKind.ROUND_VOID: _("A round is void"),
        NoticeKind.TOKEN_EXPIRING: _("An API token is about to expire"),
        NoticeKind.WEBHOOK_OFF: _("A webhook is off"),
        NoticeKind.PROFILE_REVIEW: _("A law or contract is to be looked at again"),
        NoticeKind.ERASURE_OPEN: _("Someone at a site withdrew consent"),
        NoticeKind.TIE_OFFERED: _("An institution says it is our district"),
        NoticeKind.FLOOR_PROPOSED: _("Our district proposes a floor for our policy"),
    }[value]
