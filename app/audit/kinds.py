"""Every kind of event, by the noun it is about. `record(session, actor.id, kinds.SITE_ADDED, chain=…, subject=…)`."""

from app.audit.events import Kind, On
from app.text import N_

I, H, E = On.INSTITUTION, On.HUB, On.EITHER  # noqa: E741

# People
ACCOUNT_MADE = Kind("account.made", H, N_("Account made"), ("operator",))
ACCOUNT_CHANGED = Kind("account.changed", H, N_("Account changed"))
NOTICES_CHOSEN = Kind("account.notices-chosen", H, N_("Chose what comes by mail"), ("count",))
SIGNED_IN = Kind("account.signed-in", H, N_("Signed in"), ("session", "second_factor"))
SIGN_IN_FAILED = Kind("account.sign-in-failed", H, N_("Sign-in failed"), ("attempts",))
CODE_FAILED = Kind("account.code-failed", H, N_("Wrong code"), ("attempts",))
STEPPED_UP = Kind("account.stepped-up", H, N_("Confirmed again who they are"), ("session",))
SIGNED_OUT = Kind("account.signed-out", H, N_("Signed out"), ("session",))
SESSION_ENDED = Kind("account.session-ended", H, N_("Session ended"), ("session", "count"))
SECOND_FACTOR_SET = Kind("account.second-factor-set", H, N_("Second factor set up"))
RECOVERY_CODE_USED = Kind("account.recovery-code-used", H, N_("Recovery code used"), ("count",))
RECOVERY_CODES_MADE = Kind("account.recovery-codes-made", H, N_("New recovery codes"), ("count",))
FACTOR_RESET_ASKED = Kind(
    "account.factor-reset-asked", E, N_("Reset of a second factor asked for"), ("operator",)
)
FACTOR_RESET_STOPPED = Kind(
    "account.factor-reset-stopped", E, N_("Reset of a second factor stopped"), ("choice",)
)
FACTOR_RESET = Kind("account.factor-reset", E, N_("Second factor reset"), ("count", "operator"))
RESET_ASKED = Kind("account.reset-asked", H, N_("New password asked for"))
PASSWORD_CHANGED = Kind("account.password-changed", H, N_("Password changed"), ("count",))
INVITATION_SENT = Kind("invitation.sent", E, N_("Invitation sent"), ("role", "operator"))
INVITATION_WITHDRAWN = Kind("invitation.withdrawn", E, N_("Invitation withdrawn"), ("role",))
INVITATION_ACCEPTED = Kind("invitation.accepted", E, N_("Invitation accepted"), ("role", "person"))
INVITATION_DECLINED = Kind("invitation.declined", E, N_("Invitation declined"), ("role",))
ROLE_GRANTED = Kind("role.granted", I, N_("Role given"), ("role",))
ROLE_REVOKED = Kind("role.revoked", I, N_("Role taken away"), ("role",))
TOKEN_MINTED = Kind("token.minted", I, N_("API token made"), ("scopes",))
TOKEN_REVOKED = Kind("token.revoked", I, N_("API token revoked"), ("person",))

# Institutions
REGISTRATION_ATTEMPTED = Kind(
    "registration.attempted", H, N_("Registration with a known mail address")
)
INSTITUTION_REGISTERED = Kind("institution.registered", E, N_("Institution registered"), ("kind",))
INSTITUTION_CHANGED = Kind("institution.changed", E, N_("Institution's details changed"))
MAILBOX_ASKED = Kind("institution.mailbox-asked", I, N_("Code sent to a mailbox"))
DOMAIN_ASKED = Kind("institution.domain-asked", I, N_("Look-up of the domain's record asked for"))
DOMAIN_LOOKED_UP = Kind(
    "institution.domain-looked-up", I, N_("Domain's record looked up"), ("choice",)
)
INSTITUTION_PLACED = Kind("institution.placed", I, N_("Region, ages and time zone told"), ("ages",))
PROOF_ADDED = Kind("institution.proof-added", E, N_("Proof added"), ("kind",))
INSTITUTION_DECIDED = Kind(
    "institution.decided",
    E,
    N_("Operator's decision"),
    ("decision", "state", "single_operator", "domain_proved"),
)
TIE_OFFERED = Kind("tie.offered", I, N_("Offered to be its district"), ("institution",))
TIE_ACCEPTED = Kind("tie.accepted", I, N_("District accepted"), ("institution",))
TIE_DECLINED = Kind("tie.declined", I, N_("District declined"), ("institution",))
TIE_ENDED = Kind("tie.ended", I, N_("District and school parted"), ("institution",))
INSTITUTION_RENEWED = Kind("institution.renewed", E, N_("Verification renewed"))
CLASS_ADDED = Kind("class.added", I, N_("Class added"))
CLASS_OFFERED = Kind("class.offered", I, N_("Class named by a site"), ("site", "count"))
CLASS_CONFIRMED = Kind("class.confirmed", I, N_("Class confirmed"))
INSTRUCTOR_ASSIGNED = Kind("class.instructor-assigned", I, N_("Instructor assigned"), ("person",))
INSTRUCTOR_UNASSIGNED = Kind(
    "class.instructor-unassigned", I, N_("Instructor taken off"), ("person",)
)

