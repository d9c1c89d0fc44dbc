"""Founding, terms, memberships: what changes, what is refused, and the event each act leaves."""

import pytest
from sqlalchemy.orm import Session

from app.effects import Send, take
from app.errors import Conflict, IllegalTransition, Invalid, NotFound
from app.federations import queries, service
from app.federations.schemas import AgreementStep, DraftSteps, ModelStep, Terms
from app.federations.states import FederationState, MembershipState
from app.jobs import HubTask
from tests.federations.people import (
    PURPOSE,
    SHEET,
    People,
    drafted,
    joined,
    kinds_in,
    opened,
)
from worker.protocol.canonical import digest_of


def test_founding_leaves_events_in_the_leads_chain(session: Session, people: People) -> None:
    federation = opened(session, people.lead, Terms(rounds=5))
    assert federation.state is FederationState.OPEN
    assert federation.agreement_digest == digest_of(queries.accepted(session, federation))
    assert kinds_in(session, people.lead.id) == [
        "federation.founded",
        "federation.sheet-added",
        "federation.saved",
        "federation.opened",
        "membership.accepted",
    ]
    own = queries.membership(session, federation.id, people.lead.id)
    assert own is not None
    assert (own.state, own.accepted_by) == (
        MembershipState.ACTIVE,
        people.lead.administrator.person,
    )


