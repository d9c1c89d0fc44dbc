"""States of a site, of a job, of an upload."""

from enum import StrEnum


class SiteState(StrEnum):
    INVITED = "invited"
    JOINED = "joined"
    READY = "ready"
    REVOKED = "revoked"


SITE_TRANSITIONS: dict[SiteState, frozenset[SiteState]] = {
    SiteState.INVITED: frozenset({SiteState.JOINED, SiteState.REVOKED}),
    SiteState.JOINED: frozenset({SiteState.READY, SiteState.REVOKED}),
    SiteState.READY: frozenset({SiteState.REVOKED}),
    SiteState.REVOKED: frozenset(),
}


class JobState(StrEnum):
    """`offered` is claimed under the first, short lease; `claimed` once the site confirmed it."""

    WAITING = "waiting"
    OFFERED = "offered"
    CLAIMED = "claimed"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    CANCELLED = "cancelled"


_ENDS = {JobState.DONE, JobState.REFUSED, JobState.FAILED, JobState.CANCELLED}
JOB_TRANSITIONS: dict[JobState, frozenset[JobState]] = {
    JobState.WAITING: frozenset({JobState.OFFERED, JobState.CANCELLED, JobState.FAILED}),
    JobState.OFFERED: frozenset({JobState.CLAIMED, JobState.WAITING} | _ENDS),
    JobState.CLAIMED: frozenset({JobState.WAITING} | _ENDS),
    JobState.DONE: frozenset(),
    JobState.REFUSED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
}
ENDED: frozenset[JobState] = frozenset(_ENDS)
HELD: frozenset[JobState] = frozenset({JobState.OFFERED, JobState.CLAIMED})
