"""The rows of the table of routes that are about policies, profiles and purposes."""

from app.access.permissions import Permission
from app.clock import now
from app.policies import incidents, purposes
from tests.api.row import Row
from tests.api.stage import Stage

_READ, _DRAFT = Permission.POLICY_READ, Permission.POLICY_DRAFT
_HOME = "/institutions/{institution}"
_FEDERATIONS = (Permission.FEDERATION_READ, Permission.RUN_READ)
_PLACE = {"region": None, "youngest": 11, "oldest": 18, "zone": "Europe/London"}
_PURPOSE = {
    "name": "Early help",
    "purpose": "early-support",
    "basis": "own",
    "basis_text": "Public task, Education Act.",
    "retention": "P3Y",
}


def _recorded(stage: Stage) -> None:
    told = purposes.Told("Reports", "feedback", purposes.OWN, "P1Y", "Public task, Art 6(1)(e).")
    with stage.world.hub.db.session() as session:
        row = purposes.add(session, stage.owner, stage.ids["institution"], told)
        stage.ids["purpose"] = row.id


_INCIDENT = {"kind": "personal-data-breach", "learnt": "2024-09-06T08:30:00Z"}


def _happened(stage: Stage) -> None:
    with stage.world.hub.db.session() as session:
        row = incidents.note(
            session, stage.owner, stage.ids["institution"], _INCIDENT["kind"], now()
        )
        stage.ids["incident"] = row.id


POLICIES = (
    Row("GET", _HOME + "/policies", _READ),
    Row("POST", _HOME + "/policies", _DRAFT, 201, at="/policies/{made}"),
    Row("GET", "/policies/{policy}", _READ, before=Stage.with_policy_draft),
    Row(
        "PUT",
        "/policies/{policy}",
        _DRAFT,
        body={"minimum_cohort": 4},
        before=Stage.with_policy_draft,
        if_match="1",
    ),
    Row(
        "POST",
        _HOME + "/policies/effect",
        _DRAFT,
        also=_FEDERATIONS,
        body={"minimum_cohort": 4},
    ),
    Row("GET", _HOME + "/profiles", _READ),
    Row("GET", _HOME + "/bounds", _READ),
    Row("PUT", _HOME + "/place", _DRAFT, body=_PLACE),
    Row("GET", _HOME + "/purposes", _READ),
    Row("POST", _HOME + "/purposes", _DRAFT, 201, body=_PURPOSE, at="/purposes/{made}"),
    Row("GET", "/purposes/{purpose}", _READ, before=_recorded),
    Row(
        "PUT",
        "/purposes/{purpose}",
        _DRAFT,
        body=_PURPOSE,
        before=_recorded,
        if_match="1",
    ),
    Row("DELETE", "/purposes/{purpose}", _DRAFT, 204, before=_recorded),
    Row("GET", _HOME + "/incidents", Permission.EVIDENCE_READ, before=_happened),
    Row("POST", _HOME + "/incidents", _DRAFT, 201, body=_INCIDENT, at="/incidents/{made}"),
    Row("GET", "/incidents/{incident}", Permission.EVIDENCE_READ, before=_happened),
)
