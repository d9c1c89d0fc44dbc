"""Every error of the API as its description shows it: `application/problem+json`, RFC 9457, with a `code` to act on."""

from typing import Any

MEDIA = "application/problem+json"


def _problem(
    status: int, title: str, code: str, detail: str, *errors: dict[str, Any]
) -> dict[str, Any]:
    example = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "code": code,
        "errors": list(errors),
    }
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": title, "content": {MEDIA: {"schema": schema, "example": example}}}


DOCUMENTED: dict[int | str, dict[str, Any]] = {
    400: _problem(400, "Bad request", "http", "This does not work here."),
    401: _problem(
        401,
        "Not signed in",
        "not-signed-in",
        "Send an API token that is valid: “Authorization: Bearer clg_…”.",
    ),
    403: _problem(403, "Not allowed", "not-allowed", "This API token lacks the scope site:edit."),
    404: _problem(404, "Not found", "not-found", "There is nothing here for you."),
    408: _problem(408, "Too slow", "too-slow", "The request did not arrive within 148 seconds."),
    409: _problem(
        409,
        "Conflict",
        "illegal-transition",
        "This is completed and cannot become cancelled.",
        {"field": "state", "value": "completed"},
    ),
    413: _problem(413, "Too large", "too-large", "At most 1048576 bytes are taken here."),
    422: _problem(
        422,
        "Invalid",
        "invalid",
        "Write a name.",
        {"field": "name", "message": "Write a name."},
    ),
    429: _problem(429, "Too many", "too-many", "Wait a minute, then try again."),
    503: _problem(503, "Busy", "busy", "The hub is busy. Try again in a few seconds."),
}
REVISED: dict[int | str, dict[str, Any]] = {
    412: _problem(
        412,
        "Changed meanwhile",
        "outdated",
        "Another person saved this draft meanwhile. Compare both, then save yours or keep theirs.",
        {"field": "mine", "value": {"minimum_cohort": 4}},
        {"field": "theirs", "value": {"minimum_cohort": 5}},
        {"field": "revision", "value": 7},
    ),
    428: _problem(
        428, "Revision needed", "revision-needed", "Send “If-Match” with the ETag of what you read."
    ),
}
"""Besides, for what is saved under a revision: 412 carries both versions, and the revision to name next."""
KEYED: dict[int | str, dict[str, Any]] = {
    201: {
        "headers": {
            "Location": {"description": "Where it is.", "schema": {"type": "string"}},
            "Idempotency-Replayed": {
                "description": "`true` where this key's act was done before: this is its answer.",
                "schema": {"type": "string"},
            },
        }
    },
    422: _problem(
        422,
        "Invalid",
        "idempotency-key-reused",
        "This Idempotency-Key was used for another request. Choose a new key for each act.",
    ),
}
"""Besides, for what is made."""
