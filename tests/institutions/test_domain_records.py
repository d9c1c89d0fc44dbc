"""A domain proves itself by a text record, looked up at a real name server; with it one operator verifies."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import hub as hubs
from app.access.permissions import Role
from app.audit.models import Event
from app.clock import now
from app.db import Database
from app.dns import DnsAway, text_records
from app.effects import Send, take
from app.errors import Invalid, NotAllowed, NotFound, TooMany
from app.hub import Hub
from app.institutions import domain_records, queries, service
from app.institutions.models import DomainCheck, Institution, Proof
from app.institutions.schemas import Details
from app.institutions.states import (
    CheckOutcome,
    Decision,
    InstitutionKind,
    InstitutionState,
    ProofKind,
)
from app.settings import Settings
from tests.cast import Cast, make_cast, make_institution, member
from tests.nameserver import Zone, nameserver
from worker.hub.domains import check

DOMAIN = "fell.example"
NAME = "_collegium.fell.example"


@pytest.fixture(scope="module")
def server() -> Iterator[Zone]:
    with nameserver() as zone:
        yield zone


@pytest.fixture
def zone(server: Zone) -> Zone:
    server.records.clear()
    server.broken.clear()
    server.asked.clear()
    return server


@pytest.fixture
def resolving(settings: Settings, zone: Zone, database_url: str) -> Settings:
    return settings.model_copy(update={"dns_servers": zone.address, "database_url": database_url})


@pytest.fixture
def hub(resolving: Settings) -> Iterator[Hub]:
    made = hubs.build(resolving)
    made.db.dispatch = None
    yield made
    made.close()


@pytest.fixture
def people(db: Database) -> tuple[Cast, str]:
    """The cast, and an institution that waits: its administrator is the cast's reader."""
    with db.session() as session:
        cast = make_cast(session)
        fell = make_institution(session, "Fell College", DOMAIN, state=InstitutionState.REGISTERED)
        return cast, fell.id


def ask(db: Database, fell: str) -> list[Send]:
    with db.session() as session:
        administrator = member(
            session, fell, f"a{now().timestamp()}", Role.ADMINISTRATOR, domain=DOMAIN
        )
        service.ask_domain(session, administrator, fell)
        return [effect for effect in take(session) if isinstance(effect, Send)]


def wanted(db: Database, settings: Settings, fell: str) -> str:
    with db.reading() as session:
        return domain_records.record_value(settings, queries.by_id(session, fell))


def test_the_resolver(resolving: Settings, zone: Zone) -> None:
    zone.records = {"a.example": ["one", "v=spf1 -all"], "empty.example": []}
    zone.broken = {"broken.example"}
    assert set(text_records(resolving, "a.example")) == {"one", "v=spf1 -all"}
    assert text_records(resolving, "empty.example") == ()
    assert text_records(resolving, "nothing.example") == ()
    for name in ("broken.example", "a..example", "x" * 70 + ".example"):
        with pytest.raises(DnsAway):
            text_records(resolving, name)
    assert all(not asked.endswith("example.example") for asked in zone.asked), "no search list"


def test_a_long_answer_is_cut(resolving: Settings, zone: Zone) -> None:
    zone.records = {"a.example": ["x" * 200 + '" "' + "x" * 200 + '" "' + "x" * 200]}
    assert text_records(resolving, "a.example") == ("x" * 500,)


def test_no_server_is_no_answer(settings: Settings) -> None:
    for bad in ("127.0.0.1:9", "not an address"):
        with pytest.raises(DnsAway):
            text_records(settings.model_copy(update={"dns_servers": bad}), "a.example")


def test_the_record_takes_the_place_of_one_operator(
    db: Database, hub: Hub, zone: Zone, people: tuple[Cast, str]
) -> None:
    cast, fell = people
    (sent,) = ask(db, fell)
    assert (sent.task, sent.args) == ("institutions.check-domain", (fell,))
    zone.records[NAME] = ["other words", wanted(db, hub.settings, fell)]
    assert check(hub, fell) is CheckOutcome.FOUND
    assert zone.asked == [NAME]
    assert check(hub, fell) is None, "answered: a second message does nothing"
    with db.session() as session:
        row = service.decide(session, cast.operator, fell, Decision.VERIFY)
        assert row.state is InstitutionState.VERIFIED
        assert (row.domain_proved, row.single_operator) == (True, False)
        shown = queries.public(session, [fell])[fell]
        assert (shown.verified_by, shown.domain_proved) == (1, True)
        assert "domain-record" in shown.proofs
        events = session.scalars(select(Event).where(Event.chain_id == fell)).all()
        bodies = {e.kind: e.body for e in events}
        assert bodies["institution.domain-looked-up"] == {"choice": "found"}
        assert bodies["institution.decided"]["domain_proved"] is True


