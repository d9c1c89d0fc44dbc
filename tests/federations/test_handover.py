"""Handing the lead over: who offers, who answers, what both chains say, and that nobody is left without a lead."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor, Hold
from app.access.permissions import Permission
from app.errors import Conflict, HubError, NotAllowed, NotFound, StepUpNeeded
from app.federations import handover, queries, service
from app.federations.models import Federation
from app.federations.states import FederationState, MembershipState
from tests.federations.people import People, joined, kinds_in, opened


@pytest.fixture
def federation(session: Session, people: People) -> Federation:
    found = opened(session, people.lead)
    joined(session, found, people.lead, people.guest)
    return found


def test_offered_and_accepted(session: Session, people: People, federation: Federation) -> None:
    """From then on the new lead leads, the old one may leave, and both can show it."""
    handover.offer(session, people.lead.administrator, federation, people.guest.id)
    assert federation.lead_id == people.lead.id
    handover.accept(session, people.guest.administrator, federation)
    assert (federation.lead_id, federation.offered_to) == (people.guest.id, None)
    for house in (people.lead, people.guest):
        assert kinds_in(session, house.id)[-2:] == [
            "federation.lead-offered",
            "federation.lead-changed",
        ]
    with pytest.raises((NotFound, NotAllowed)):
        service.close(session, people.lead.administrator, federation)
    left = service.leave(session, people.lead.administrator, federation, people.lead.id)
    assert left.state is MembershipState.LEFT
    assert federation.state is FederationState.OPEN


def test_taken_back_and_declined(session: Session, people: People, federation: Federation) -> None:
    handover.offer(session, people.lead.administrator, federation, people.guest.id)
    handover.withdraw(session, people.lead.administrator, federation)
    with pytest.raises(NotFound):
        handover.accept(session, people.guest.administrator, federation)
    handover.offer(session, people.lead.administrator, federation, people.guest.id)
    handover.decline(session, people.guest.administrator, federation)
    with pytest.raises(Conflict):
        handover.withdraw(session, people.lead.administrator, federation)
    assert (federation.lead_id, federation.offered_to) == (people.lead.id, None)
    assert kinds_in(session, people.guest.id)[-1] == "federation.lead-offer-declined"


Who = Callable[[People], Actor]


def later(actor: Actor) -> Actor:
    """The step-up is old."""
    assert actor.stepped_up is not None
    return replace(actor, stepped_up=actor.stepped_up - timedelta(hours=1))


def held(people: People) -> Actor:
    hold = Hold(frozenset({Permission.FEDERATION_LEAD}), "suspended", "suspended")
    return replace(people.guest.administrator, holds={people.guest.id: hold})


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (lambda p: p.lead.officer, NotAllowed),
        (lambda p: p.lead.reader, NotAllowed),
        (lambda p: p.guest.administrator, NotFound),
        (lambda p: p.stranger.administrator, NotFound),
        (lambda p: p.operator, NotFound),
        (lambda p: later(p.lead.administrator), StepUpNeeded),
    ],
)
def test_who_may_not_offer(
    session: Session, people: People, federation: Federation, who: Who, error: type[HubError]
) -> None:
    with pytest.raises(error):
        handover.offer(session, who(people), federation, people.guest.id)


@pytest.mark.parametrize(
    ("who", "error"),
    [
        (lambda p: p.guest.officer, NotAllowed),
        (lambda p: p.guest.reader, NotAllowed),
        (lambda p: p.lead.administrator, NotFound),
        (lambda p: p.stranger.administrator, NotFound),
        (lambda p: p.operator, NotFound),
        (lambda p: later(p.guest.administrator), StepUpNeeded),
        (held, NotAllowed),
    ],
)
def test_who_may_not_accept(
    session: Session, people: People, federation: Federation, who: Who, error: type[HubError]
) -> None:
    handover.offer(session, people.lead.administrator, federation, people.guest.id)
    with pytest.raises(error):
        handover.accept(session, who(people), federation)
    assert federation.lead_id == people.lead.id


def test_only_an_active_member_can_lead(
    session: Session, people: People, federation: Federation
) -> None:
    for other in (people.stranger, people.unverified, people.lead):
        with pytest.raises(Conflict):
            handover.offer(session, people.lead.administrator, federation, other.id)
    handover.offer(session, people.lead.administrator, federation, people.guest.id)
    service.leave(session, people.guest.administrator, federation, people.guest.id)
    with pytest.raises(Conflict):
        handover.accept(session, people.guest.administrator, federation)


def test_a_lead_with_members_does_not_leave(
    session: Session, people: People, federation: Federation
) -> None:
    with pytest.raises(Conflict, match="Hand the lead over"):
        service.leave(session, people.lead.administrator, federation, people.lead.id)
    service.leave(session, people.guest.administrator, federation, people.guest.id)
    service.leave(session, people.lead.administrator, federation, people.lead.id)
    assert federation.state is FederationState.CLOSED
    own = queries.membership(session, federation.id, people.lead.id)
    assert own is not None and own.state is MembershipState.LEFT
    assert kinds_in(session, people.lead.id)[-2:] == ["federation.closed", "membership.left"]