# Policies
POLICY_DRAFTED = Kind("policy.drafted", I, N_("Policy drafted"), ("number", "institution"))
POLICY_SAVED = Kind(
    "policy.saved", I, N_("Policy draft saved"), ("number", "revision", "digest", "institution")
)
POLICY_APPROVED = Kind(
    "policy.approved", I, N_("Policy approved"), ("number", "digest", "one_person", "institution")
)
POLICY_DECLINED = Kind(
    "policy.declined", I, N_("Policy declined"), ("number", "digest", "institution")
)
POLICY_REPLACED = Kind(
    "policy.replaced", I, N_("Policy replaced"), ("number", "policy", "institution")
)
FLOOR_PROPOSED = Kind("floor.proposed", I, N_("Floor proposed"), ("institution", "policy"))
FLOOR_ACCEPTED = Kind("floor.accepted", I, N_("Floor accepted"), ("institution", "policy"))
FLOOR_REFUSED = Kind("floor.refused", I, N_("Floor refused"), ("institution", "policy", "reason"))
FLOOR_WITHDRAWN = Kind("floor.withdrawn", I, N_("Floor withdrawn"), ("institution", "policy"))

PURPOSE_RECORDED = Kind("purpose.recorded", I, N_("Purpose recorded"), ("revision",))
PURPOSE_CHANGED = Kind("purpose.changed", I, N_("Purpose changed"), ("revision",))
INCIDENT_RECORDED = Kind("incident.recorded", I, N_("Incident recorded"), ("kind",))
PURPOSE_ENDED = Kind("purpose.ended", I, N_("Purpose ended"), ("revision",))
PROFILE_IMPORTED = Kind(
    "profile.imported", H, N_("Version of a profile taken up"), ("number", "digest")
)
PROFILE_CONFIRMED = Kind(
    "profile.confirmed", I, N_("Profile confirmed"), ("number", "digest", "one_person")
)
PROFILE_SET_ASIDE = Kind(
    "profile.set-aside", I, N_("Profile set aside"), ("number", "digest", "one_person")
)

# Sites
SITE_ADDED = Kind("site.added", I, N_("Site added"))
SITE_TOKEN_MADE = Kind("site.token-made", I, N_("Enrolment token made"))
SITE_JOINED = Kind("site.joined", I, N_("Site joined"), ("fingerprint",))
SITE_CONFIRMED = Kind("site.confirmed", I, N_("Site confirmed"), ("fingerprint",))
SITE_REVOKED = Kind("site.revoked", I, N_("Site revoked"), ("count",))
SITE_POLICY_ACCEPTED = Kind(
    "site.policy-accepted", I, N_("Policy accepted at the site"), ("policy", "digest", "number")
)
SITE_READINESS = Kind("site.readiness", I, N_("Site reported its readiness"), ("count", "state"))
SITE_FITTED = Kind(
    "site.fitted", I, N_("Site held its records against task sheets"), ("federation", "count")
)
ERASURE_OPENED = Kind(
    "erasure.opened", I, N_("A site told that someone withdrew: erasure request opened"), ("site",)
)
SITE_OFFLINE = Kind("site.offline", I, N_("Site not heard for an hour"))
SITE_KEY_ANNOUNCED = Kind("site.key-announced", I, N_("Site announced a new key"), ("fingerprint",))
SITE_KEY_CHANGED = Kind("site.key-changed", I, N_("Site's new key is in force"), ("fingerprint",))
JOB_POSTED = Kind("job.posted", I, N_("Job posted"), ("kind", "site", "run", "round_id", "digest"))
JOB_CLAIMED = Kind("job.claimed", I, N_("Job claimed"), ("kind", "site", "claim"))
JOB_CONFIRMED = Kind("job.confirmed", I, N_("Job begun"), ("kind", "site", "claim"))
JOB_RETURNED = Kind(
    "job.returned", I, N_("Job given back"), ("kind", "site", "claim", "failure", "attempts")
)
JOB_EXPIRED = Kind(
    "job.expired", I, N_("Job's lease ran out"), ("kind", "site", "claim", "attempts")
)
JOB_REFUSED = Kind(
    "job.refused", I, N_("Job refused by the site"), ("kind", "site", "refusal", "run")
)
JOB_FAILED = Kind("job.failed", I, N_("Job failed"), ("kind", "site", "failure", "attempts", "run"))
JOB_ANSWERED = Kind("job.answered", I, N_("Job answered"), ("kind", "site", "run", "digest"))
JOB_CARRIED_OVER = Kind(
    "job.carried-over",
    I,
    N_("Job goes on in the next round"),
    ("kind", "site", "run", "round_id", "number"),
)
JOB_CANCELLED = Kind("job.cancelled", I, N_("Job cancelled"), ("kind", "site", "run"))
UPLOAD_STARTED = Kind("upload.started", I, N_("Upload begun"), ("job", "site", "bytes", "digest"))
UPLOAD_COMPLETED = Kind(
    "upload.completed", I, N_("Upload complete"), ("job", "site", "bytes", "digest")
)

