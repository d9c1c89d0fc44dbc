"""Six digits that work once, recovery codes that work once, tries that are limited."""

from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.audit.models import Event
from app.clock import now
from app.errors import Expired, NotFound, StepUpNeeded, TooMany
from app.people import queries, second_factor, service, sessions, throttle
from app.people.models import Attempt, BrowserSession, Person, RecoveryCode
from app.settings import Settings
from tests.cast import PASSWORD, Cast

MAIL = "officer@heath.example"


def code_at(secret: str, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(now(), counter_offset=steps)


def set_up(session: Session, settings: Settings, cast: Cast) -> tuple[str, list[str]]:
    """The secret and the recovery codes. The code of the step before was used."""
    offer = service.start_totp(session, settings, cast.officer)
    codes = service.confirm_totp(
        session, settings, cast.officer, offer.sealed, code_at(offer.secret, -1)
    )
    assert codes is not None
    return offer.secret, codes


def half_in(session: Session, settings: Settings) -> sessions.SignedIn:
    found = service.sign_in(session, settings, MAIL, PASSWORD)
    assert found is not None
    assert found.needs_code
    return found


def test_setting_up(session: Session, settings: Settings, cast: Cast) -> None:
    offer = service.start_totp(session, settings, cast.officer)
    assert offer.uri.startswith("otpauth://totp/Collegium%20hub:officer%40heath.example?")
    person = queries.person(session, cast.officer.person)
    assert person is not None
    assert person.totp_secret is None, "nothing changes before a code was right"
    wrong = "000000" if code_at(offer.secret) != "000000" else "111111"
    assert service.confirm_totp(session, settings, cast.officer, offer.sealed, wrong) is None
    assert person.totp_secret is None
    codes = service.confirm_totp(
        session, settings, cast.officer, offer.sealed, code_at(offer.secret)
    )
    assert codes is not None
    assert len(set(codes)) == queries.recovery_codes_left(session, person.id) == 10
    assert person.totp_secret is not None
    assert offer.secret not in person.totp_secret
    hashes = session.scalars(select(RecoveryCode.code_hash)).all()
    assert not set(codes) & set(hashes)


def test_an_offer_is_for_one_person_and_a_quarter_of_an_hour(
    session: Session, settings: Settings, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    offer = service.start_totp(session, settings, cast.officer)
    with pytest.raises(NotFound):
        service.confirm_totp(session, settings, cast.reader, offer.sealed, code_at(offer.secret))
    monkeypatch.setattr(second_factor, "OFFER", timedelta(minutes=-1))
    old = service.start_totp(session, settings, cast.officer)
    with pytest.raises(Expired):
        service.confirm_totp(session, settings, cast.officer, old.sealed, code_at(old.secret))


def test_setting_up_needs_a_step_up(session: Session, settings: Settings, cast: Cast) -> None:
    offer = service.start_totp(session, settings, cast.officer)
    stale = replace(cast.officer, stepped_up=now() - timedelta(minutes=11))
    with pytest.raises(StepUpNeeded):
        service.confirm_totp(session, settings, stale, offer.sealed, code_at(offer.secret))
    with pytest.raises(StepUpNeeded):
        service.make_recovery_codes(session, stale)


def test_the_password_alone_opens_nothing(session: Session, settings: Settings, cast: Cast) -> None:
    secret, _codes = set_up(session, settings, cast)
    found = half_in(session, settings)
    assert sessions.actor_for(session, found.cookie) is None
    waiting = sessions.pending(session, found.cookie)
    assert waiting is not None
    assert service.check_code(session, settings, waiting, code_at(secret))
    session.expire_all()
    _row, actor = sessions.actor_for(session, found.cookie) or pytest.fail("no actor")
    assert actor.stepped_up is not None
    assert sessions.pending(session, found.cookie) is None


def test_the_password_is_no_code(session: Session, settings: Settings, cast: Cast) -> None:
    set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, PASSWORD)
    assert not service.step_up(session, settings, row, PASSWORD)


def test_a_code_works_once_and_no_older_one_after_it(
    session: Session, settings: Settings, cast: Cast
) -> None:
    secret, _codes = set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, code_at(secret, -1)), "used at set-up"
    assert service.check_code(session, settings, row, code_at(secret, 1))
    assert not service.step_up(session, settings, row, code_at(secret, 1))
    assert not service.step_up(session, settings, row, code_at(secret, 0))


