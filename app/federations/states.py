"""States of a federation and of an institution's membership in it."""

from enum import StrEnum


class FederationState(StrEnum):
    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"


FEDERATION_TRANSITIONS: dict[FederationState, frozenset[FederationState]] = {
    FederationState.DRAFT: frozenset({FederationState.OPEN, FederationState.CLOSED}),
    FederationState.OPEN: frozenset({FederationState.CLOSED}),
    FederationState.CLOSED: frozenset(),
}


class MembershipState(StrEnum):
    INVITED = "invited"
    REQUESTED = "requested"
    ACTIVE = "active"
    PAUSED = "paused"
    LEFT = "left"
    DECLINED = "declined"


MEMBERSHIP_TRANSITIONS: dict[MembershipState, frozenset[MembershipState]] = {
    MembershipState.INVITED: frozenset({MembershipState.ACTIVE, MembershipState.DECLINED}),
    MembershipState.REQUESTED: frozenset({MembershipState.INVITED, MembershipState.DECLINED}),
    MembershipState.ACTIVE: frozenset({MembershipState.PAUSED, MembershipState.LEFT}),
    MembershipState.PAUSED: frozenset({MembershipState.ACTIVE, MembershipState.LEFT}),
    MembershipState.LEFT: frozenset({MembershipState.INVITED}),
    MembershipState.DECLINED: frozenset({MembershipState.INVITED}),
}
