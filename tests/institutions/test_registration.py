"""An institution comes in: its answers, its first administrator, and what is refused at which field."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.audit import queries as audit
from app.audit.models import HUB_CHAIN
from app.effects import Mail, take
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.institutions import queries, service
from app.institutions.domains import clean_domain, clean_register, mailbox_fits
from app.institutions.models import Institution
from app.institutions.schemas import Details, Registrant
from app.institutions.states import InstitutionKind, InstitutionState
from app.people import queries as people
from app.people import service as people_service
from app.people.models import Person
from app.settings import Settings
from tests.cast import PASSWORD, Cast, make_institution

FELL = Details("Fell College", InstitutionKind.COLLEGE, "gb", "fell.example", "UKPRN", "10001234")
KIM = Registrant("Kim Miller", "Kim@fell.example", PASSWORD)


def made(session: Session, settings: Settings, details: Details = FELL) -> Institution:
    row = service.register(session, settings, details, KIM)
    assert row is not None
    return row


def test_registering(session: Session, settings: Settings) -> None:
    row = made(session, settings)
    assert (row.state, row.country, row.domain) == (
        InstitutionState.REGISTERED,
        "GB",
        "fell.example",
    )
    kim = people.by_email(session, "kim@fell.example")
    assert kim is not None
    assert people.roles_of(session, kim.id) == {row.id: frozenset({Role.ADMINISTRATOR})}
    assert people_service.sign_in(session, settings, "kim@fell.example", PASSWORD) is not None
    kinds = [e.kind for e in audit.latest(session, row.id)]
    assert kinds == ["role.granted", "institution.registered"]
    assert "institution.registered" in [e.kind for e in audit.latest(session, HUB_CHAIN)]
    assert [e.to for e in take(session) if isinstance(e, Mail)] == ["kim@fell.example"]


def test_a_known_mail_makes_nothing_and_tells_its_owner(
    session: Session, settings: Settings, cast: Cast
) -> None:
    before = session.scalar(select(func.count()).select_from(Person))
    answer = service.register(session, settings, FELL, replace(KIM, email="Reader@heath.example"))
    assert answer is None
    assert session.scalar(select(func.count()).select_from(Person)) == before
    assert queries.by_name(session, "Fell College") is None
    (mail,) = [e for e in take(session) if isinstance(e, Mail)]
    assert (mail.to, mail.subject) == ("reader@heath.example", "You already have an account")
    assert "Fell" not in mail.body


def test_who_has_an_account_registers_from_there(
    session: Session, settings: Settings, cast: Cast
) -> None:
    row = service.register(session, settings, FELL, actor=cast.reader)
    assert row is not None
    assert people.roles_of(session, cast.reader.person)[row.id] == {Role.ADMINISTRATOR}
    with pytest.raises(NotAllowed):
        by_token = replace(cast.reader, token="token_x")
        other = replace(FELL, name="Other", domain=None, register=None)
        service.register(session, settings, other, actor=by_token)
    with pytest.raises(Invalid):
        service.register(session, settings, replace(FELL, name="X", domain=None))


def test_closed_registration_says_whom_to_ask(session: Session, settings: Settings) -> None:
    closed = settings.model_copy(update={"registration_open": False})
    with pytest.raises(NotAllowed, match=r"operator@hub\.example"):
        service.register(session, closed, FELL, KIM)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "two\nlines"}, "name"),
        ({"name": "Heath School"}, "name"),
        ({"country": "England"}, "country"),
        ({"domain": "gmail.com"}, "domain"),
        ({"domain": "co.uk"}, "domain"),
        ({"domain": "heath.example"}, "domain"),
        ({"register": "UKPRN", "register_id": "9"}, "register_id"),
        ({"parent": "No Such District"}, "parent"),
    ],
)
def test_bad_answers_are_named(
    session: Session, settings: Settings, cast: Cast, change: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        service.register(session, settings, replace(FELL, **change), KIM)
    assert set(refused.value.errors) == {field}
    assert people.by_email(session, "kim@fell.example") is None


def test_every_bad_answer_is_named_at_once(session: Session, settings: Settings) -> None:
    bad = replace(FELL, name="", country="X", domain="gmail.com")
    with pytest.raises(Invalid) as refused:
        service.register(session, settings, bad, KIM)
    assert set(refused.value.errors) == {"name", "country", "domain"}


def test_a_number_belongs_to_one(session: Session, settings: Settings) -> None:
    made(session, settings)
    other = replace(FELL, name="Other", domain=None)
    with pytest.raises(Invalid) as refused:
        service.register(session, settings, other, replace(KIM, email="k@other.example"))
    assert set(refused.value.errors) == {"register_id"}


def test_what_a_refused_institution_claimed_is_free(session: Session, settings: Settings) -> None:
    squatter = made(session, settings)
    squatter.state = InstitutionState.REFUSED
    session.flush()
    genuine = service.register(
        session,
        settings,
        replace(FELL, name="The Real Fell College"),
        replace(KIM, email="head@fell.example"),
    )
    assert genuine is not None
    assert genuine.domain == "fell.example"
    assert squatter.domain is None


def test_a_school_below_its_district(session: Session, settings: Settings, cast: Cast) -> None:
    row = made(session, settings, replace(FELL, parent="Heath School"))
    assert row.parent_id == cast.institution
    assert [c.id for c in queries.children(session, cast.institution)] == [row.id]
    assert queries.root(session, row.id) == cast.institution


def test_independent_institutions_are_counted_by_their_root(session: Session, cast: Cast) -> None:
    a = make_institution(session, "School A", parent=cast.institution)
    b = make_institution(session, "School B", parent=a.id)
    both = {a.id, b.id, cast.institution}
    assert queries.independent(session, both) == 1
    assert queries.independent(session, both | {cast.other}) == 2


@pytest.mark.parametrize(
    "text",
    ["co.uk", "k12.ca.us", "gmail.com", "GMX.de.", "localhost", "192.0.2.1", "a..b", "-a.example", "a b.example",
     "http://heath.example", "x" * 64 + ".example", ".", "ac.uk", "github.io"],
)  # fmt: skip
def test_domains_nobody_owns(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_domain(text)
    assert set(refused.value.errors) == {"domain"}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (" Heath.Example. ", "heath.example"),
        ("köln.example", "xn--kln-sna.example"),
        ("heath.sch.uk", "heath.sch.uk"),
        ("cs.heath.ac.uk", "cs.heath.ac.uk"),
    ],
)
def test_domains_are_folded(text: str, wanted: str) -> None:
    assert clean_domain(text) == wanted


@pytest.mark.parametrize(
    ("register", "number", "good"),
    [
        ("ROR", "https://ror.org/05mzfcs16", True),
        ("ror", "05mzfcs16", True),
        ("ROR", "15mzfcs16", False),
        ("NCES", "0622710", True),
        ("NCES", "062271003067", True),
        ("NCES", "06-22710", False),
        ("UKPRN", "10007773", True),
        ("UKPRN", "20007773", False),
        ("DUNS", "123456789", False),
    ],
)
def test_register_numbers(register: str, number: str, good: bool) -> None:
    if good:
        assert clean_register(register, number)[0] == register.upper()
    else:
        with pytest.raises(Invalid):
            clean_register(register, number)


def test_mailboxes_at_a_domain() -> None:
    assert mailbox_fits("kim@heath.example", "heath.example")
    assert mailbox_fits("kim@cs.heath.example", "heath.example")
    assert not mailbox_fits("kim@notheath.example", "heath.example")
    assert not mailbox_fits("kim@heath.example.evil.example", "heath.example")
    assert not mailbox_fits("kim@heath.example", None)


def test_correcting_and_trying_again(session: Session, settings: Settings, cast: Cast) -> None:
    with pytest.raises(Conflict):
        service.resubmit(session, cast.administrator, cast.institution, FELL)
    for name, error in {"reader": NotAllowed, "officer": NotAllowed, "stranger": NotFound}.items():
        with pytest.raises(error):
            service.resubmit(session, cast.everyone[name], cast.institution, FELL)
    row = queries.by_id(session, cast.institution)
    row.state, row.state_reason = InstitutionState.REFUSED, "Which town?"
    session.flush()
    again = replace(FELL, name="Heath School, Heath", domain="heath.example")
    service.resubmit(session, cast.administrator, cast.institution, again)
    assert (row.state, row.state_reason) == (InstitutionState.REGISTERED, "")
    assert row.name == "Heath School, Heath"
    assert audit.latest(session, cast.institution, 1)[0].kind == "institution.changed"


def test_nobody_is_below_itself(session: Session, cast: Cast) -> None:
    child = make_institution(session, "School A", parent=cast.institution)
    row = queries.by_id(session, cast.institution)
    row.state = InstitutionState.REGISTERED
    session.flush()
    circle = Details("Heath School", InstitutionKind.SCHOOL, "GB", parent=child.id)
    with pytest.raises(Invalid) as refused:
        service.resubmit(session, cast.administrator, cast.institution, circle)
    assert set(refused.value.errors) == {"parent"}
