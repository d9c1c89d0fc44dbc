"""Roles are given and taken by administrators; the last of them stays."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.clock import now
from app.errors import Conflict, NotAllowed, NotFound, StepUpNeeded
from app.people import queries, service
from tests.cast import Cast, member

Act = Callable[[Session, Actor, Cast], None]


def grant(session: Session, actor: Actor, cast: Cast) -> None:
    service.grant(session, actor, cast.institution, cast.reader.person, Role.INSTRUCTOR)


def revoke(session: Session, actor: Actor, cast: Cast) -> None:
    service.revoke(session, actor, cast.institution, cast.reader.person, Role.READER)


def remove(session: Session, actor: Actor, cast: Cast) -> None:
    service.remove(session, actor, cast.institution, cast.reader.person)


ACTS: list[tuple[Act, set[Role]]] = [
    (grant, {Role.READER, Role.INSTRUCTOR}),
    (revoke, set()),
    (remove, set()),
]


def roles(session: Session, cast: Cast, person: str) -> set[Role]:
    return set(queries.roles_of(session, person).get(cast.institution, ()))


@pytest.mark.parametrize(("act", "after"), ACTS)
def test_an_administrator_may(session: Session, cast: Cast, act: Act, after: set[Role]) -> None:
    act(session, cast.administrator, cast)
    assert roles(session, cast, cast.reader.person) == after
    newest = audit.latest(session, cast.institution, 1)[0]
    assert newest.kind in ("role.granted", "role.revoked")
    assert (newest.actor, newest.subject) == (cast.administrator.person, cast.reader.person)


@pytest.mark.parametrize("act", [act for act, _after in ACTS])
@pytest.mark.parametrize(
    ("who", "error"),
    [
        ("officer", NotAllowed),
        ("instructor", NotAllowed),
        ("reader", NotAllowed),
        ("stranger", NotFound),
        ("operator", NotFound),
    ],
)
def test_others_may_not(
    session: Session, cast: Cast, act: Act, who: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        act(session, cast.everyone[who], cast)
    assert roles(session, cast, cast.reader.person) == {Role.READER}


@pytest.mark.parametrize("act", [act for act, _after in ACTS])
def test_a_step_up_is_needed(session: Session, cast: Cast, act: Act) -> None:
    with pytest.raises(StepUpNeeded):
        act(session, replace(cast.administrator, stepped_up=now() - timedelta(minutes=11)), cast)


@pytest.mark.parametrize("act", [act for act, _after in ACTS])
def test_no_token_may(session: Session, cast: Cast, act: Act) -> None:
    token = replace(
        cast.administrator,
        token="token_x",
        token_institution=cast.institution,
        scopes=frozenset(Permission),
    )
    with pytest.raises(NotAllowed, match="No API token"):
        act(session, token, cast)


@pytest.mark.parametrize("act", [act for act, _after in ACTS])
def test_doing_it_again_is_said(session: Session, cast: Cast, act: Act) -> None:
    act(session, cast.administrator, cast)
    with pytest.raises((Conflict, NotFound)):
        act(session, cast.administrator, cast)


def test_the_last_administrator_stays(session: Session, cast: Cast) -> None:
    own = cast.administrator.person
    with pytest.raises(Conflict):
        service.revoke(session, cast.administrator, cast.institution, own, Role.ADMINISTRATOR)
    with pytest.raises(Conflict):
        service.remove(session, cast.administrator, cast.institution, own)
    second = member(session, cast.institution, "second", Role.ADMINISTRATOR)
    service.revoke(session, second, cast.institution, own, Role.ADMINISTRATOR)
    with pytest.raises(Conflict):
        service.remove(session, second, cast.institution, second.person)


def test_an_administrator_who_cannot_sign_in_does_not_count(session: Session, cast: Cast) -> None:
    second = member(session, cast.institution, "second", Role.ADMINISTRATOR)
    person = queries.person(session, second.person)
    assert person is not None
    person.disabled = now()
    session.flush()
    with pytest.raises(Conflict):
        service.remove(session, cast.administrator, cast.institution, cast.administrator.person)


def test_a_stranger_is_invited_not_granted(session: Session, cast: Cast) -> None:
    with pytest.raises(NotFound):
        service.grant(
            session, cast.administrator, cast.institution, cast.stranger.person, Role.READER
        )


def test_the_people_page(session: Session, cast: Cast) -> None:
    found = queries.members(session, cast.reader, cast.institution)
    assert [(m.person.name, set(m.roles), m.second_factor) for m in found] == [
        ("Administrator", {Role.ADMINISTRATOR}, False),
        ("Instructor", {Role.INSTRUCTOR}, False),
        ("Officer", {Role.PRIVACY_OFFICER}, False),
        ("Reader", {Role.READER}, False),
    ]
    for who, error in [(cast.stranger, NotFound), (cast.instructor, NotAllowed)]:
        with pytest.raises(error):
            queries.members(session, who, cast.institution)
