"""What an institution that is not verified, or suspended, may not do: a table from its state to permissions.

It may be read as ever. What only takes something back (leave, decline, revoke, withdraw) asks `Actor.unheld`.
"""

from dataclasses import replace

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, Hold
from app.access.permissions import Permission, Role
from app.institutions import tie_queries
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.text import _

WITH_OTHERS = frozenset(
    {
        Permission.FEDERATION_JOIN,
        Permission.FEDERATION_FOUND,
        Permission.FEDERATION_LEAD,
        Permission.RUN_LEAD,
        Permission.RUN_APPROVE,
        Permission.RELEASE_DOWNLOAD,
        Permission.WEBHOOK_EDIT,
    }
)
"""What an institution does with others, or has the hub ask of others. Its own house it may set up while the operators
decide."""
OF_ITS_OWN = frozenset(
    {
        Permission.POLICY_DRAFT,
        Permission.POLICY_APPROVE,
        Permission.SITE_EDIT,
        Permission.PEOPLE_EDIT,
        Permission.CLASS_EDIT,
        Permission.REPORT_ANSWER,
        Permission.TOKEN_EDIT,
    }
)
HELD: dict[InstitutionState, frozenset[Permission]] = {
    InstitutionState.REGISTERED: WITH_OTHERS,
    InstitutionState.REFUSED: WITH_OTHERS,
    InstitutionState.SUSPENDED: WITH_OTHERS | OF_ITS_OWN,
    InstitutionState.VERIFIED: frozenset(),
}


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
            return _(
                "The operators suspended you: {reason} Write to them: their address stands on the hub’s first page."
            ).format(reason=institution.state_reason)
        case InstitutionState.VERIFIED:
            return None


_HELD_OF = select(Institution).where(
    Institution.id.in_(bindparam("ids", expanding=True)),
    Institution.state != InstitutionState.VERIFIED,
)


def _acting(session: Session, actor: Actor) -> Actor:
    """A person who is privacy officer somewhere may act at the schools that accepted that place as their district."""
    officer = [i for i, roles in actor.roles.items() if Role.PRIVACY_OFFICER in roles]
    if actor.token is not None or not officer:
        return actor
    schools = tie_queries.schools_of(session, officer)
    acting = {school: district for school, district in schools.items() if school not in actor.roles}
    return replace(actor, acting=acting) if acting else actor


def held(session: Session, actor: Actor) -> Actor:
    """The same actor, acting at its district's schools, with a hold for each institution that may only read now."""
    actor = _acting(session, actor)
    holds = {
        row.id: Hold(HELD[row.state], why_not(row) or "", row.state.value)
        for row in session.scalars(_HELD_OF, {"ids": sorted(actor.institutions)})
    }
    return replace(actor, holds=holds) if holds else actor