@pytest.mark.parametrize("steps", [-3, 3])
def test_codes_of_another_time_do_not_work(
    session: Session, settings: Settings, cast: Cast, steps: int
) -> None:
    secret, _codes = set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, code_at(secret, steps))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "-12345"])
def test_what_is_no_code(session: Session, settings: Settings, cast: Cast, code: str) -> None:
    set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, code)


def test_a_pasted_code_with_spaces_works(session: Session, settings: Settings, cast: Cast) -> None:
    secret, _codes = set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    code = code_at(secret)
    assert service.check_code(session, settings, row, f" {code[:3]} {code[3:]} ")


def test_tries_are_limited_per_account(session: Session, settings: Settings, cast: Cast) -> None:
    secret, _codes = set_up(session, settings, cast)
    for _try in range(throttle.CODE.free):
        row = half_in(session, settings).browser_session
        assert not service.check_code(session, settings, row, "no code")
    with pytest.raises(TooMany):
        service.check_code(session, settings, row, code_at(secret))
    session.execute(update(Attempt).values(blocked_until=None))
    assert service.check_code(session, settings, row, code_at(secret))


def test_a_recovery_code_works_once(session: Session, settings: Settings, cast: Cast) -> None:
    _secret, codes = set_up(session, settings, cast)
    row = half_in(session, settings).browser_session
    assert service.check_code(session, settings, row, codes[3].upper().replace("-", " "))
    assert queries.recovery_codes_left(session, cast.officer.person) == 9
    assert not service.check_code(session, settings, row, codes[3])
    assert service.check_code(session, settings, row, codes[4])
    kinds = session.scalars(select(Event.kind).where(Event.subject == cast.officer.person)).all()
    assert kinds.count("account.recovery-code-used") == 2


def test_another_persons_recovery_code_does_not_work(
    session: Session, settings: Settings, cast: Cast
) -> None:
    set_up(session, settings, cast)
    foreign = service.make_recovery_codes(session, cast.administrator)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, foreign[0])


def test_new_recovery_codes_end_the_old(session: Session, settings: Settings, cast: Cast) -> None:
    _secret, old = set_up(session, settings, cast)
    new = service.make_recovery_codes(session, cast.officer)
    row = half_in(session, settings).browser_session
    assert not service.check_code(session, settings, row, old[0])
    assert service.check_code(session, settings, row, new[0])


def test_step_up_without_a_second_factor_takes_the_password(
    session: Session, settings: Settings, cast: Cast
) -> None:
    found = service.sign_in(session, settings, MAIL, PASSWORD)
    assert found is not None
    session.execute(update(BrowserSession).values(stepped_up=now() - timedelta(hours=1)))
    row = found.browser_session
    assert not service.check_code(session, settings, row, PASSWORD), "there is no code to check"
    assert not service.step_up(session, settings, row, "not the right one")
    assert service.step_up(session, settings, row, PASSWORD)
    session.expire_all()
    _row, actor = sessions.actor_for(session, found.cookie) or pytest.fail("no actor")
    assert actor.stepped_up is not None
    assert now() - actor.stepped_up < timedelta(minutes=1)


def test_two_requests_cannot_use_one_code(session: Session, settings: Settings, cast: Cast) -> None:
    set_up(session, settings, cast)
    who = cast.officer.person
    step = session.scalar(select(Person.totp_last_step).where(Person.id == who))
    assert step is not None
    assert second_factor._use_step(session, who, step + 1)
    assert not second_factor._use_step(session, who, step + 1)
