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
