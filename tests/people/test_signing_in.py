"""Signing in: one answer for a wrong mail and a wrong password, a growing wait, sessions that end."""

import time
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.audit.models import Event
from app.clock import now
from app.db import Database
from app.errors import NotFound, TooMany
from app.people import passwords, queries, service, sessions, throttle
from app.people.models import Attempt, BrowserSession, Person
from app.settings import Settings
from tests.cast import PASSWORD, Cast, make_cast, password_hash

MAIL = "administrator@heath.example"


def signed_in(session: Session, settings: Settings, mail: str = MAIL) -> sessions.SignedIn:
    found = service.sign_in(session, settings, mail, PASSWORD, agent="Firefox")
    assert found is not None
    return found


def last_event(session: Session) -> Event:
    found = session.scalars(select(Event).order_by(Event.at.desc(), Event.number.desc())).first()
    assert found is not None
    return found


def test_right_password_gives_a_session(session: Session, settings: Settings, cast: Cast) -> None:
    found = signed_in(session, settings, " Administrator@Heath.example ")
    assert not found.needs_code
    row, actor = sessions.actor_for(session, found.cookie) or pytest.fail("no actor")
    assert row.id == found.browser_session.id
    assert actor.person == cast.administrator.person
    assert actor.roles == {cast.institution: frozenset({Role.ADMINISTRATOR})}
    assert actor.stepped_up is not None
    assert row.institution_id == cast.institution
    assert last_event(session).kind == "account.signed-in"


def test_the_cookie_is_not_stored(session: Session, settings: Settings, cast: Cast) -> None:
    found = signed_in(session, settings)
    stored = vars(found.browser_session).values()
    assert found.cookie not in [str(v) for v in stored]


@pytest.mark.parametrize("mail", [MAIL, "nobody@heath.example"])
def test_wrong_is_wrong(session: Session, settings: Settings, cast: Cast, mail: str) -> None:
    assert service.sign_in(session, settings, mail, "not the right one") is None
    event = last_event(session)
    assert (event.kind, event.body) == ("account.sign-in-failed", {"attempts": 1})
    assert "nobody" not in event.subject


def test_unknown_and_known_mail_take_about_the_same_time(
    session: Session, settings: Settings, cast: Cast
) -> None:
    def seconds(mail: str) -> float:
        start = time.process_time()
        service.sign_in(session, settings, mail, "not the right one")
        return time.process_time() - start

    seconds("warm-up@heath.example")
    known = min(seconds(MAIL) for _try in range(4))
    unknown = min(seconds(f"nobody{number}@heath.example") for number in range(4))
    assert 0.5 < known / unknown < 2


def test_a_disabled_person_cannot_sign_in(session: Session, settings: Settings, cast: Cast) -> None:
    found = signed_in(session, settings)
    session.execute(
        update(Person).where(Person.id == cast.administrator.person).values(disabled=now())
    )
    assert service.sign_in(session, settings, MAIL, PASSWORD) is None
    session.expire_all()
    assert sessions.actor_for(session, found.cookie) is None


def test_the_wait_grows_and_the_right_password_waits_too(
    session: Session, settings: Settings, cast: Cast
) -> None:
    for _try in range(throttle.SIGN_IN.free):
        assert service.sign_in(session, settings, MAIL, "wrong wrong wrong") is None
    waits = []
    for _try in range(4):
        with pytest.raises(TooMany) as refused:
            service.sign_in(session, settings, MAIL, PASSWORD)
        waits.append(refused.value.wait_s)
        session.execute(update(Attempt).values(blocked_until=None))
        assert service.sign_in(session, settings, MAIL, "wrong wrong wrong") is None
    assert waits == [1, 2, 4, 8]
    session.execute(update(Attempt).values(blocked_until=None))
    signed_in(session, settings)
    assert service.sign_in(session, settings, MAIL, "wrong wrong wrong") is None
    signed_in(session, settings)


def test_the_wait_ends_at_a_quarter_of_an_hour(session: Session) -> None:
    door = throttle.enter(session, throttle.CODE, "x")
    session.execute(update(Attempt).values(failures=500))
    throttle.failed(session, throttle.enter(session, throttle.CODE, "x"))
    with pytest.raises(TooMany) as refused:
        throttle.enter(session, throttle.CODE, "x")
    assert 895 <= refused.value.wait_s <= throttle.LONGEST
    assert door.failures == 0


def test_failures_of_yesterday_are_forgotten(session: Session) -> None:
    throttle.failed(session, throttle.enter(session, throttle.CODE, "x"))
    session.execute(update(Attempt).values(failures=9, last=now() - timedelta(hours=25)))
    assert throttle.enter(session, throttle.CODE, "x").failures == 0


def test_an_unknown_mail_waits_too(session: Session, settings: Settings) -> None:
    for _try in range(throttle.SIGN_IN.free):
        service.sign_in(session, settings, "nobody@heath.example", "wrong wrong wrong")
    with pytest.raises(TooMany):
        service.sign_in(session, settings, "nobody@heath.example", "wrong wrong wrong")


def test_one_address_trying_many_mails_waits(session: Session, settings: Settings) -> None:
    for number in range(throttle.ADDRESS.free):
        mail = f"somebody{number}@heath.example"
        service.sign_in(session, settings, mail, "wrong wrong wrong", address="192.0.2.7")
    with pytest.raises(TooMany):
        service.sign_in(session, settings, "new@heath.example", "wrong", address="192.0.2.7")
    assert service.sign_in(session, settings, "new@heath.example", "wrong") is None


