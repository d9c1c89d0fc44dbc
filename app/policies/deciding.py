"""Who may say yes for an institution: its privacy officer, or, where it has none, an administrator in person."""

from sqlalchemy.orm import Session

from app.access.actor import Actor, allows
from app.access.loaders import require
from app.access.permissions import Permission
from app.policies import approvers


def stands(session: Session, actor: Actor, institution: str) -> bool:
    """Passes, or raises NotAllowed. True: this person decides alone, as nobody else could. A token never decides."""
    others = [p for p in approvers.able(session, institution) if p.id != actor.person]
    entitled = allows(actor, Permission.POLICY_APPROVE, institution)
    stand_in = (
        not others and actor.token is None and allows(actor, Permission.POLICY_DRAFT, institution)
    )
    if not entitled and not stand_in:
        require(actor, Permission.POLICY_APPROVE, institution)
    return not others
