"""Every route of the API, once: what it takes, what must stand before it, how each caller is answered."""

from typing import Any

from app.access.permissions import Permission
from tests.api.lead import LEAD
from tests.api.row import Row, shape
from tests.api.stage import Stage
from tests.api.table_districts import DISTRICTS
from tests.api.table_policies import POLICIES
from tests.api.table_reports import REPORTS
from tests.api.table_webhooks import WEBHOOKS
from tests.runs import world as making

LEADS = (Permission.FEDERATION_READ, Permission.FEDERATION_LEAD)
READS = (Permission.FEDERATION_READ,)
OWN = (Permission.INSTITUTION_READ,)
RUNS = (Permission.FEDERATION_READ, Permission.RUN_READ)
SHEET = making.SHEET.model_dump(mode="json")
DETAILS = {"name": "Brook School", "kind": "school", "country": "GB", "domain": "brook.example"}
FOUNDED = {"name": "Reading together", "purpose": "To see early who needs support."}
HOME, F = "/institutions/{institution}", "/federations/{federation}"
D = "/federations/{draft}"
M = F + "/memberships"


def _digest(stage: Stage) -> dict[str, Any]:
    return {"digest": stage.ids["digest"]}


def _partner(stage: Stage) -> dict[str, Any]:
    return {"institution": stage.ids["outside"]}


def _person(stage: Stage) -> dict[str, Any]:
    return {"person": stage.ids["person"]}


