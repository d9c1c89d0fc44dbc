"""An institution is registered, then verified; it can be refused or suspended."""

from enum import StrEnum


class InstitutionState(StrEnum):
    REGISTERED = "registered"
    VERIFIED = "verified"
    REFUSED = "refused"
    SUSPENDED = "suspended"


TRANSITIONS: dict[InstitutionState, frozenset[InstitutionState]] = {
    InstitutionState.REGISTERED: frozenset({InstitutionState.VERIFIED, InstitutionState.REFUSED}),
    InstitutionState.REFUSED: frozenset({InstitutionState.REGISTERED}),
    InstitutionState.VERIFIED: frozenset({InstitutionState.SUSPENDED}),
    InstitutionState.SUSPENDED: frozenset({InstitutionState.VERIFIED}),
}


class InstitutionKind(StrEnum):
    SCHOOL = "school"
    DISTRICT = "district"
    COLLEGE = "college"
    UNIVERSITY = "university"


class TieState(StrEnum):
    """Between a district and a school. Declined and ended are answers: a new offer is a new tie."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    ENDED = "ended"


TIE_TRANSITIONS: dict[TieState, frozenset[TieState]] = {
    TieState.OFFERED: frozenset({TieState.ACCEPTED, TieState.DECLINED, TieState.ENDED}),
    TieState.ACCEPTED: frozenset({TieState.ENDED}),
    TieState.DECLINED: frozenset(),
    TieState.ENDED: frozenset(),
}


class CheckOutcome(StrEnum):
    """What a look for the domain's text record found."""

    FOUND = "found"
    OTHER = "other"
    """There are records of that name, none with the right value."""
    ABSENT = "absent"
    NO_ANSWER = "no-answer"


class ProofKind(StrEnum):
    """Evidence an operator looks at. None is enough alone; a domain's record takes the place of one operator."""

    DOMAIN_RECORD = "domain-record"
    DOMAIN_MAILBOX = "domain-mailbox"
    REGISTRY = "registry"
    DOCUMENT_SEEN = "document-seen"


class Decision(StrEnum):
    VERIFY = "verify"
    REFUSE = "refuse"
    SUSPEND = "suspend"
    RESTORE = "restore"
    RENEW = "renew"
    """A verified one, looked at again after a year."""
