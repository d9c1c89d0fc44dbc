"""A token does no more than its person's roles of today: every route as every role."""

from collections import defaultdict

import pytest

from app.access.permissions import ROLES, Permission, Role
from app.people import service as people
from tests import cast
from tests.api.stage import ALL, Stage
from tests.api.table import ROWS
from tests.api.test_routes import problem


def token_of(stage: Stage, role: Role) -> str:
    """Minted with every scope while its person held every role; now only `role` is left."""
    home = stage.ids["institution"]
    with stage.world.hub.db.session() as session:
        person = cast.member(session, home, "changing", *Role, domain="people.example")
    stage.newcomer = person
    token = stage.token("newcomer", ALL)
    with stage.world.hub.db.session() as session:
        for other in set(Role) - {role}:
            people.revoke(session, stage.world.lead.administrator, home, person.person, other)
    return token


@pytest.mark.parametrize("role", Role)
def test_every_route_as_every_role(stage: Stage, role: Role) -> None:
    """What the role lacks is refused before anything is looked at; what it holds is never refused for lack of it."""
    token = token_of(stage, role)
    ids = defaultdict(lambda: "none", stage.ids)
    refused: set[Permission | None] = set()
    for row in ROWS:
        body = row.body if isinstance(row.body, dict) else {}
        path = row.path.format_map(ids)
        answer = stage.call(row.method, path, token, body, {"If-Match": '"1"'})
        if row.scope is not None and row.scope not in ROLES[role]:
            problem(answer, 403)
            refused.add(row.scope)
        elif not set(row.also) - ROLES[role]:
            assert answer.status_code != 403, (row.name, answer.text)
    assert refused == {row.scope for row in ROWS if row.scope} - ROLES[role]
