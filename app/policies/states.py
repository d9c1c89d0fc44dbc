"""A policy version's life at the hub. What is in force at a site is the site's own word."""

from enum import StrEnum


class PolicyState(StrEnum):
    DRAFT = "draft"
    APPROVED = "approved"
    DECLINED = "declined"
    REPLACED = "replaced"


TRANSITIONS: dict[PolicyState, frozenset[PolicyState]] = {
    PolicyState.DRAFT: frozenset({PolicyState.APPROVED, PolicyState.DECLINED}),
    PolicyState.DECLINED: frozenset({PolicyState.DRAFT}),
    PolicyState.APPROVED: frozenset({PolicyState.REPLACED}),
    PolicyState.REPLACED: frozenset(),
}


class FloorState(StrEnum):
    """A district's policy, proposed to one school as a floor. A newer version is proposed anew."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class FloorRefusal(StrEnum):
    """Why a school refuses a floor: both sides see it."""

    TOO_STRICT = "too-strict"
    NOT_OUR_PURPOSE = "not-our-purpose"
    OWN_RULE = "own-rule"
    LATER = "later"


FLOOR_TRANSITIONS: dict[FloorState, frozenset[FloorState]] = {
    FloorState.PROPOSED: frozenset(
        {FloorState.ACCEPTED, FloorState.REFUSED, FloorState.REPLACED, FloorState.WITHDRAWN}
    ),
    FloorState.ACCEPTED: frozenset({FloorState.REPLACED, FloorState.WITHDRAWN}),
    FloorState.REFUSED: frozenset(),
    FloorState.REPLACED: frozenset(),
    FloorState.WITHDRAWN: frozenset(),
}


class IncidentKind(StrEnum):
    """What happened, as profiles name it (`worker.protocol.bounds.BreachKind`)."""

    PERSONAL_DATA = "personal-data-breach"
    NETWORK = "severe-network-incident"
    AI = "ai-serious-incident"


class Approver(StrEnum):
    """Who says yes to a run for a purpose."""

    OFFICER = "officer"
    """The privacy officer, in the browser."""
    SITE = "site"
    """A person at the site: no hub can invent it."""
