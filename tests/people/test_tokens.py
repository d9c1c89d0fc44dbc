"""API tokens: shown once, hashed, scoped, expiring, bound to an institution and to their person's roles of today."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import allows
from app.access.permissions import TOKEN_NEVER, Permission, Role
from app.clock import now
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StepUpNeeded
from app.people import queries, service, tokens
from app.people.models import ApiToken, Person
from tests.cast import Cast, member

SCOPES = {Permission.SITE_READ, Permission.SITE_EDIT}


def mint(session: Session, cast: Cast, scopes: set[Permission] = SCOPES, days: int = 30) -> str:
    _row, text = tokens.mint(
        session, cast.administrator, cast.institution, "roster sync", scopes, days
    )
    return text


def test_a_token_acts_within_its_scopes(session: Session, cast: Cast) -> None:
    text = mint(session, cast)
    assert text.startswith("clg_")
    actor = tokens.actor_for(session, text)
    assert actor is not None
    assert actor.person == cast.administrator.person
    assert actor.id == actor.token
    assert actor.permissions(cast.institution) == SCOPES
    assert actor.permissions(cast.other) == frozenset()
    assert actor.permissions(None) == frozenset()
    assert actor.institutions == {cast.institution}


def test_the_secret_is_not_stored(session: Session, cast: Cast) -> None:
    row, text = tokens.mint(session, cast.administrator, cast.institution, "x", SCOPES)
    secret = text.split("_", 2)[2]
    assert all(secret not in str(value) for value in vars(row).values())
    assert timedelta(days=89) < row.expires - now() <= timedelta(days=90)


@pytest.mark.parametrize("never", sorted(TOKEN_NEVER))
def test_some_things_no_token_does(session: Session, cast: Cast, never: Permission) -> None:
    both = member(session, cast.institution, "both", Role.ADMINISTRATOR, Role.PRIVACY_OFFICER)
    with pytest.raises(Invalid) as refused:
        tokens.mint(session, both, cast.institution, "x", {Permission.SITE_READ, never})
    assert never.value in refused.value.errors["scopes"]
    actor = tokens.actor_for(session, mint(session, cast))
    assert actor is not None
    smuggled = replace(actor, scopes=frozenset(Permission))
    assert not allows(smuggled, never, cast.institution)


def test_nobody_gives_more_than_they_have(session: Session, cast: Cast) -> None:
    with pytest.raises(Invalid, match="report:read"):
        mint(session, cast, {Permission.REPORT_READ})


@pytest.mark.parametrize("days", [0, -1, 367])
def test_a_token_always_expires(session: Session, cast: Cast, days: int) -> None:
    with pytest.raises(Invalid) as refused:
        mint(session, cast, days=days)
    assert set(refused.value.errors) == {"days"}


def test_a_token_without_a_scope_is_refused(session: Session, cast: Cast) -> None:
    with pytest.raises(Invalid):
        mint(session, cast, set())


def test_who_may_mint(session: Session, cast: Cast) -> None:
    for name, error in {
        "officer": NotAllowed,
        "reader": NotAllowed,
        "instructor": NotAllowed,
        "stranger": NotFound,
    }.items():
        with pytest.raises(error):
            tokens.mint(session, cast.everyone[name], cast.institution, "x", SCOPES)
    with pytest.raises(StepUpNeeded):
        stale = replace(cast.administrator, stepped_up=None)
        tokens.mint(session, stale, cast.institution, "x", SCOPES)
    actor = tokens.actor_for(session, mint(session, cast))
    assert actor is not None
    with pytest.raises(NotAllowed, match="No API token"):
        tokens.mint(session, actor, cast.institution, "x", SCOPES)


def test_revoking(session: Session, cast: Cast) -> None:
    row, text = tokens.mint(session, cast.administrator, cast.institution, "x", SCOPES)
    with pytest.raises(NotFound):
        tokens.revoke(session, cast.stranger, row.id)
    with pytest.raises(NotAllowed):
        tokens.revoke(session, cast.officer, row.id)
    tokens.revoke(session, cast.administrator, row.id)
    assert tokens.actor_for(session, text) is None
    with pytest.raises(Conflict):
        tokens.revoke(session, cast.administrator, row.id)
    assert [t.id for t in queries.tokens(session, cast.administrator, cast.institution)] == [row.id]


def test_a_token_runs_out(session: Session, cast: Cast) -> None:
    text = mint(session, cast)
    session.execute(update(ApiToken).values(expires=now() - timedelta(seconds=1)))
    session.expire_all()
    assert tokens.actor_for(session, text) is None


def test_a_token_can_do_no_more_than_its_person_today(session: Session, cast: Cast) -> None:
    text = mint(session, cast)
    second = member(session, cast.institution, "second", Role.ADMINISTRATOR)
    own = cast.administrator.person
    service.grant(session, second, cast.institution, own, Role.READER)
    service.revoke(session, second, cast.institution, own, Role.ADMINISTRATOR)
    actor = tokens.actor_for(session, text)
    assert actor is not None
    assert actor.permissions(cast.institution) == {Permission.SITE_READ}
    service.remove(session, second, cast.institution, own)
    actor = tokens.actor_for(session, text)
    assert actor is not None
    assert actor.permissions(cast.institution) == frozenset()
    assert actor.institutions == frozenset()
    session.execute(update(Person).values(disabled=now()))
    session.expire_all()
    assert tokens.actor_for(session, text) is None


def test_use_is_noted_once_a_minute(session: Session, cast: Cast) -> None:
    row, _text = tokens.mint(session, cast.administrator, cast.institution, "x", SCOPES)
    tokens.touch(session, row.id)
    session.refresh(row)
    first = row.last_used
    assert first is not None
    tokens.touch(session, row.id)
    session.refresh(row)
    assert row.last_used == first


@pytest.mark.parametrize("change", ["secret", "prefix", "both", "none", "empty", "scheme"])
def test_a_wrong_token_is_nobody(session: Session, cast: Cast, change: str) -> None:
    scheme, prefix, secret = mint(session, cast).split("_", 2)
    wrong = {
        "secret": f"{scheme}_{prefix}_{secret[:-1]}",
        "prefix": f"{scheme}_000000000000_{secret}",
        "both": "clg_a_b",
        "none": None,
        "empty": "",
        "scheme": f"xyz_{prefix}_{secret}",
    }[change]
    assert tokens.actor_for(session, wrong) is None