@pytest.mark.parametrize(
    ("records", "broken", "outcome"),
    [
        ([], False, CheckOutcome.ABSENT),
        (["collegium-verification=" + "0" * 32], False, CheckOutcome.OTHER),
        ([], True, CheckOutcome.NO_ANSWER),
    ],
)
def test_without_it_two_operators_decide(
    db: Database,
    hub: Hub,
    zone: Zone,
    people: tuple[Cast, str],
    records: list[str],
    broken: bool,
    outcome: CheckOutcome,
) -> None:
    cast, fell = people
    ask(db, fell)
    zone.records[NAME] = records
    zone.broken = {NAME} if broken else set()
    assert check(hub, fell) is outcome
    with db.session() as session:
        assert queries.proofs(session, fell) == []
        row = service.decide(session, cast.operator, fell, Decision.VERIFY)
        assert row.state is InstitutionState.REGISTERED
        row = service.decide(session, cast.second_operator, fell, Decision.VERIFY)
        assert (row.state, row.domain_proved) == (InstitutionState.VERIFIED, False)
        assert queries.operators_of(row) == 2


def test_a_record_of_another_institution_or_hub_is_none(
    db: Database, hub: Hub, zone: Zone, people: tuple[Cast, str]
) -> None:
    cast, fell = people
    ask(db, fell)
    elsewhere = hub.settings.model_copy(update={"secret_key": "another hub" * 4})
    zone.records[NAME] = [
        wanted(db, hub.settings, cast.institution),
        wanted(db, elsewhere, fell),
    ]
    assert check(hub, fell) is CheckOutcome.OTHER


def test_a_record_counts_thirty_days_and_for_its_domain_only(
    db: Database, hub: Hub, zone: Zone, people: tuple[Cast, str]
) -> None:
    cast, fell = people
    ask(db, fell)
    zone.records[NAME] = [wanted(db, hub.settings, fell)]
    check(hub, fell)
    with db.session() as session:
        row = queries.by_id(session, fell)
        assert domain_records.holds(session, row, now() + timedelta(days=29))
        assert not domain_records.holds(session, row, now() + timedelta(days=31))
        session.execute(update(Proof).values(seen=now() - timedelta(days=31)))
        session.expire_all()
        service.decide(session, cast.operator, fell, Decision.VERIFY)
        assert row.state is InstitutionState.REGISTERED
        session.execute(update(Proof).values(seen=now()))
        session.expire_all()
        administrator = member(session, fell, "corrects", Role.ADMINISTRATOR, domain=DOMAIN)
        details = Details("Fell College", InstitutionKind.COLLEGE, "GB", domain="other.example")
        service.resubmit(session, administrator, fell, details)
        assert not domain_records.holds(session, row, now())


def test_a_domain_changed_while_it_was_looked_up(
    db: Database, hub: Hub, zone: Zone, people: tuple[Cast, str]
) -> None:
    _cast, fell = people
    ask(db, fell)
    with db.session() as session:
        found = (wanted(db, hub.settings, fell),)
        session.get_one(Institution, fell).domain = "other.example"
        session.flush()
        assert domain_records.note(session, hub.settings, fell, DOMAIN, found) is None
        assert queries.proofs(session, fell) == []


def test_who_may_ask_and_how_often(
    session: Session, settings: Settings, cast: Cast, zone: Zone
) -> None:
    for actor in (cast.officer, cast.reader):
        with pytest.raises(NotAllowed):
            service.ask_domain(session, actor, cast.institution)
    with pytest.raises(NotFound):
        service.ask_domain(session, cast.stranger, cast.institution)
    for _try in range(domain_records.LIMIT.free):
        service.ask_domain(session, cast.administrator, cast.institution)
    with pytest.raises(TooMany):
        service.ask_domain(session, cast.administrator, cast.institution)
    queries.by_id(session, cast.institution).domain = None
    with pytest.raises(Invalid, match="domain first"):
        service.ask_domain(session, cast.administrator, cast.institution)
    with pytest.raises(Invalid, match="see this itself"):
        service.add_proof(
            session, cast.administrator, cast.institution, ProofKind.DOMAIN_RECORD, DOMAIN
        )


def test_a_lost_question_is_asked_again(db: Database, people: tuple[Cast, str]) -> None:
    _cast, fell = people
    ask(db, fell)
    with db.session() as session:
        assert queries.unanswered_checks(session, now() - timedelta(seconds=30)) == []
        session.execute(update(DomainCheck).values(asked=now() - timedelta(minutes=1)))
        assert queries.unanswered_checks(session, now() - timedelta(seconds=30)) == [fell]
