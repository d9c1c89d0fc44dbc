"""Functions that change rows and write no event, each with the reason. Not acts of a person or a site."""

ACTS: dict[str, str] = {
    "app.people.sessions.touch": "moves 'last seen' only; the session's start and end are events",
    "app.people.sessions.switch": "which of one's own institutions the pages show: a view, not an act",
    "app.people.tokens.touch": "moves 'last used' only",
    "app.people.throttle.enter": "counts tries; the failed try itself is an event of its caller",
    "app.people.throttle.failed": "counts tries; the failed try itself is an event of its caller",
    "app.people.throttle.passed": "counts tries; the success itself is an event of its caller",
}
