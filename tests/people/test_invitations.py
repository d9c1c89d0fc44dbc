"""Invitations: to one mail address, one role, once, for seven days."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.audit.models import HUB_CHAIN, Event
from app.clock import now
from app.effects import Mail, take
from app.errors import Conflict, Expired, Invalid, NotAllowed, NotFound, NotSignedIn, StepUpNeeded
from app.people import queries, service, sessions
from app.people.models import Invitation, Person
from app.settings import Settings
from tests.cast import PASSWORD, Cast

NEW = "new.colleague@heath.example"


def invite(
    session: Session, settings: Settings, cast: Cast, mail: str = NEW, role: Role = Role.READER
) -> str:
    """The token, as the invited person finds it in the mail."""
    service.invite(
        session,
        settings,
        cast.administrator,
        cast.institution,
        mail,
        role,
        institution_name="Heath School",
    )
    sent = [e for e in take(session) if isinstance(e, Mail)]
    assert [e.to for e in sent] == [mail.lower()]
    return token_in(sent[0].body)


def token_in(text: str) -> str:
    found = re.search(r"http://hub\.test/invitations/(\S+)", text)
    assert found is not None
    return found[1]


def accept(session: Session, token: str) -> Person:
    return service.accept_invitation(session, token, name="New Colleague", password=PASSWORD)


def test_a_new_person_comes_in(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast, "New.Colleague@heath.example", Role.PRIVACY_OFFICER)
    row = service.find_invitation(session, token)
    assert (row.email, row.role) == (NEW, Role.PRIVACY_OFFICER)
    assert [i.id for i in queries.open_invitations(session, cast.reader, cast.institution)] == [
        row.id
    ]
    person = accept(session, token)
    assert queries.roles_of(session, person.id) == {
        cast.institution: frozenset({Role.PRIVACY_OFFICER})
    }
    assert queries.open_invitations(session, cast.reader, cast.institution) == []
    found = service.sign_in(session, settings, NEW, PASSWORD)
    assert found is not None
    events = select(Event.kind).where(Event.chain_id == cast.institution).order_by(Event.number)
    assert session.scalars(events).all()[-3:] == [
        "invitation.sent",
        "invitation.accepted",
        "role.granted",
    ]


def test_the_link_is_not_stored(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    row = service.find_invitation(session, token)
    assert token not in [str(v) for v in vars(row).values()]


def test_a_link_works_once(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    accept(session, token)
    with pytest.raises(Expired):
        accept(session, token)
    with pytest.raises(Expired):
        service.decline_invitation(session, token)


def test_a_link_runs_out(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    row = service.find_invitation(session, token)
    assert timedelta(days=7) - timedelta(minutes=1) < row.expires - now() <= timedelta(days=7)
    session.execute(update(Invitation).values(expires=now() - timedelta(seconds=1)))
    session.expire_all()
    with pytest.raises(Expired):
        accept(session, token)


def test_an_unknown_link(session: Session) -> None:
    with pytest.raises(NotFound):
        service.find_invitation(session, "nothing")


def test_declining(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    service.decline_invitation(session, token)
    with pytest.raises(Expired):
        accept(session, token)
    assert queries.by_email(session, NEW) is None


def test_withdrawing(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    row = service.find_invitation(session, token)
    with pytest.raises(NotFound):
        service.withdraw_invitation(session, cast.stranger, row.id)
    with pytest.raises(NotAllowed):
        service.withdraw_invitation(session, cast.officer, row.id)
    service.withdraw_invitation(session, cast.administrator, row.id)
    with pytest.raises(Expired):
        accept(session, token)


def test_a_second_invitation_replaces_the_first(
    session: Session, settings: Settings, cast: Cast
) -> None:
    first = invite(session, settings, cast)
    second = invite(session, settings, cast)
    other_role = invite(session, settings, cast, role=Role.INSTRUCTOR)
    with pytest.raises(Expired):
        service.find_invitation(session, first)
    service.find_invitation(session, second)
    service.find_invitation(session, other_role)


def test_someone_with_an_account_signs_in_first(
    session: Session, settings: Settings, cast: Cast
) -> None:
    token = invite(session, settings, cast, "stranger@moor.example")
    with pytest.raises(NotSignedIn):
        accept(session, token)
    with pytest.raises(NotAllowed):
        service.accept_invitation(session, token, signed_in=cast.reader.person)
    person = service.accept_invitation(session, token, signed_in=cast.stranger.person)
    assert person.id == cast.stranger.person
    assert queries.roles_of(session, person.id) == {
        cast.institution: frozenset({Role.READER}),
        cast.other: frozenset({Role.ADMINISTRATOR}),
    }


def test_a_link_for_a_new_mail_is_not_for_who_is_signed_in(
    session: Session, settings: Settings, cast: Cast
) -> None:
    token = invite(session, settings, cast)
    with pytest.raises(NotAllowed):
        service.accept_invitation(session, token, signed_in=cast.stranger.person)


def test_a_weak_password_uses_nothing_up(session: Session, settings: Settings, cast: Cast) -> None:
    token = invite(session, settings, cast)
    with pytest.raises(Invalid):
        service.accept_invitation(session, token, name="New", password="short")
    accept(session, token)


def test_who_may_invite(session: Session, settings: Settings, cast: Cast) -> None:
    refused = {"officer": NotAllowed, "instructor": NotAllowed, "reader": NotAllowed}
    refused |= {"stranger": NotFound, "operator": NotFound}
    for name, error in refused.items():
        with pytest.raises(error):
            service.invite(
                session,
                settings,
                cast.everyone[name],
                cast.institution,
                NEW,
                Role.READER,
                institution_name="Heath School",
            )
    stale = replace(cast.administrator, stepped_up=None)
    with pytest.raises(StepUpNeeded):
        service.invite(
            session,
            settings,
            stale,
            cast.institution,
            NEW,
            Role.READER,
            institution_name="Heath School",
        )


def test_inviting_who_has_the_role_is_said(
    session: Session, settings: Settings, cast: Cast
) -> None:
    with pytest.raises(Conflict):
        invite(session, settings, cast, "reader@heath.example", Role.READER)


def test_the_first_operator_comes_by_the_command_line(session: Session, settings: Settings) -> None:
    link = service.invite_operator(session, settings, "Root@hub.example")
    assert link.startswith("http://hub.test/invitations/")
    token = token_in(link)
    person = accept(session, token)
    assert person.operator
    with pytest.raises(Expired):
        accept(session, token)
    found = service.sign_in(session, settings, "root@hub.example", PASSWORD)
    assert found is not None
    _row, actor = sessions.actor_for(session, found.cookie) or pytest.fail("no actor")
    assert actor.operator
    trail = select(Event).where(Event.kind == "invitation.sent")
    event = session.scalars(trail).one()
    assert (event.actor, event.chain_id, event.body["operator"]) == (HUB_CHAIN, HUB_CHAIN, True)


def test_operators_invite_operators(session: Session, settings: Settings, cast: Cast) -> None:
    link = service.invite_operator(session, settings, "reader@heath.example", cast.operator)
    again = service.invite_operator(session, settings, "reader@heath.example", cast.operator)
    with pytest.raises(Expired):
        service.find_invitation(session, token_in(link))
    token = token_in(again)
    with pytest.raises(NotSignedIn):
        accept(session, token)
    assert service.accept_invitation(session, token, signed_in=cast.reader.person).operator
    with pytest.raises(NotFound):
        service.invite_operator(session, settings, NEW, cast.administrator)
    with pytest.raises(Conflict):
        service.invite_operator(session, settings, "operator@hub.example", cast.operator)
