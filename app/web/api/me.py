"""Whose token this is, and what it may do."""

from datetime import datetime

from app.access.permissions import Permission, Role
from app.clock import now
from app.web.api.answers import Told
from app.web.api.caller import Admitted, api_router

router = api_router("me")


class Me(Told):
    """`may` is what the token's scopes and its person's roles of today both allow, in `institution`."""

    token: str
    person: str
    name: str
    institution: str
    roles: list[Role]
    may: list[Permission]
    time: datetime


@router.get("/me")
def me(actor: Admitted) -> Me:
    """Takes no scope: any valid token may ask."""
    institution = actor.token_institution or ""
    return Me(
        token=actor.id,
        person=actor.person,
        name=actor.name,
        institution=institution,
        roles=sorted(actor.roles.get(institution, ())),
        may=sorted(actor.permissions(institution)),
        time=now(),
    )
