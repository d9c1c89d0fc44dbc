"""The table, the two refusals, and the printed page."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from app.access import print as printer
from app.access.actor import Actor, allows, institutions_where
from app.access.loaders import fresh, require, role_name
from app.access.permissions import OPERATOR, ROLES, TOKEN_NEVER, Permission, Role
from app.clock import now
from app.errors import NotAllowed, NotFound, StepUpNeeded

HERE, THERE = "institution_here", "institution_there"


def person(*roles: Role) -> Actor:
    return Actor(person="person_x", name="X", roles={HERE: frozenset(roles)} if roles else {})


def test_the_printed_page_is_current() -> None:
    page = Path(__file__).parents[2] / "docs" / "permissions.md"
    assert page.read_text(encoding="utf-8") == printer.page()


def test_the_printed_page_has_every_cell() -> None:
    rows = [line for line in printer.page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(Permission)
    for row, permission in zip(rows, Permission, strict=True):
        cells = [c.strip() for c in row.split("|")[2:-1]]
        wanted = ["yes" if permission in ROLES[role] else "" for role in Role]
        assert sorted(cells[: len(Role)]) == sorted(wanted)
        assert (cells[-1] == "never") == (permission in TOKEN_NEVER)


@pytest.mark.parametrize(("role", "permission"), list(product(Role, Permission)))
def test_require_is_the_table(role: Role, permission: Permission) -> None:
    actor = person(role)
    with pytest.raises(NotFound):
        require(actor, permission, THERE)
    with pytest.raises(NotFound):
        require(actor, permission, None)
    if permission in ROLES[role]:
        require(actor, permission, HERE)
    else:
        with pytest.raises(NotAllowed):
            require(actor, permission, HERE)


def test_a_refusal_names_the_roles_that_can() -> None:
    with pytest.raises(NotAllowed) as refused:
        require(person(Role.READER), Permission.FEDERATION_JOIN, HERE)
    assert refused.value.message.endswith("It takes: administrator or privacy officer.")


@pytest.mark.parametrize("permission", list(Permission))
def test_an_operator_stands_at_the_hub_only(permission: Permission) -> None:
    actor = replace(person(), operator=True)
    with pytest.raises(NotFound):
        require(actor, permission, HERE)
    if permission in OPERATOR:
        require(actor, permission, None)
    else:
        with pytest.raises(NotFound):
            require(actor, permission, None)


def test_an_operator_sees_no_reports() -> None:
    assert Permission.REPORT_READ not in OPERATOR
    assert {r for r in Role if Permission.REPORT_READ in ROLES[r]} == {Role.INSTRUCTOR}


def token(*scopes: Permission) -> Actor:
    everyone = person(*Role)
    return replace(
        everyone,
        roles={HERE: frozenset(Role), THERE: frozenset(Role)},
        operator=True,
        token="token_x",
        token_institution=HERE,
        scopes=frozenset(scopes),
    )


@pytest.mark.parametrize("permission", list(Permission))
def test_a_token_with_every_scope(permission: Permission) -> None:
    actor = token(*Permission)
    with pytest.raises(NotFound):
        require(actor, permission, THERE)
    with pytest.raises(NotFound):
        require(actor, permission, None)
    if permission in TOKEN_NEVER:
        with pytest.raises(NotAllowed, match="No API token"):
            require(actor, permission, HERE)
    else:
        require(actor, permission, HERE)


def test_a_token_without_the_scope_is_told_which() -> None:
    with pytest.raises(NotAllowed, match="lacks the scope site:edit"):
        require(token(Permission.SITE_READ), Permission.SITE_EDIT, HERE)


def test_fresh() -> None:
    with pytest.raises(StepUpNeeded):
        fresh(person(Role.READER))
    fresh(replace(person(), stepped_up=now() - timedelta(minutes=9)))
    with pytest.raises(StepUpNeeded):
        fresh(replace(person(), stepped_up=now() - timedelta(minutes=10, seconds=1)))
    fresh(token(Permission.SITE_EDIT))


def test_institutions_where() -> None:
    actor = Actor(
        person="person_x",
        name="X",
        roles={HERE: frozenset({Role.READER}), THERE: frozenset({Role.ADMINISTRATOR})},
    )
    assert institutions_where(actor, Permission.SITE_EDIT) == {THERE}
    assert institutions_where(actor, Permission.SITE_READ) == {HERE, THERE}
    assert not allows(actor, Permission.HUB_OPERATE, THERE)


def test_every_role_has_a_name() -> None:
    assert len({role_name(role) for role in Role}) == len(Role)