def test_a_counted_failure_survives_the_request(db: Database, settings: Settings) -> None:
    with db.session() as first:
        make_cast(first)
    for _try in range(throttle.SIGN_IN.free):
        with db.session() as each:
            service.sign_in(each, settings, MAIL, "wrong wrong wrong")
    with pytest.raises(TooMany), db.session() as last:
        service.sign_in(last, settings, MAIL, PASSWORD)


def test_signing_in_ends_the_session_before(
    session: Session, settings: Settings, cast: Cast
) -> None:
    before = signed_in(session, settings)
    after = service.sign_in(session, settings, MAIL, PASSWORD, old_cookie=before.cookie)
    assert after is not None
    assert after.browser_session.id != before.browser_session.id
    assert after.browser_session.csrf != before.browser_session.csrf
    assert sessions.actor_for(session, before.cookie) is None
    assert sessions.actor_for(session, after.cookie) is not None


def test_signing_out(session: Session, settings: Settings, cast: Cast) -> None:
    found = signed_in(session, settings)
    service.sign_out(session, found.cookie)
    assert sessions.actor_for(session, found.cookie) is None
    assert last_event(session).kind == "account.signed-out"
    service.sign_out(session, found.cookie)


@pytest.mark.parametrize(
    "values",
    [
        {"expires": now() - timedelta(seconds=1)},
        {"last_seen": now() - sessions.IDLE - timedelta(seconds=1)},
    ],
    ids=["absolute", "idle"],
)
def test_sessions_run_out(
    session: Session, settings: Settings, cast: Cast, values: dict[str, object]
) -> None:
    found = signed_in(session, settings)
    session.execute(update(BrowserSession).values(values))
    session.expire_all()
    assert sessions.actor_for(session, found.cookie) is None


def test_touch_moves_last_seen(session: Session, settings: Settings, cast: Cast) -> None:
    row = signed_in(session, settings).browser_session
    assert not sessions.stale(row)
    session.execute(update(BrowserSession).values(last_seen=now() - timedelta(minutes=5)))
    session.refresh(row)
    assert sessions.stale(row)
    sessions.touch(session, row)
    session.refresh(row)
    assert not sessions.stale(row)


@pytest.mark.parametrize("cookie", [None, "", "x", "a" * 5000])
def test_a_strange_cookie_is_nobody(session: Session, cookie: str | None) -> None:
    assert sessions.actor_for(session, cookie) is None
    assert sessions.pending(session, cookie) is None


def test_ending_ones_own_sessions_only(session: Session, settings: Settings, cast: Cast) -> None:
    mine = signed_in(session, settings)
    other = signed_in(session, settings, "officer@heath.example")
    with pytest.raises(NotFound):
        service.end_session(session, cast.administrator, other.browser_session.id)
    service.end_session(session, cast.administrator, mine.browser_session.id)
    session.expire_all()
    assert sessions.actor_for(session, mine.cookie) is None
    assert sessions.actor_for(session, other.cookie) is not None
    assert last_event(session).kind == "account.session-ended"


def test_ending_all_but_this_one(session: Session, settings: Settings, cast: Cast) -> None:
    keep, *others = [signed_in(session, settings) for _device in range(3)]
    who = cast.administrator.person
    assert len(queries.sessions_of(session, who)) == 3
    assert service.end_sessions(session, who, who, but=keep.browser_session.id) == 2
    session.expire_all()
    assert [s.id for s in queries.sessions_of(session, who)] == [keep.browser_session.id]
    assert all(sessions.actor_for(session, o.cookie) is None for o in others)


def test_the_switcher_shows_only_ones_own(session: Session, settings: Settings, cast: Cast) -> None:
    row = signed_in(session, settings).browser_session
    with pytest.raises(NotFound):
        service.switch_institution(session, row.id, cast.administrator, cast.other)
    service.switch_institution(session, row.id, cast.administrator, cast.institution)


def test_production_withholds_power_until_a_second_factor_is_set(
    session: Session, settings: Settings, cast: Cast
) -> None:
    production = settings.model_copy(update={"environment": "production"})
    for mail, roles, operator in [
        (MAIL, {cast.institution: frozenset({Role.READER})}, False),
        ("officer@heath.example", {cast.institution: frozenset({Role.READER})}, False),
        ("instructor@heath.example", {cast.institution: frozenset({Role.INSTRUCTOR})}, False),
        ("operator@hub.example", {}, False),
    ]:
        cookie = signed_in(session, settings, mail).cookie
        _row, actor = sessions.actor_for(session, cookie, production) or pytest.fail("no actor")
        assert (actor.roles, actor.operator) == (roles, operator)
        _row, free = sessions.actor_for(session, cookie, settings) or pytest.fail("no actor")
        assert free.operator == (mail == "operator@hub.example")


def test_hashes_are_argon2id() -> None:
    assert password_hash().startswith("$argon2id$")
    assert passwords.fits(password_hash(), PASSWORD)
    assert not passwords.fits(password_hash(), PASSWORD + " ")
    assert not passwords.fits("no hash at all", PASSWORD)
    assert not passwords.fits(None, "nobody has this one \N{SNOWMAN}")


def test_the_same_password_from_two_keyboards_fits() -> None:
    composed, apart = "Übermütig genug", "U\u0308bermu\u0308tig genug"
    assert passwords.fits(passwords.make(composed), apart)
