"""A forgotten password: the same answer always, one link, one hour, every session ended."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from app.clock import now
from app.effects import Mail, take
from app.errors import Conflict, Expired, Invalid, NotFound, StepUpNeeded, TooMany
from app.people import service, sessions, throttle
from app.people.models import PasswordReset
from app.settings import Settings
from tests.cast import PASSWORD, Cast

MAIL = "reader@heath.example"
OTHER = "another long password"


def asked(session: Session, settings: Settings) -> str:
    service.request_reset(session, settings, MAIL)
    (mail,) = [e for e in take(session) if isinstance(e, Mail)]
    found = re.search(r"http://hub\.test/password/reset/(\S+)", mail.body)
    assert found is not None
    assert mail.to == MAIL
    return found[1]


def test_a_new_password(session: Session, settings: Settings, cast: Cast) -> None:
    before = service.sign_in(session, settings, MAIL, PASSWORD)
    assert before is not None
    token = asked(session, settings)
    service.reset(session, settings, token, OTHER)
    session.expire_all()
    assert sessions.actor_for(session, before.cookie) is None
    assert service.sign_in(session, settings, MAIL, PASSWORD) is None
    assert service.sign_in(session, settings, MAIL, OTHER) is not None
    told = [e for e in take(session) if isinstance(e, Mail)]
    assert [(m.to, m.subject) for m in told] == [(MAIL, "Your password was changed")]


def test_an_unknown_mail_gets_nothing_and_the_same_answer(
    session: Session, settings: Settings, cast: Cast
) -> None:
    service.request_reset(session, settings, "nobody@heath.example")
    assert take(session) == []


@pytest.mark.parametrize("mail", [MAIL, "nobody@heath.example"])
def test_asking_is_slowed_known_or_not(
    session: Session, settings: Settings, cast: Cast, mail: str
) -> None:
    for _try in range(throttle.RESET.free):
        service.request_reset(session, settings, mail)
    with pytest.raises(TooMany):
        service.request_reset(session, settings, mail)


def test_a_link_works_once(session: Session, settings: Settings, cast: Cast) -> None:
    token = asked(session, settings)
    service.reset(session, settings, token, OTHER)
    with pytest.raises(Conflict):
        service.reset(session, settings, token, PASSWORD)


def test_a_link_runs_out(session: Session, settings: Settings, cast: Cast) -> None:
    token = asked(session, settings)
    session.execute(update(PasswordReset).values(expires=now() - timedelta(seconds=1)))
    session.expire_all()
    with pytest.raises(Expired):
        service.reset(session, settings, token, OTHER)


def test_an_unknown_link(session: Session, settings: Settings) -> None:
    with pytest.raises(NotFound):
        service.reset(session, settings, "nothing", OTHER)


def test_a_weak_password_uses_nothing_up(session: Session, settings: Settings, cast: Cast) -> None:
    token = asked(session, settings)
    with pytest.raises(Invalid):
        service.reset(session, settings, token, "short")
    service.reset(session, settings, token, OTHER)


def test_changing_the_password_one_knows(session: Session, settings: Settings, cast: Cast) -> None:
    this = service.sign_in(session, settings, MAIL, PASSWORD)
    that = service.sign_in(session, settings, MAIL, PASSWORD)
    assert this is not None
    assert that is not None
    with pytest.raises(StepUpNeeded):
        service.change_password(session, settings, replace(cast.reader, stepped_up=None), OTHER)
    service.change_password(session, settings, cast.reader, OTHER, keep=this.browser_session.id)
    session.expire_all()
    assert sessions.actor_for(session, this.cookie) is not None
    assert sessions.actor_for(session, that.cookie) is None
    assert service.sign_in(session, settings, MAIL, OTHER) is not None
