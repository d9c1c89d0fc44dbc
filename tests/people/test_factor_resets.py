"""A lost second factor: another person asks, the owner hears at once and has a day, then everything ends together."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.audit.models import Event
from app.audit.service import verify
from app.cli import main
from app.clock import now
from app.db import Database
from app.effects import Mail, take
from app.errors import (
    Conflict,
    Expired,
    NotAllowed,
    NotFound,
    SecondFactorMissing,
    StepUpNeeded,
)
from app.institutions.models import Institution
from app.people import factor_resets, queries, roles, service, sessions, tokens
from app.people.models import FactorReset, Person
from app.settings import Settings
from tests.cast import PASSWORD, Cast, make_cast, member
from tests.people.test_second_factor import code_at, set_up

OFFICER = "officer@heath.example"


@pytest.fixture
def secret(session: Session, settings: Settings, cast: Cast) -> str:
    """Of the officer's second factor."""
    found, _codes = set_up(session, settings, cast)
    return found


def asked(session: Session, settings: Settings, cast: Cast) -> str:
    """The token of the link in the one mail."""
    service.ask_factor_reset(
        session, settings, cast.administrator, cast.institution, cast.officer.person
    )
    (mail,) = [e for e in take(session) if isinstance(e, Mail)]
    assert mail.to == OFFICER and "Administrator asked" in mail.body
    found = re.search(r"http://hub\.test/second-factor/stop/(\S+)", mail.body)
    assert found is not None
    return found[1]


def later(session: Session, settings: Settings, **by: int) -> int:
    return factor_resets.take_effect(session, settings, now() + timedelta(**by))


def kinds_in(session: Session, chain: str) -> list[str]:
    query = select(Event.kind).where(Event.chain_id == chain).order_by(Event.number)
    return [k for k in session.scalars(query) if "factor-reset" in k]


def test_it_takes_effect_a_day_later_and_ends_everything(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    roles.add(session, "hub", cast.institution, cast.officer.person, Role.ADMINISTRATOR)
    both = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})
    officer = replace(cast.officer, roles={cast.institution: both})
    _row, bearer = tokens.mint(
        session, officer, cast.institution, "Timetable", [Permission.CLASS_READ]
    )
    signed_in = service.sign_in(session, settings, OFFICER, PASSWORD)
    assert signed_in is not None and signed_in.needs_code
    asked(session, settings, cast)
    assert later(session, settings, hours=23, minutes=59) == 0
    assert tokens.actor_for(session, bearer) is not None
    assert later(session, settings, hours=24, minutes=1) == 1
    session.expire_all()
    assert sessions.pending(session, signed_in.cookie) is None
    assert tokens.actor_for(session, bearer) is None
    assert queries.recovery_codes_left(session, cast.officer.person) == 0
    (told,) = [e for e in take(session) if isinstance(e, Mail)]
    assert (told.to, told.subject) == (OFFICER, "Your second factor was taken off")
    again = service.sign_in(session, settings, OFFICER, PASSWORD)
    assert again is not None and not again.needs_code
    assert later(session, settings, hours=48) == 0, "once"
    for chain in (cast.institution, "hub"):
        assert kinds_in(session, chain) == ["account.factor-reset-asked", "account.factor-reset"]
        assert verify(session, chain) is None


