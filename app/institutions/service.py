"""What edges and later slices call about institutions, in one place."""

from app.errors import NotAllowed
from app.institutions.classes import add_class, assign, confirm_class, offer_classes, unassign
from app.institutions.domain_records import ask as ask_domain
from app.institutions.models import Institution
from app.institutions.registration import register, resubmit
from app.institutions.states import InstitutionState
from app.institutions.verification import add_proof, ask_mailbox, decide, prove_mailbox
from app.text import _

__all__ = [
    "add_class",
    "add_proof",
    "ask_domain",
    "ask_mailbox",
    "assign",
    "confirm_class",
    "decide",
    "must_be_verified",
    "offer_classes",
    "prove_mailbox",
    "register",
    "resubmit",
    "unassign",
    "why_not",
]


def why_not(institution: Institution) -> str | None:
    """Why this institution cannot act with others now, with the next step; None when it can."""
    match institution.state:
        case InstitutionState.REGISTERED:
            return _("The operators have not verified you yet. Until then you see your own pages.")
        case InstitutionState.REFUSED:
            return _("The operators refused: {reason} Correct your details and ask again.").format(
                reason=institution.state_reason
            )
        case InstitutionState.SUSPENDED:
            return _("The operators suspended you: {reason} Write to them.").format(
                reason=institution.state_reason
            )
        case InstitutionState.VERIFIED:
            return None


def must_be_verified(institution: Institution) -> None:
    """Raises NotAllowed with the reason and the next step."""
    reason = why_not(institution)
    if reason is not None:
        raise NotAllowed(reason, state=institution.state.value)
