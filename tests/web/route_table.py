"""Every page's route as everyone: what each of `ROLES` gets, in their order. A new route without a row fails.

303 sends to sign in (nobody), to the right start, or on after an act; 403 names the role that can; 404 is the same for
what is not yours and what does not exist; 409 and 422 mean that one may, but not now or not so. Forms are sent empty.
"""

ROLES = (
    "nobody",
    "administrator",  # of the institution in the path, which leads the federation
    "officer",
    "instructor",
    "reader",
    "member",  # an administrator of another member
    "stranger",  # an administrator of an institution outside
    "operator",
)

NO_PAGE = frozenset(
    {
        "/runs/{run_id}/bell",
        "/i/{institution}/audit/export/{form}",
        "/operator/audit/export/{form}",
    }
)
"""A stream of events, which does not end by itself, and files: nothing to look at."""

_HOOK = "/i/{institution}/integrations/webhooks/{webhook}"
_FLOOR = "/i/{institution}/district/floors/{floor}"
TABLE = (
    ("GET", "/", "200 303 303 303 303 303 303 303"),
    ("GET", "/accessibility", "200 200 200 200 200 200 200 200"),
    ("GET", "/account", "303 200 200 200 200 200 200 200"),
    ("POST", "/account/devices/{device}/end", "303 404 404 404 404 404 404 404"),
    ("POST", "/account/name", "303 422 422 422 422 422 422 422"),
    ("POST", "/account/notices", "303 303 303 303 303 303 303 303"),
    ("POST", "/notices/read", "303 303 303 303 303 303 303 303"),
    ("POST", "/account/password", "303 422 422 422 422 422 422 422"),
    ("POST", "/account/recovery-codes", "303 200 200 200 200 200 200 200"),
    ("POST", "/account/second-factor", "303 200 200 200 200 200 200 200"),
    ("GET", "/account/second-factor", "303 200 200 200 200 200 200 200"),
    ("POST", "/account/second-factor/stop", "303 404 404 404 404 404 404 404"),
    ("GET", "/second-factor/stop/{token}", "404 404 404 404 404 404 404 404"),
    ("POST", "/second-factor/stop/{token}", "404 404 404 404 404 404 404 404"),
    ("POST", "/account/second-factor/confirm", "303 422 422 422 422 422 422 422"),
    ("GET", "/classes", "303 200 200 200 200 200 200 200"),
    ("GET", "/classes/{class_id}/report", "303 404 404 200 404 404 404 404"),
    ("POST", "/classes/{class_id}/report/download", "303 404 404 200 404 404 404 404"),
    ("POST", "/classes/{class_id}/report/feedback", "303 404 404 422 404 404 404 404"),
    ("POST", "/display", "303 303 303 303 303 303 303 303"),
    ("GET", "/federations", "303 200 200 200 200 200 200 200"),
    ("GET", "/federations/new", "303 200 403 403 403 200 200 404"),
    ("POST", "/federations/new", "303 422 403 403 403 422 422 404"),
    ("GET", "/federations/{federation_id}", "303 200 200 404 200 200 404 404"),
    ("POST", "/federations/{federation_id}/accept", "303 403 403 404 403 403 403 404"),
    ("POST", "/federations/{federation_id}/close", "303 303 403 404 403 404 404 404"),
    ("GET", "/federations/{federation_id}/compatibility", "303 200 200 404 200 200 404 404"),
    ("GET", "/federations/{federation_id}/modalities", "303 200 200 404 200 200 404 404"),
    ("POST", "/federations/{federation_id}/decline", "303 403 403 404 403 403 403 404"),
    ("GET", "/federations/{federation_id}/join", "303 200 200 404 200 200 200 404"),
    ("GET", "/federations/{federation_id}/lead", "303 200 200 404 200 200 404 404"),
    ("POST", "/federations/{federation_id}/lead/accept", "303 404 404 404 404 404 404 404"),
    ("POST", "/federations/{federation_id}/lead/decline", "303 404 404 404 404 404 404 404"),
    ("POST", "/federations/{federation_id}/lead/offer", "303 409 403 404 403 404 404 404"),
    ("POST", "/federations/{federation_id}/lead/withdraw", "303 409 403 404 403 404 404 404"),
    ("GET", "/federations/{federation_id}/leave", "303 200 200 404 403 200 404 404"),
    ("POST", "/federations/{federation_id}/leave", "303 403 403 404 403 403 404 404"),
    ("POST", "/federations/{federation_id}/members/invite", "303 404 403 404 403 404 404 404"),
    ("GET", "/federations/{federation_id}/releases", "303 200 200 404 200 200 404 404"),
    (
        "GET",
        "/federations/{federation_id}/releases/{release_id}",
        "303 200 200 404 200 200 404 404",
    ),
    (
        "GET",
        "/federations/{federation_id}/releases/compare",
        "303 200 200 404 200 200 404 404",
    ),
    (
        "POST",
        "/federations/{federation_id}/releases/{release_id}/download",
        "303 200 200 404 403 200 404 404",
    ),
    (
        "POST",
        "/federations/{federation_id}/releases/{release_id}/adapter",
        "303 404 404 404 403 404 404 404",
    ),
    (
        "POST",
        "/federations/{federation_id}/releases/{release_id}/roll-back",
        "303 409 403 404 403 404 404 404",
    ),
    ("POST", "/federations/{federation_id}/request", "303 403 403 404 403 403 403 404"),
    ("GET", "/federations/{federation_id}/runs/new", "303 200 403 404 403 404 404 404"),
    ("POST", "/federations/{federation_id}/runs/new", "303 422 403 404 403 404 404 404"),
    ("GET", "/federations/{federation_id}/task", "303 200 200 404 200 200 200 404"),
    ("POST", "/federations/{federation}/edit/remove", "303 404 403 404 403 404 404 404"),
    ("POST", "/federations/{federation}/edit/sheet", "303 422 403 404 403 404 404 404"),
    ("POST", "/federations/{federation}/edit/task", "303 422 403 404 403 404 404 404"),
    ("GET", "/federations/{federation}/edit/{step}", "303 200 403 404 403 404 404 404"),
    ("POST", "/federations/{federation}/edit/{step}", "303 422 403 404 403 404 404 404"),
    ("POST", "/federations/{federation}/open", "303 422 403 404 403 404 404 404"),
    ("GET", "/home", "303 200 200 303 200 200 200 303"),
    ("GET", "/i/{institution}", "303 200 200 403 200 404 404 404"),
    ("GET", "/i/{institution}/approvals/{approval}", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/approvals/{approval}/approve", "303 403 303 403 403 404 404 404"),
    ("POST", "/i/{institution}/approvals/{approval}/decline", "303 403 303 403 403 404 404 404"),
    ("GET", "/i/{institution}/audit", "303 200 200 403 403 404 404 404"),
    ("GET", "/i/{institution}/audit/export/{form}", "303 200 200 403 403 404 404 404"),
    ("GET", "/i/{institution}/classes", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/classes", "303 422 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/classes/{class_id}", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/classes/{class_id}/assign", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/classes/{class_id}/confirm", "303 409 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/classes/{class_id}/unassign", "303 404 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/district", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/district/offer", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/district/{tie}/accept", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/district/{tie}/decline", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/district/{tie}/end", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/district/floors", "303 403 409 403 403 404 404 404"),
    ("POST", f"{_FLOOR}/accept", "303 403 409 403 403 404 404 404"),
    ("POST", f"{_FLOOR}/refuse", "303 403 422 403 403 404 404 404"),
    ("POST", f"{_FLOOR}/withdraw", "303 404 404 403 404 404 404 404"),
    ("GET", "/i/{institution}/evidence", "303 200 200 403 403 404 404 404"),
    ("GET", "/i/{institution}/evidence/{document}", "303 200 200 403 403 404 404 404"),
    ("POST", "/i/{institution}/evidence/archive", "303 200 200 403 403 404 404 404"),
    (
        "POST",
        "/i/{institution}/evidence/{document}/download",
        "303 200 200 403 403 404 404 404",
    ),
    ("GET", "/i/{institution}/incidents", "303 200 200 403 403 404 404 404"),
    ("POST", "/i/{institution}/incidents", "303 422 422 403 403 404 404 404"),
    ("GET", "/i/{institution}/integrations", "303 200 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/integrations", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/integrations/{token}/revoke", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/integrations/webhooks", "303 422 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/integrations/webhooks/{webhook}", "303 200 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/change", "303 422 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/secret", "303 200 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/test", "303 303 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/turn-on", "303 409 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/remove", "303 303 403 403 403 404 404 404"),
    ("GET", f"{_HOOK}/deliveries/{{delivery}}", "303 200 403 403 403 404 404 404"),
    ("POST", f"{_HOOK}/deliveries/{{delivery}}/replay", "303 303 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/people", "303 200 200 403 200 404 404 404"),
    (
        "POST",
        "/i/{institution}/people/invitations/{invitation}/withdraw",
        "303 303 403 403 403 404 404 404",
    ),
    ("GET", "/i/{institution}/people/invite", "303 200 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/people/invite", "303 422 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/people/{person}", "303 200 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/people/{person}/grant", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/people/{person}/remove", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/people/{person}/reset-factor", "303 409 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/people/{person}/revoke", "303 422 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/policy", "303 200 200 403 200 404 404 404"),
    ("GET", "/i/{institution}/policy/draft", "303 200 200 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/draft", "303 303 303 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/draft/effect", "303 422 422 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/draft/save", "303 422 422 403 403 404 404 404"),
    ("GET", "/i/{institution}/policy/purposes", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/policy/purposes", "303 422 422 403 403 404 404 404"),
    ("GET", "/i/{institution}/policy/purposes/{purpose}", "303 200 200 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/purposes/{purpose}", "303 422 422 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/purposes/{purpose}/end", "303 303 303 403 403 404 404 404"),
    ("GET", "/i/{institution}/policy/profiles", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/policy/profiles/place", "303 303 303 403 403 404 404 404"),
    ("GET", "/i/{institution}/policy/profiles/{profile}", "303 200 200 403 200 404 404 404"),
    (
        "POST",
        "/i/{institution}/policy/profiles/{profile}/confirm",
        "303 403 422 403 403 404 404 404",
    ),
    (
        "POST",
        "/i/{institution}/policy/profiles/{profile}/set-aside",
        "303 403 422 403 403 404 404 404",
    ),
    ("GET", "/i/{institution}/policy/{number}", "303 200 200 403 200 404 404 404"),
    ("GET", "/i/{institution}/policy/{number}/board", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/policy/{number}/approve", "303 403 409 403 403 404 404 404"),
    ("POST", "/i/{institution}/policy/{number}/decline", "303 403 422 403 403 404 404 404"),
    ("GET", "/i/{institution}/sent", "303 200 200 403 403 404 404 404"),
    ("GET", "/i/{institution}/sites", "303 200 200 403 200 404 404 404"),
    ("GET", "/i/{institution}/sites/new", "303 200 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/sites/new", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/sites/new/{site_id}/confirm", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/sites/new/{site_id}/renew", "303 200 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/sites/{site_id}", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/sites/{site_id}/revoke", "303 303 403 403 403 404 404 404"),
    ("GET", "/i/{institution}/verification", "303 200 200 403 200 404 404 404"),
    ("POST", "/i/{institution}/verification/details", "303 409 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/verification/domain", "303 303 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/verification/mailbox", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/verification/mailbox/code", "303 422 403 403 403 404 404 404"),
    ("POST", "/i/{institution}/verification/registry", "303 422 403 403 403 404 404 404"),
    ("GET", "/invitations/{token}", "404 404 404 404 404 404 404 404"),
    ("POST", "/invitations/{token}/accept", "404 404 404 404 404 404 404 404"),
    ("POST", "/invitations/{token}/decline", "404 404 404 404 404 404 404 404"),
    ("GET", "/operator", "303 404 404 404 404 404 404 200"),
    ("GET", "/operator/audit", "303 404 404 404 404 404 404 200"),
    ("GET", "/operator/audit/export/{form}", "303 404 404 404 404 404 404 200"),
    ("GET", "/operator/institutions", "303 404 404 404 404 404 404 200"),
    ("GET", "/operator/institutions/{institution}", "303 404 404 404 404 404 404 200"),
    ("POST", "/operator/institutions/{institution}/decide", "303 404 404 404 404 404 404 422"),
    ("POST", "/operator/institutions/{institution}/proof", "303 404 404 404 404 404 404 422"),
    ("GET", "/operator/models", "303 404 404 404 404 404 404 200"),
    ("POST", "/operator/models/{model}/allow", "303 404 404 404 404 404 404 303"),
    ("POST", "/operator/models/{model}/withdraw", "303 404 404 404 404 404 404 303"),
    ("GET", "/operator/people", "303 404 404 404 404 404 404 200"),
    ("POST", "/operator/people/invite", "303 404 404 404 404 404 404 422"),
    ("POST", "/operator/people/{person}/reset-factor", "303 404 404 404 404 404 404 409"),
    ("GET", "/password/forgot", "200 200 200 200 200 200 200 200"),
    ("POST", "/password/forgot", "200 200 200 200 200 200 200 200"),
    ("GET", "/password/reset/{token}", "404 404 404 404 404 404 404 404"),
    ("POST", "/password/reset/{token}", "404 404 404 404 404 404 404 404"),
    ("GET", "/privacy", "200 200 200 200 200 200 200 200"),
    ("GET", "/register", "200 200 200 200 200 200 200 200"),
    ("POST", "/register/check", "410 410 410 410 410 410 410 410"),
    ("GET", "/register/sent", "200 200 200 200 200 200 200 200"),
    ("GET", "/register/{step}", "200 200 200 200 200 200 200 200"),
    ("POST", "/register/{step}", "422 422 422 422 422 422 422 422"),
    ("GET", "/runs", "303 200 200 200 200 200 200 200"),
    ("GET", "/runs/{run_id}", "303 200 200 404 200 200 404 404"),
    ("GET", "/runs/{run_id}/bell", "303 200 200 404 200 200 404 404"),
    ("GET", "/runs/{run_id}/cancel", "303 200 403 404 403 404 404 404"),
    ("POST", "/runs/{run_id}/cancel", "303 303 403 404 403 404 404 404"),
    ("POST", "/runs/{run_id}/pause", "303 303 403 404 403 404 404 404"),
    ("POST", "/runs/{run_id}/resume", "303 303 403 404 403 404 404 404"),
    ("GET", "/runs/{run_id}/rounds/{number}", "303 200 200 404 200 200 404 404"),
    ("POST", "/runs/{run_id}/start", "303 409 403 404 403 404 404 404"),
    ("GET", "/sign-in", "200 303 303 303 303 303 303 303"),
    ("POST", "/sign-in", "422 422 422 422 422 422 422 422"),
    ("GET", "/sign-in/code", "303 303 303 303 303 303 303 303"),
    ("POST", "/sign-in/code", "303 303 303 303 303 303 303 303"),
    ("GET", "/sign-in/recovery", "303 303 303 303 303 303 303 303"),
    ("POST", "/sign-in/recovery", "303 303 303 303 303 303 303 303"),
    ("POST", "/sign-out", "303 303 303 303 303 303 303 303"),
    ("GET", "/status", "200 200 200 200 200 200 200 200"),
    ("GET", "/step-up", "303 200 200 200 200 200 200 200"),
    ("POST", "/step-up", "303 422 422 422 422 422 422 422"),
    ("POST", "/switch", "303 404 404 404 404 404 404 404"),
    ("GET", "/ui", "200 200 200 200 200 200 200 200"),
)


def filled(path: str, ids: dict[str, str]) -> str:
    """The path with the ids it is about."""
    values = ids | _here(path, ids)
    for name, value in values.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _here(path: str, ids: dict[str, str]) -> dict[str, str]:
    found = {
        "federation": ids["federation_id"],
        "document": "answers",
        "form": "jsonl",
        "step": "purpose",
        "token": "none",
        "device": "none",
    }
    if path.startswith("/operator/institutions"):
        found["institution"] = ids["registered"]
    if path.startswith("/register"):
        found["step"] = "institution"
    if "/edit/" in path or path.endswith("/open"):
        found["federation"] = ids["draft_federation"]
    if "/sites/new/" in path:
        found["site_id"] = ids["joined_site" if path.endswith("confirm") else "waiting_site"]
    if path.endswith(("/approve", "/decline")):
        found["number"] = ids["draft_number"]
    if "/integrations/" in path:
        found["token"] = ids["api_token"]
    return found
