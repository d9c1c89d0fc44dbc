"""What edges and later slices call about institutions, in one place."""

from app.institutions.classes import add_class, assign, confirm_class, offer_classes, unassign
from app.institutions.domain_records import ask as ask_domain
from app.institutions.registration import register, resubmit
from app.institutions.standing import held, why_not
from app.institutions.verification import add_proof, ask_mailbox, decide, prove_mailbox

__all__ = [
    "add_class",
    "add_proof",
    "ask_domain",
    "ask_mailbox",
    "assign",
    "confirm_class",
    "decide",
    "held",
    "offer_classes",
    "prove_mailbox",
    "register",
    "resubmit",
    "unassign",
    "why_not",
]