_OWN = (
    Row("GET", "/me", None, wrong=200),
    Row("GET", "/institutions", Permission.INSTITUTION_READ, wrong=200),
    Row("GET", HOME, Permission.INSTITUTION_READ),
    Row(
        "PUT",
        "/institutions/{new}",
        Permission.INSTITUTION_EDIT,
        who="newcomer",
        body=DETAILS,
        if_match="1",
    ),
    Row("GET", HOME + "/proofs", Permission.INSTITUTION_READ),
    Row(
        "POST",
        HOME + "/proofs",
        Permission.INSTITUTION_EDIT,
        201,
        body={"register_name": "UKPRN", "register_id": "10007774"},
        at=HOME + "/proofs",
    ),
    Row("GET", HOME + "/domain-record", Permission.INSTITUTION_READ),
    Row("POST", HOME + "/domain-record", Permission.INSTITUTION_EDIT, 202, also=OWN),
    Row("GET", HOME + "/people", Permission.PEOPLE_READ),
    Row("GET", HOME + "/sites", Permission.SITE_READ),
    Row(
        "POST",
        HOME + "/sites",
        Permission.SITE_EDIT,
        201,
        body={"name": "Annexe"},
        at="/sites/{made}",
    ),
    Row("GET", "/sites/{site}", Permission.SITE_READ),
    Row(
        "POST",
        "/sites/{new_site}/token",
        Permission.SITE_EDIT,
        201,
        before=Stage.with_site,
        at="/sites/{new_site}",
    ),
    Row("DELETE", "/sites/{site}", Permission.SITE_EDIT, 204),
    Row("GET", HOME + "/classes", Permission.CLASS_READ),
    Row(
        "POST",
        HOME + "/classes",
        Permission.CLASS_EDIT,
        201,
        body={"term": "2026", "code": "7B"},
        at="/classes/{made}",
    ),
    Row("GET", HOME + "/instructors", Permission.CLASS_READ),
    Row("GET", "/classes/{school_class}", Permission.CLASS_READ, before=Stage.with_class),
    Row(
        "POST",
        "/classes/{school_class}/confirm",
        Permission.CLASS_EDIT,
        body={"title": "Mathematics"},
        before=Stage.with_offered_class,
    ),
    Row(
        "POST",
        "/classes/{school_class}/instructors",
        Permission.CLASS_EDIT,
        201,
        body=_person,
        before=Stage.with_untaught_class,
        at="/classes/{school_class}/instructors/{person}",
    ),
    Row(
        "DELETE",
        "/classes/{school_class}/instructors/{person}",
        Permission.CLASS_EDIT,
        204,
        before=Stage.with_class,
    ),
    Row("GET", HOME + "/sent", Permission.SENT_READ),
    Row("GET", HOME + "/audit", Permission.AUDIT_READ),
    Row("GET", HOME + "/audit/head", Permission.AUDIT_READ),
    Row("GET", HOME + "/audit/export", Permission.AUDIT_READ),
    Row("GET", HOME + "/audit/checkpoints", Permission.AUDIT_READ),
    Row("GET", HOME + "/evidence", Permission.EVIDENCE_READ),
    Row("GET", HOME + "/evidence/{document}", Permission.EVIDENCE_READ),
    Row("GET", HOME + "/evidence/archive", Permission.EVIDENCE_READ),
    Row("GET", HOME + "/evidence/{document}/file", Permission.EVIDENCE_READ),
)
_FEDERATIONS = (
    Row("GET", "/federations", Permission.FEDERATION_READ, wrong=200),
    Row(
        "POST",
        "/federations",
        Permission.FEDERATION_FOUND,
        201,
        body=FOUNDED,
        at="/federations/{made}",
        # A program of another institution founds one of its own: only where it may, which this one may not yet.
        wrong=403,
        wrong_who="newcomer",
    ),
    Row("GET", D, Permission.FEDERATION_READ, before=Stage.with_draft),
    Row(
        "PATCH",
        D,
        Permission.FEDERATION_FOUND,
        also=LEADS,
        body={"terms": {"rounds": 5}},
        before=Stage.with_draft,
        if_match="{revision}",
    ),
    Row("POST", D + "/open", Permission.FEDERATION_FOUND, also=LEADS, before=Stage.with_draft),
    Row(
        "PUT",
        F + "/terms",
        Permission.FEDERATION_LEAD,
        also=LEADS,
        body={"terms": {"rounds": 5}},
        before=Stage.with_revision,
        if_match="{revision}",
    ),
    Row("POST", F + "/close", Permission.FEDERATION_LEAD, also=LEADS),
    Row("GET", D + "/agreement", Permission.FEDERATION_READ, before=Stage.with_draft),
    Row("GET", "/models", Permission.FEDERATION_READ, wrong=200),
    Row("GET", D + "/sheets", Permission.FEDERATION_READ, before=Stage.with_draft),
    Row(
        "POST",
        D + "/sheets",
        Permission.FEDERATION_LEAD,
        201,
        also=LEADS,
        body={**SHEET, "name": "second"},
        before=Stage.with_draft,
        at=D + "/sheets/second",
    ),
    Row("GET", D + "/sheets/{sheet}", Permission.FEDERATION_READ, before=Stage.with_draft),
    Row(
        "DELETE",
        D + "/sheets/{sheet}",
        Permission.FEDERATION_FOUND,
        204,
        also=LEADS,
        before=Stage.with_draft,
    ),
    Row("GET", M, Permission.FEDERATION_READ),
    Row("GET", M + "/{partner}", Permission.FEDERATION_READ),
    Row(
        "POST",
        F + "/invitations",
        Permission.FEDERATION_LEAD,
        201,
        also=LEADS,
        body=_partner,
        at=M + "/{outside}",
    ),
    Row(
        "POST",
        F + "/requests",
        Permission.FEDERATION_JOIN,
        201,
        who="guest",
        also=READS,
        at=M + "/{outside}",
        wrong=403,
        wrong_who="newcomer",
    ),
    Row(
        "POST",
        M + "/{outside}/accept",
        Permission.FEDERATION_JOIN,
        who="guest",
        also=READS,
        body=_digest,
        before=Stage.with_invitation,
        wrong_who="owner",
    ),
    Row(
        "POST",
        M + "/{outside}/decline",
        Permission.FEDERATION_READ,
        who="guest",
        also=(Permission.FEDERATION_JOIN,),
        body={"reason": "not this year"},
        before=Stage.with_invitation,
        wrong_who="owner",
    ),
    Row(
        "DELETE",
        M + "/{partner}",
        Permission.FEDERATION_JOIN,
        204,
        who="partner",
        also=READS,
        wrong_who="owner",
    ),
    *LEAD,
    Row("GET", F + "/compatibility", Permission.FEDERATION_READ),
    Row("GET", F + "/modalities", Permission.FEDERATION_READ),
    Row("GET", D + "/records", Permission.FEDERATION_READ, before=Stage.with_draft),
    Row("GET", D + "/fit", Permission.FEDERATION_READ, before=Stage.with_draft),
)
_RUNS = (
    Row("GET", "/runs", Permission.RUN_READ, wrong=200),
    Row("GET", F + "/runs", Permission.RUN_READ, also=READS),
    Row("GET", F + "/forecast", Permission.RUN_LEAD, also=READS),
    Row(
        "POST",
        F + "/runs",
        Permission.RUN_LEAD,
        201,
        also=RUNS,
        body={"rounds": 2},
        at="/runs/{made}",
    ),
    Row("GET", "/runs/{run}", Permission.RUN_READ, before=Stage.with_proposed),
    Row("GET", "/runs/{run}/progress", Permission.RUN_READ, before=Stage.with_running),
    Row("GET", "/runs/{run}/approvals", Permission.RUN_READ, before=Stage.with_proposed),
    Row("GET", "/runs/{run}/measurements", Permission.RUN_READ, before=Stage.with_proposed),
    Row("POST", "/runs/{run}/start", Permission.RUN_LEAD, also=RUNS, before=Stage.with_proposed),
    Row("POST", "/runs/{run}/pause", Permission.RUN_LEAD, also=RUNS, before=Stage.with_running),
    Row(
        "POST", "/runs/{run}/resume", Permission.RUN_LEAD, also=RUNS, before=Stage.with_pause_asked
    ),
    Row("POST", "/runs/{run}/cancel", Permission.RUN_LEAD, also=RUNS, before=Stage.with_proposed),
    Row("GET", "/runs/{run}/rounds", Permission.RUN_READ, before=Stage.with_running),
    Row("GET", "/runs/{run}/rounds/1", Permission.RUN_READ, before=Stage.with_running),
    Row("GET", F + "/releases", Permission.RUN_READ, also=READS, before=Stage.with_releases),
    Row("GET", "/releases/{release}", Permission.RUN_READ, also=READS, before=Stage.with_releases),
    Row(
        "GET",
        "/releases/{release}/archive",
        Permission.RELEASE_DOWNLOAD,
        also=READS,
        before=Stage.with_releases,
    ),
    Row(
        "GET",
        "/releases/{release}/adapter",
        Permission.RELEASE_DOWNLOAD,
        answer=404,
        also=READS,
        before=Stage.with_releases,
    ),
    Row(
        "POST",
        "/releases/{release}/roll-back",
        Permission.RUN_LEAD,
        also=RUNS,
        before=Stage.with_releases,
    ),
)
ROWS = _OWN + DISTRICTS + POLICIES + REPORTS + _FEDERATIONS + _RUNS + WEBHOOKS
__all__ = ["ROWS", "Row", "shape"]
