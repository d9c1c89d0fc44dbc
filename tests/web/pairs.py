"""For every form of the pages: the API route that does the same act, or why a program does not do it."""

from dataclasses import dataclass

from app.access.permissions import Permission


@dataclass(frozen=True)
class Never:
    """What no token may do, by the table in `app.access.permissions`."""

    permission: Permission


@dataclass(frozen=True)
class Reason:
    """Why this form is a person's alone, or no act of an institution at all."""

    sentence: str


Pair = str | Never | Reason

_OWN_ACCOUNT = Reason(
    "A person's own access: a token is not that person, and must not get in again by itself."
)
_BROWSER = Reason("Changes what this browser shows; a program has no browser.")
_REGISTERS = Reason("Makes a person and an institution; a token exists only within an institution.")
_INVITED = Reason("The link came to a person by mail, who becomes a member by their own hand.")
_MAILBOX = Reason(
    "Shows that a person reads this mailbox: a code is mailed to it and typed by them."
)
_SIX_WORDS = Reason(
    "A person compares six words at the site with six in the browser; a program would only copy them."
)
_OPERATES = Never(Permission.HUB_OPERATE)
_PEOPLE = Never(Permission.PEOPLE_EDIT)
_TOKENS = Never(Permission.TOKEN_EDIT)
_RUN_APPROVAL = Never(Permission.RUN_APPROVE)
_POLICY_APPROVAL = Never(Permission.POLICY_APPROVE)

