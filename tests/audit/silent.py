"""Functions that change rows and write no event, each with the reason. Not acts of a person or a site."""

_OF_A_DAY = "answers of someone who is nobody here yet, gone after a day; registering is the event"
_HOLD = "a hub worker's row lease: which process works on it, not what happened"
_TRIES = "counts tries; the failed try and the success are events of the caller"
_LINES = "the line of what left is itself the record, shown beside the audit trail"
_KEPT = (
    "the answer to an act, kept for a day so that the act happens once; the act itself is the event"
)
_ALIVE = "says that a job is still worked on; claim, answer and failure are events"
_STEP = "one step of an act that writes the event: "

_OUTBOX = "a message and its tries are the record of the telling, shown in the webhook's log; what is told is the event"
_TELLING = "a notice is the record of who was told; nothing but who knows changes"

ACTS: dict[str, str] = {
    "app.notices.service.gather": _TELLING,
    "app.notices.service.give_back": _TELLING,
    "app.notices.service.read": _TELLING,
    "app.notices.service.take_digests": _TELLING,
    "app.federations.founding.write": _STEP + "saving a draft, changing terms",
    "app.institutions.drafts.begin": _OF_A_DAY,
    "app.institutions.drafts.drop": _OF_A_DAY,
    "app.institutions.drafts.keep": _OF_A_DAY,
    "app.integrations.idempotency.begin": _KEPT,
    "app.integrations.idempotency.forget": _KEPT,
    "app.integrations.idempotency.keep": _KEPT,
    "app.integrations.delivering.take": _OUTBOX,
    "app.integrations.outbox.forget": "sweeps out messages after thirty days",
    "app.integrations.outbox.note": _OUTBOX,
    "app.integrations.outbox.put": _OUTBOX,
    "app.people.sessions.switch": "which of one's own institutions the pages show: a view, not an act",
    "app.people.sessions.touch": "moves 'last seen' only; the session's start and end are events",
    "app.people.throttle.enter": _TRIES,
    "app.people.throttle.failed": _TRIES,
    "app.people.throttle.passed": _TRIES,
    "app.people.tokens.touch": "moves 'last used' only",
    "app.runs.pins.pin": _STEP + "a round's opening",
    "app.runs.endings.pause_if_asked": _STEP
    + "the lead's pause, which may wait for the round's end",
    "app.runs.holds.release": _HOLD,
    "app.runs.holds.renew": _HOLD,
    "app.runs.holds.take": _HOLD,
    "app.runs.module_states.keep": _STEP + "closing a round",
    "app.runs.updates.take": _STEP + "closing a round",
    "app.sites.admission.forget_nonces": "sweeps out what can no longer be replayed",
    "app.sites.inbox.progress": _ALIVE,
    "app.sites.inbox.renew": _ALIVE,
    "app.sites.leases.pause_jobs": _STEP + "pausing a run",
    "app.sites.leases.resume_jobs": _STEP + "resuming a run",
    "app.sites.sent.note": _LINES,
    "app.sites.sent.note_progress": _LINES,
    "app.sites.sent.note_size": _LINES,
    "app.sites.uploads.forget": _STEP + "refusing an update",
    "app.sites.uploads.note_offset": "one chunk; an upload's start and end are events",
}