# Federations
FEDERATION_FOUNDED = Kind("federation.founded", I, N_("Federation founded"))
FEDERATION_SAVED = Kind("federation.saved", I, N_("Federation draft saved"), ("revision",))
FEDERATION_OPENED = Kind("federation.opened", I, N_("Federation opened"), ("digest",))
FEDERATION_CLOSED = Kind("federation.closed", I, N_("Federation closed"))
LEAD_OFFERED = Kind(
    "federation.lead-offered", I, N_("Lead offered"), ("federation", "lead", "institution")
)
LEAD_OFFER_WITHDRAWN = Kind(
    "federation.lead-offer-withdrawn",
    I,
    N_("Offer of the lead taken back"),
    ("federation", "lead", "institution"),
)
LEAD_OFFER_DECLINED = Kind(
    "federation.lead-offer-declined",
    I,
    N_("Offer of the lead declined"),
    ("federation", "lead", "institution"),
)
LEAD_CHANGED = Kind(
    "federation.lead-changed", I, N_("Lead handed over"), ("federation", "lead", "institution")
)
FEDERATION_TERMS_CHANGED = Kind(
    "federation.terms-changed", I, N_("Federation's terms changed"), ("digest", "count", "revision")
)
SHEET_ADDED = Kind(
    "federation.sheet-added", I, N_("Task sheet added"), ("number", "digest", "federation")
)
MEMBERSHIP_INVITED = Kind(
    "membership.invited", I, N_("Invited to a federation"), ("federation", "institution")
)
MEMBERSHIP_REQUESTED = Kind(
    "membership.requested", I, N_("Asked to join"), ("federation", "institution")
)
MEMBERSHIP_ACCEPTED = Kind(
    "membership.accepted", I, N_("Agreement accepted"), ("federation", "institution", "digest")
)
MEMBERSHIP_DECLINED = Kind(
    "membership.declined", I, N_("Membership declined"), ("federation", "institution")
)
MEMBERSHIP_PAUSED = Kind(
    "membership.paused", I, N_("Membership paused"), ("federation", "institution")
)
MEMBERSHIP_LEFT = Kind(
    "membership.left", I, N_("Left the federation"), ("federation", "institution")
)
MODEL_IMPORTED = Kind("model.imported", H, N_("Base model imported"), ("digest", "bytes"))
MODEL_ALLOWED = Kind("model.allowed", H, N_("Base model allowed"), ("digest",))
MODEL_WITHDRAWN = Kind("model.withdrawn", H, N_("Base model withdrawn"), ("digest",))

