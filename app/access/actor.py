"""Who is asking: a signed-in person, a token, or the hub itself. And the one answer to 'may they?'."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from app.access.permissions import DISTRICT_OFFICER, OPERATOR, ROLES, TOKEN_NEVER, Permission, Role


@dataclass(frozen=True)
class Hold:
    """What its state takes from everyone at an institution: it may be read, and `reason` names the next step."""

    permissions: frozenset[Permission]
    reason: str
    state: str


@dataclass(frozen=True)
class Actor:
    """Made at the edge, once per request. `roles` maps institution id to this person's roles there.

    `scopes` is None for a person in a browser; for a token it limits, and `token_institution` binds it.
    """

    person: str
    name: str
    roles: dict[str, frozenset[Role]] = field(default_factory=dict)
    operator: bool = False
    stepped_up: datetime | None = None
    scopes: frozenset[Permission] | None = None
    token: str | None = None
    token_institution: str | None = None
    withheld: "Actor | None" = None
    """Who this would be with a second factor, where one is required and missing."""
    holds: dict[str, Hold] = field(default_factory=dict)
    """By institution, set at the edge; an institution that may do everything has none."""
    acting: dict[str, str] = field(default_factory=dict)
    """School to the district as whose privacy officer this person acts there, set at the edge; never a token's."""

    @property
    def id(self) -> str:
        """Who acts, for the audit trail: the token where there is one, else the person."""
        return self.token or self.person

    def permissions(self, institution: str | None) -> frozenset[Permission]:
        """In one institution, or at the hub when None."""
        if institution is None:
            return OPERATOR if self.operator and self.scopes is None else frozenset()
        if self.token_institution not in (None, institution):
            return frozenset()
        held = frozenset[Permission]().union(*(ROLES[r] for r in self.roles.get(institution, ())))
        if institution in self.acting:
            held |= DISTRICT_OFFICER
        if institution in self.holds:
            held -= self.holds[institution].permissions
        return held if self.scopes is None else (held & self.scopes) - TOKEN_NEVER

    @property
    def unheld(self) -> "Actor":
        """For an act that only takes something back, such as leaving or revoking: no hold stands in its way."""
        return replace(self, holds={})

    @property
    def own(self) -> "Actor":
        """Without what a district's officer may do at its schools: what a school answers its district by itself."""
        return replace(self, acting={})

    def as_officer_of(self, institution: str) -> dict[str, str]:
        """For an event there: the district as whose officer this person acts; empty for its own people."""
        district = self.acting.get(institution)
        return {"institution": district} if district else {}

    @property
    def institutions(self) -> frozenset[str]:
        """Where this actor has any role, or acts as a district's officer."""
        if self.token_institution is not None:
            return frozenset({self.token_institution}) & self.roles.keys()
        return frozenset(self.roles) | frozenset(self.acting)


def allows(actor: Actor, permission: Permission, institution: str | None = None) -> bool:
    """Pure: the table's answer and nothing else."""
    return permission in actor.permissions(institution)


def institutions_where(actor: Actor, permission: Permission) -> frozenset[str]:
    """Every institution in which the actor holds `permission`."""
    return frozenset(i for i in actor.institutions if allows(actor, permission, i))
