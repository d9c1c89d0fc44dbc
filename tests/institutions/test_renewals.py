"""A verification holds for a year: then the domain's record or an operator renews it, and overdue is said."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.audit.models import Event
from app.clock import now
from app.errors import Conflict, NotAllowed, NotFound
from app.institutions import domain_records, queries, renewals, service
from app.institutions.models import Institution
from app.institutions.states import CheckOutcome, Decision, InstitutionState
from app.settings import Settings
from app.web import site_words
from tests.cast import Cast, make_institution

DOMAIN = "fell.example"


def verified(session: Session, days_ago: int, *, by_domain: bool = False) -> Institution:
    row = make_institution(session, "Fell College", DOMAIN)
    row.verified = now() - timedelta(days=days_ago)
    row.domain_proved = by_domain
    session.flush()
    return row


def events(session: Session, row: Institution) -> list[str]:
    found = session.scalars(select(Event.kind).where(Event.chain_id == row.id))
    return list(found)


@pytest.mark.parametrize(
    ("days", "soon", "over"), [(300, False, False), (340, True, False), (366, True, True)]
)
def test_when_it_is_due(session: Session, days: int, soon: bool, over: bool) -> None:
    row = verified(session, days)
    assert (renewals.soon(row, now()), renewals.overdue(row, now())) == (soon, over)
    row.state = InstitutionState.SUSPENDED
    assert renewals.due(row) is None


def test_an_operator_renews_it_for_a_year(session: Session, cast: Cast) -> None:
    row = verified(session, 370)
    assert "due again since" in site_words.verified(row)
    for other in (cast.administrator, cast.stranger):
        with pytest.raises((NotAllowed, NotFound)):
            service.decide(session, other, row.id, Decision.RENEW)
    service.decide(session, cast.operator, row.id, Decision.RENEW)
    assert row.state is InstitutionState.VERIFIED and row.renewed is not None
    assert not renewals.overdue(row, now()) and not renewals.soon(row, now())
    assert "due again" not in site_words.verified(row)
    assert events(session, row).count("institution.renewed") == 1
    assert [d.decision for d in queries.decisions(session, row.id)] == [Decision.RENEW]
    with pytest.raises(Conflict, match="within the year"):
        service.decide(session, cast.operator, row.id, Decision.RENEW)


def test_only_a_verified_one_is_renewed(session: Session, cast: Cast) -> None:
    row = make_institution(session, "Fell College", DOMAIN, state=InstitutionState.REGISTERED)
    with pytest.raises(Conflict):
        service.decide(session, cast.operator, row.id, Decision.RENEW)


def looked_up(
    session: Session, settings: Settings, row: Institution, *said: str
) -> CheckOutcome | None:
    """What a worker notes after the hub asked by itself."""
    assert renewals.look_again(session, now()) == 1
    assert renewals.look_again(session, now()) == 0, "not again within a week"
    return domain_records.note(session, settings, row.id, DOMAIN, said)


def test_the_domains_record_renews_what_it_proved(session: Session, settings: Settings) -> None:
    row = verified(session, 350, by_domain=True)
    value = domain_records.record_value(settings, row)
    assert looked_up(session, settings, row, value) is CheckOutcome.FOUND
    assert row.renewed is not None and not renewals.soon(row, now())
    assert renewals.look_again(session, now() + timedelta(days=8)) == 0


def test_a_record_that_is_gone_renews_nothing(session: Session, settings: Settings) -> None:
    row = verified(session, 370, by_domain=True)
    assert looked_up(session, settings, row) is CheckOutcome.ABSENT
    assert row.renewed is None and renewals.overdue(row, now())


def test_what_two_operators_verified_no_record_renews(session: Session, settings: Settings) -> None:
    row = verified(session, 370)
    assert renewals.look_again(session, now()) == 0
    assert row.renewed is None