ACCESS: dict[str, Pair] = {
    "/account/devices/{}/end": _OWN_ACCOUNT,
    "/account/name": _OWN_ACCOUNT,
    "/account/notices": _OWN_ACCOUNT,
    "/notices/read": _OWN_ACCOUNT,
    "/account/password": _OWN_ACCOUNT,
    "/account/recovery-codes": _OWN_ACCOUNT,
    "/account/second-factor": _OWN_ACCOUNT,
    "/account/second-factor/confirm": _OWN_ACCOUNT,
    "/account/second-factor/stop": _OWN_ACCOUNT,
    "/second-factor/stop/{}": _OWN_ACCOUNT,
    "/password/forgot": _OWN_ACCOUNT,
    "/password/reset/{}": _OWN_ACCOUNT,
    "/sign-in": _OWN_ACCOUNT,
    "/sign-in/code": _OWN_ACCOUNT,
    "/sign-in/recovery": _OWN_ACCOUNT,
    "/sign-out": _OWN_ACCOUNT,
    "/step-up": _OWN_ACCOUNT,
    "/display": _BROWSER,
    "/switch": _BROWSER,
    "/demo/be": _BROWSER,
    "/invitations/{}/accept": _INVITED,
    "/invitations/{}/decline": _INVITED,
    "/register/check": _REGISTERS,
    "/register/{}": _REGISTERS,
}
INSTITUTION: dict[str, Pair] = {
    "/i/{}/verification/details": "PUT /institutions/{}",
    "/i/{}/verification/registry": "POST /institutions/{}/proofs",
    "/i/{}/verification/domain": "POST /institutions/{}/domain-record",
    "/i/{}/verification/mailbox": _MAILBOX,
    "/i/{}/verification/mailbox/code": _MAILBOX,
    "/i/{}/district/offer": "POST /institutions/{}/ties",
    "/i/{}/district/{}/accept": _PEOPLE,
    "/i/{}/district/{}/decline": _PEOPLE,
    "/i/{}/district/{}/end": _PEOPLE,
    "/i/{}/district/floors": _POLICY_APPROVAL,
    "/i/{}/district/floors/{}/accept": _POLICY_APPROVAL,
    "/i/{}/district/floors/{}/refuse": _POLICY_APPROVAL,
    "/i/{}/district/floors/{}/withdraw": _POLICY_APPROVAL,
    "/i/{}/people/invite": _PEOPLE,
    "/i/{}/people/invitations/{}/withdraw": _PEOPLE,
    "/i/{}/people/{}/grant": _PEOPLE,
    "/i/{}/people/{}/remove": _PEOPLE,
    "/i/{}/people/{}/reset-factor": _PEOPLE,
    "/i/{}/people/{}/revoke": _PEOPLE,
    "/i/{}/policy/draft": "POST /institutions/{}/policies",
    "/i/{}/policy/draft/effect": "POST /institutions/{}/policies/effect",
    "/i/{}/policy/draft/save": "PUT /policies/{}",
    "/i/{}/incidents": "POST /institutions/{}/incidents",
    "/i/{}/policy/purposes": "POST /institutions/{}/purposes",
    "/i/{}/policy/purposes/{}": "PUT /purposes/{}",
    "/i/{}/policy/purposes/{}/end": "DELETE /purposes/{}",
    "/i/{}/policy/profiles/place": "PUT /institutions/{}/place",
    "/i/{}/policy/profiles/{}/confirm": _POLICY_APPROVAL,
    "/i/{}/policy/profiles/{}/set-aside": _POLICY_APPROVAL,
    "/i/{}/policy/{}/approve": _POLICY_APPROVAL,
    "/i/{}/policy/{}/decline": _POLICY_APPROVAL,
    "/i/{}/sites/new": "POST /institutions/{}/sites",
    "/i/{}/sites/new/{}/confirm": _SIX_WORDS,
    "/i/{}/sites/new/{}/renew": "POST /sites/{}/token",
    "/i/{}/sites/{}/revoke": "DELETE /sites/{}",
    "/i/{}/approvals/{}/approve": _RUN_APPROVAL,
    "/i/{}/approvals/{}/decline": _RUN_APPROVAL,
    "/i/{}/classes": "POST /institutions/{}/classes",
    "/i/{}/classes/{}/confirm": "POST /classes/{}/confirm",
    "/i/{}/classes/{}/assign": "POST /classes/{}/instructors",
    "/i/{}/classes/{}/unassign": "DELETE /classes/{}/instructors/{}",
    "/i/{}/evidence/archive": "GET /institutions/{}/evidence/archive",
    "/i/{}/evidence/{}/download": "GET /institutions/{}/evidence/{}/file",
    "/i/{}/integrations": _TOKENS,
    "/i/{}/integrations/{}/revoke": _TOKENS,
    "/i/{}/integrations/webhooks": "POST /institutions/{}/webhooks",
    "/i/{}/integrations/webhooks/{}/change": "PUT /webhooks/{}",
    "/i/{}/integrations/webhooks/{}/secret": "POST /webhooks/{}/secret",
    "/i/{}/integrations/webhooks/{}/test": "POST /webhooks/{}/test",
    "/i/{}/integrations/webhooks/{}/turn-on": "POST /webhooks/{}/turn-on",
    "/i/{}/integrations/webhooks/{}/remove": "DELETE /webhooks/{}",
    "/i/{}/integrations/webhooks/{}/deliveries/{}/replay": "POST /deliveries/{}/replay",
}
REPORTS: dict[str, Pair] = {
    "/classes/{}/report/download": "GET /reports/{}/table",
    "/classes/{}/report/feedback": "PUT /reports/{}/feedback",
}
FEDERATIONS: dict[str, Pair] = {
    "/federations/new": "POST /federations",
    "/federations/{}/edit/{}": "PATCH /federations/{}",
    "/federations/{}/edit/task": "POST /federations/{}/sheets",
    "/federations/{}/edit/sheet": "POST /federations/{}/sheets",
    "/federations/{}/edit/remove": "DELETE /federations/{}/sheets/{}",
    "/federations/{}/open": "POST /federations/{}/open",
    "/federations/{}/members/invite": "POST /federations/{}/invitations",
    "/federations/{}/request": "POST /federations/{}/requests",
    "/federations/{}/accept": "POST /federations/{}/memberships/{}/accept",
    "/federations/{}/decline": "POST /federations/{}/memberships/{}/decline",
    "/federations/{}/lead/offer": "PUT /federations/{}/lead/offer",
    "/federations/{}/lead/withdraw": "DELETE /federations/{}/lead/offer",
    "/federations/{}/lead/accept": "POST /federations/{}/lead/offer/answer",
    "/federations/{}/lead/decline": "POST /federations/{}/lead/offer/answer",
    "/federations/{}/close": "POST /federations/{}/close",
    "/federations/{}/leave": "DELETE /federations/{}/memberships/{}",
    "/federations/{}/runs/new": "POST /federations/{}/runs",
    "/federations/{}/releases/{}/download": "GET /releases/{}/archive",
    "/federations/{}/releases/{}/adapter": "GET /releases/{}/adapter",
    "/federations/{}/releases/{}/roll-back": "POST /releases/{}/roll-back",
    "/runs/{}/start": "POST /runs/{}/start",
    "/runs/{}/pause": "POST /runs/{}/pause",
    "/runs/{}/resume": "POST /runs/{}/resume",
    "/runs/{}/cancel": "POST /runs/{}/cancel",
}
OPERATOR: dict[str, Pair] = {
    "/operator/institutions/{}/decide": _OPERATES,
    "/operator/institutions/{}/proof": _OPERATES,
    "/operator/models/{}/allow": _OPERATES,
    "/operator/models/{}/withdraw": _OPERATES,
    "/operator/people/{}/reset-factor": _OPERATES,
    "/operator/people/invite": _OPERATES,
}
PAIRS = ACCESS | INSTITUTION | REPORTS | FEDERATIONS | OPERATOR