def test_joining_leaves_events_in_both_chains(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    joined(session, federation, people.lead, people.guest)
    service.leave(session, people.guest.officer, federation, people.guest.id)
    assert kinds_in(session, people.guest.id) == [
        "membership.invited",
        "membership.accepted",
        "membership.left",
    ]
    assert kinds_in(session, people.lead.id)[-1] == "membership.left"
    assert Send(HubTask.SWEEP.value) in take(session)


def test_asking_to_join(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    asked = service.request(session, people.guest.officer, federation, people.guest.id)
    assert asked.state is MembershipState.REQUESTED
    with pytest.raises(NotFound):
        queries.get_open(session, people.stranger.instructor, federation.id)
    with pytest.raises(IllegalTransition):
        service.accept(
            session,
            people.guest.officer,
            federation,
            people.guest.id,
            digest=federation.agreement_digest,
        )
    service.invite(session, people.lead.administrator, federation, people.guest.id)
    assert asked.state is MembershipState.INVITED
    with pytest.raises(Conflict):
        service.request(session, people.guest.officer, federation, people.guest.id)


def test_the_lead_declines_a_request(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    asked = service.request(session, people.guest.officer, federation, people.guest.id)
    with pytest.raises(NotFound):
        service.decline(session, people.guest.officer, federation, people.guest.id)
    service.decline(session, people.lead.administrator, federation, people.guest.id)
    assert asked.state is MembershipState.DECLINED


def test_only_what_was_read_can_be_accepted(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    service.invite(session, people.lead.administrator, federation, people.guest.id)
    read = federation.agreement_digest
    service.change_terms(
        session,
        people.lead.administrator,
        federation,
        terms=Terms(rounds=2),
        revision=federation.revision,
    )
    with pytest.raises(Conflict, match="changed while you read"):
        service.accept(session, people.guest.officer, federation, people.guest.id, digest=read)


def test_changed_terms_pause_members_until_they_accept(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    joined(session, federation, people.lead, people.guest)
    before = federation.agreement_digest
    service.add_sheet(
        session,
        people.lead.administrator,
        federation,
        SHEET.model_copy(update={"minimum_records": 30}),
    )
    assert federation.agreement_digest != before
    guest = queries.membership(session, federation.id, people.guest.id)
    lead = queries.membership(session, federation.id, people.lead.id)
    assert guest is not None
    assert lead is not None
    assert guest.state is MembershipState.PAUSED
    assert (lead.state, lead.accepted_digest) == (
        MembershipState.ACTIVE,
        federation.agreement_digest,
    )
    assert kinds_in(session, people.guest.id)[-1] == "membership.paused"
    assert kinds_in(session, people.lead.id)[-1] == "federation.terms-changed"
    service.accept(
        session,
        people.guest.officer,
        federation,
        people.guest.id,
        digest=federation.agreement_digest,
    )
    assert guest.state is MembershipState.ACTIVE


def test_the_same_terms_again_pause_nobody(session: Session, people: People) -> None:
    federation = opened(session, people.lead)
    joined(session, federation, people.lead, people.guest)
    service.add_sheet(session, people.lead.administrator, federation, SHEET)
    service.change_terms(
        session,
        people.lead.administrator,
        federation,
        terms=queries.terms(federation),
        revision=federation.revision,
    )
    guest = queries.membership(session, federation.id, people.guest.id)
    assert guest is not None
    assert guest.state is MembershipState.ACTIVE


def test_a_new_sheet_of_a_name_is_its_next_version(session: Session, people: People) -> None:
    federation = drafted(session, people.lead)
    changed = SHEET.model_copy(update={"cutoff_day": 60})
    second = service.add_sheet(session, people.lead.administrator, federation, changed)
    assert second.number == 2
    assert [s.id for s in queries.sheets(session, federation.id)] == [second.id]
    assert queries.documents(session, federation.id) == (changed,)


def test_two_people_save_one_draft(session: Session, people: People) -> None:
    federation = drafted(session, people.lead)
    start = federation.revision
    act = people.lead.administrator
    service.save_draft(session, act, federation, DraftSteps(terms=Terms(rounds=4)), revision=start)
    with pytest.raises(Conflict) as caught:
        service.save_draft(
            session, act, federation, DraftSteps(terms=Terms(rounds=9)), revision=start
        )
    assert caught.value.extra["revision"] == start + 1
    assert queries.terms(federation).rounds == 4


def test_each_step_is_saved_alone(session: Session, people: People) -> None:
    federation = drafted(session, people.lead)
    act = people.lead.administrator
    words = "We train together and keep every record at home. " * 2
    for step in (
        DraftSteps(model=ModelStep(width=8, heads=2)),
        DraftSteps(agreement=AgreementStep(agreement=words)),
    ):
        service.save_draft(session, act, federation, step, revision=federation.revision)
    assert queries.model(federation).width == 8
    assert federation.agreement == words


@pytest.mark.parametrize(("name", "purpose"), [("", PURPOSE), ("a\nb", PURPOSE), ("Fine", "short")])
def test_names_and_purposes_are_checked(
    session: Session, people: People, name: str, purpose: str
) -> None:
    with pytest.raises(Invalid):
        service.found(
            session, people.lead.administrator, people.lead.id, name=name, purpose=purpose
        )


def test_a_name_belongs_to_one_federation(session: Session, people: People) -> None:
    drafted(session, people.lead)
    with pytest.raises(Invalid, match="this name"):
        drafted(session, people.guest)


def test_unverified_institutions_take_no_part(session: Session, people: People) -> None:
    house = people.unverified
    with pytest.raises(Conflict, match="not verified"):
        service.found(session, house.administrator, house.id, name="Ours", purpose=PURPOSE)
    federation = opened(session, people.lead)
    with pytest.raises(Conflict, match="not verified"):
        service.invite(session, people.lead.administrator, federation, house.id)
    with pytest.raises(Conflict, match="not verified"):
        service.request(session, house.administrator, federation, house.id)


def test_a_federation_without_a_task_does_not_open(session: Session, people: People) -> None:
    federation = drafted(session, people.lead)
    service.remove_sheet(session, people.lead.administrator, federation, "pass")
    with pytest.raises(Invalid, match="task sheet"):
        service.open(session, people.lead.administrator, federation)


def test_a_model_not_allowed_is_not_named(session: Session, people: People) -> None:
    federation = drafted(session, people.lead)
    with pytest.raises(Invalid, match="not allowed"):
        service.save_draft(
            session,
            people.lead.administrator,
            federation,
            DraftSteps(model=ModelStep(text_model="a" * 64)),
            revision=federation.revision,
        )