def test_without_it_a_required_power_is_withheld_and_says_so(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    strict = settings.model_copy(update={"second_factor": "required"})
    asked(session, settings, cast)
    later(session, settings, hours=25)
    again = service.sign_in(session, settings, OFFICER, PASSWORD)
    assert again is not None
    _row, actor = sessions.actor_for(session, again.cookie, strict) or pytest.fail("no actor")
    assert actor.withheld is not None
    from app.access.loaders import require

    require(actor, Permission.POLICY_READ, cast.institution)
    with pytest.raises(SecondFactorMissing):
        require(actor, Permission.POLICY_APPROVE, cast.institution)
    with pytest.raises(NotAllowed):
        require(actor, Permission.SITE_EDIT, cast.institution)
    with pytest.raises(NotFound):
        require(actor, Permission.POLICY_READ, cast.other)


def test_the_link_stops_it_once(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    token = asked(session, settings, cast)
    service.stop_by_link(session, token)
    assert later(session, settings, hours=25) == 0
    with pytest.raises(Conflict):
        service.stop_by_link(session, token)
    with pytest.raises(NotFound):
        service.stop_by_link(session, "nothing")
    person = session.get_one(Person, cast.officer.person)
    assert person.totp_secret is not None
    assert kinds_in(session, cast.institution)[-1] == "account.factor-reset-stopped"


def test_signing_in_with_the_factor_stops_it_and_the_password_alone_does_not(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    asked(session, settings, cast)
    half = service.sign_in(session, settings, OFFICER, PASSWORD)
    assert half is not None
    assert queries.open_factor_reset(session, cast.officer.person) is not None
    assert service.check_code(session, settings, half.browser_session, code_at(secret))
    assert queries.open_factor_reset(session, cast.officer.person) is None
    assert later(session, settings, hours=25) == 0


def test_a_signed_in_device_stops_it(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    with pytest.raises(NotFound):
        service.stop_factor_reset(session, cast.officer)
    asked(session, settings, cast)
    service.stop_factor_reset(session, cast.officer)
    assert later(session, settings, hours=25) == 0


def test_too_late_to_stop(session: Session, settings: Settings, cast: Cast, secret: str) -> None:
    token = asked(session, settings, cast)
    later(session, settings, hours=25)
    with pytest.raises(Expired):
        service.stop_by_link(session, token)


def test_one_is_open_at_a_time(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    asked(session, settings, cast)
    with pytest.raises(Conflict):
        asked(session, settings, cast)
    row = session.scalars(select(FactorReset)).one()
    twin = FactorReset(
        id="reset_twin",
        token_hash="t",
        person_id=row.person_id,
        institution_id=None,
        asked_by=row.asked_by,
        asked=row.asked,
        due=row.due,
    )
    session.add(twin)
    with pytest.raises(IntegrityError):
        session.flush()


def test_who_may_not_ask(session: Session, settings: Settings, cast: Cast, secret: str) -> None:
    place, who = cast.institution, cast.officer.person

    def by(actor: Actor, person: str = who) -> None:
        service.ask_factor_reset(session, settings, actor, place, person)

    for actor in (cast.officer, cast.instructor, cast.reader):
        with pytest.raises(NotAllowed):
            by(actor)
    for stranger in (cast.stranger, cast.operator):
        with pytest.raises(NotFound):
            by(stranger)
    with pytest.raises(StepUpNeeded):
        by(replace(cast.administrator, stepped_up=None))
    with pytest.raises(NotAllowed, match="Another person"):
        by(cast.administrator, cast.administrator.person)
    with pytest.raises(Conflict, match="no second factor"):
        by(cast.administrator, cast.reader.person)
    with pytest.raises(NotFound):
        by(cast.administrator, cast.stranger.person)
    session.get_one(Person, who).operator = True
    with pytest.raises(NotAllowed, match="runs the hub"):
        by(cast.administrator)


def test_an_operator_helps_the_last_administrator_only(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    sealed = session.get_one(Person, cast.officer.person).totp_secret
    administrator = session.get_one(Person, cast.administrator.person)
    administrator.totp_secret = sealed
    with pytest.raises(NotAllowed, match="Another administrator"):
        service.ask_factor_reset_as_operator(session, settings, cast.operator, cast.officer.person)
    with pytest.raises(NotFound):
        service.ask_factor_reset_as_operator(session, settings, cast.stranger, administrator.id)
    second = member(session, cast.institution, "second", Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed, match="Another administrator"):
        service.ask_factor_reset_as_operator(session, settings, cast.operator, administrator.id)
    roles.remove(session, cast.administrator, cast.institution, second.person)
    row = service.ask_factor_reset_as_operator(session, settings, cast.operator, administrator.id)
    assert row.institution_id == cast.institution
    assert kinds_in(session, cast.institution) == ["account.factor-reset-asked"]


def test_operators_help_each_other(
    session: Session, settings: Settings, cast: Cast, secret: str
) -> None:
    other = session.get_one(Person, cast.second_operator.person)
    other.totp_secret = session.get_one(Person, cast.officer.person).totp_secret
    service.ask_factor_reset_as_operator(session, settings, cast.operator, other.id)
    assert later(session, settings, hours=25) == 1
    assert other.totp_secret is None


def test_the_command_line_is_for_the_last_operator(
    db: Database, database_url: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "COLLEGIUM_ENVIRONMENT": "test",
        "COLLEGIUM_HOME": str(settings.home),
        "DATABASE_URL": database_url,
        "SECRET_KEY": settings.secret_key,
    }.items():
        monkeypatch.setenv(name, value)
    with db.session() as session:
        cast = make_cast(session)
        person = session.get_one(Person, cast.operator.person)
        person.totp_secret = "sealed"
        sessions.start(session, settings, person, "Firefox")

    def say(mail: str) -> str:
        from app.settings import get_settings

        get_settings.cache_clear()
        done = CliRunner().invoke(main, ["operator", "reset", mail])
        get_settings.cache_clear()
        return done.output

    assert "no operator with this mail address" in say("reader@heath.example")
    assert "There is another operator" in say("operator@hub.example")
    with db.session() as session:
        session.get_one(Person, cast.second_operator.person).disabled = now()
    assert "Taken off" in say("operator@hub.example")
    with db.session() as session:
        person = session.get_one(Person, cast.operator.person)
        assert person.totp_secret is None
        assert queries.sessions_of(session, person.id) == []
        assert kinds_in(session, "hub") == ["account.factor-reset"]
        assert session.scalar(select(Institution).limit(1)) is not None
    assert "no second factor" in say("operator@hub.example")
    (mail,) = (settings.home / "mail").glob("*.eml")
    assert b"operator@hub.example" in mail.read_bytes()
