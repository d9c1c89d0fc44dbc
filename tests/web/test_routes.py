"""Every route as every role, from one table; and no route outside it."""

from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from app.web import pages
from app.web.pages import run_bell
from tests.web.browsing import send
from tests.web.conftest import restore
from tests.web.populated import Populated
from tests.web.route_table import ROLES, TABLE, filled

OTHER_DOORS = ("/api/", "/site/", "/health/", "/static", "/demo")
"""Called as everyone by tests of their own."""


def test_every_route_has_a_row(made: Populated) -> None:
    known = {(method, path) for method, path, _statuses in TABLE}
    routers = pages.routers(made.app.state.hub.settings)
    here = {
        (method, route.path)
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods - {"HEAD"}
    }
    assert here == known


def test_every_other_route_is_another_door(made: Populated) -> None:
    known = {path for _method, path, _statuses in TABLE}
    paths = {getattr(route, "path", "") for route in made.app.routes}
    strays = {p for p in paths - known if p and not p.startswith(OTHER_DOORS)}
    assert strays == set()


@pytest.mark.parametrize(
    ("method", "path", "statuses"), TABLE, ids=[f"{method} {path}" for method, path, _s in TABLE]
)
def test_route_as_everyone(
    made: Populated,
    hub_home: Path,
    method: str,
    path: str,
    statuses: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_bell, "LONGEST_S", 0)  # this client waits for an answer's end
    expected = dict(zip(ROLES, map(int, statuses.split()), strict=True))
    address, got = filled(path, made.ids), {}
    for role in ROLES:
        if method != "GET":
            restore(made, hub_home)
        client = made.client(None if role == "nobody" else role)
        answer = client.get(address) if method == "GET" else send(client, address)
        got[role] = answer.status_code
    restore(made, hub_home)
    assert got == expected


@pytest.mark.parametrize("role", ROLES[1:])
def test_a_refusal_is_the_same_for_what_is_not_there(made: Populated, role: str) -> None:
    """Nobody learns from an answer whether another institution's thing exists."""
    client = made.client(role)
    other = client.get("/i/institution_0000000000000000000000/policy")
    assert other.status_code == 404
    assert "There is nothing here for you." in other.text