# Runs
RUN_PROPOSED = Kind("run.proposed", I, N_("Run proposed"), ("federation", "number", "digest"))
RUN_APPROVED = Kind(
    "run.approved", I, N_("Run approved"), ("federation", "number", "policy", "institution")
)
RUN_DECLINED = Kind(
    "run.declined", I, N_("Run declined"), ("federation", "number", "policy", "institution")
)
RUN_ASKED = Kind("run.asked", I, N_("Approval asked for"), ("federation", "number"))
RUN_STARTED = Kind("run.started", I, N_("Run started"), ("federation", "number"))
RUN_PAUSED = Kind("run.paused", I, N_("Run paused"), ("federation", "number"))
RUN_RESUMED = Kind("run.resumed", I, N_("Run resumed"), ("federation", "number"))
RUN_CANCELLED = Kind("run.cancelled", I, N_("Run cancelled"), ("federation", "number"))
RUN_COMPLETED = Kind("run.completed", I, N_("Run completed"), ("federation", "number", "count"))
RUN_FAILED = Kind("run.failed", I, N_("Run failed"), ("federation", "number", "reason"))
ROUND_OPENED = Kind("round.opened", I, N_("Round opened"), ("run", "number", "cohort", "quorum"))
ROUND_DUE = Kind("round.due", I, N_("Round due"), ("run", "number", "updates"))
ROUND_CLOSED = Kind("round.closed", I, N_("Round closed"), ("run", "number", "updates"))
ROUND_VOID = Kind("round.void", I, N_("Round void"), ("run", "number", "updates", "reason"))
UPDATE_RECEIVED = Kind(
    "update.received",
    I,
    N_("Update received"),
    ("site", "run", "round_id", "number", "bytes", "digest"),
)
UPDATE_REFUSED = Kind(
    "update.refused",
    I,
    N_("Update refused"),
    ("site", "run", "round_id", "number", "reason", "digest"),
)
UPDATE_DELETED = Kind(
    "update.deleted", I, N_("Update deleted"), ("site", "run", "round_id", "digest")
)
SECOND_UPDATE = Kind(
    "update.second",
    I,
    N_("Alarm: a second, different update"),
    ("site", "run", "round_id", "digest"),
)
MEASURED = Kind("run.measured", I, N_("Measurement received"), ("site", "run", "round", "number"))
REFERENCE_SET = Kind(
    "run.reference-set", I, N_("Reference figures stored"), ("federation", "number")
)

# Webhooks
WEBHOOK_ADDED = Kind("webhook.added", I, N_("Webhook added"))
WEBHOOK_CHANGED = Kind("webhook.changed", I, N_("Webhook changed"), ("revision",))
WEBHOOK_ROTATED = Kind("webhook.rotated", I, N_("Webhook's secret changed"))
WEBHOOK_TURNED_ON = Kind("webhook.turned-on", I, N_("Webhook turned on"))
WEBHOOK_TURNED_OFF = Kind("webhook.turned-off", I, N_("Webhook turned off"), ("reason",))
WEBHOOK_REMOVED = Kind("webhook.removed", I, N_("Webhook removed"))
WEBHOOK_TESTED = Kind("webhook.tested", I, N_("Test message sent"), ("delivery",))
WEBHOOK_REPLAYED = Kind("webhook.replayed", I, N_("Message sent again"), ("delivery",))

# Releases and reports
RELEASE_PUBLISHED = Kind(
    "release.published", I, N_("Release published"), ("federation", "run", "number")
)
RELEASE_ROLLED_BACK = Kind(
    "release.rolled-back", I, N_("Rolled back"), ("federation", "from_release", "number")
)
RELEASE_DOWNLOADED = Kind(
    "release.downloaded", I, N_("Release downloaded"), ("federation", "number")
)
ADAPTER_DOWNLOADED = Kind(
    "release.adapter-downloaded", I, N_("Text adapter downloaded"), ("federation", "number")
)
REPORT_RECEIVED = Kind(
    "report.received", I, N_("Class report received"), ("site", "release", "count")
)
REPORT_VIEWED = Kind("report.viewed", I, N_("Class report read"), ("person",))
REPORT_ANSWERED = Kind("report.answered", I, N_("Feedback on a class report given"), ("person",))
REPORT_DOWNLOADED = Kind("report.downloaded", I, N_("Class report downloaded"), ("person", "kind"))

# Evidence
EVIDENCE_MADE = Kind(
    "evidence.made", I, N_("Document of evidence made"), ("kind", "choice", "bytes", "digest")
)
EVIDENCE_PACKED = Kind("evidence.packed", I, N_("Evidence taken"), ("count", "bytes", "digest"))

ALL: dict[str, Kind] = {
    kind.name: kind for kind in list(globals().values()) if isinstance(kind, Kind)
}


def by_name(name: str) -> Kind:
    """Raises KeyError for a name no code of ours writes."""
    return ALL[name]
