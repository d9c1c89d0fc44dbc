"""Every act of the federation slice, as every role and as a stranger: allowed, refused by role, or not there."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.errors import NotAllowed, NotFound, StepUpNeeded
from app.federations import base_models, queries, service
from app.federations.models import Federation
from app.federations.schemas import DraftSteps, PurposeStep, Terms
from tests.federations.people import PURPOSE, SHEET, People, drafted, opened

Act = Callable[[Session, People, Actor], object]
ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
JOINERS = frozenset({Role.ADMINISTRATOR, Role.PRIVACY_OFFICER})


def draft(session: Session, people: People) -> Federation:
    return queries.by_name(session, "Early support") or drafted(session, people.lead)


def open_one(session: Session, people: People) -> Federation:
    return queries.by_name(session, "Early support") or opened(session, people.lead)


def invited(session: Session, people: People) -> Federation:
    federation = open_one(session, people)
    if queries.membership(session, federation.id, people.guest.id) is None:
        service.invite(session, people.lead.administrator, federation, people.guest.id)
    return federation


def member(session: Session, people: People) -> Federation:
    federation = invited(session, people)
    found = queries.membership(session, federation.id, people.guest.id)
    if found is not None and found.accepted is None:
        digest = federation.agreement_digest
        service.accept(
            session, people.guest.administrator, federation, people.guest.id, digest=digest
        )
    return federation


def save(session: Session, people: People, actor: Actor) -> object:
    federation = draft(session, people)
    step = DraftSteps(purpose=PurposeStep(name="Early support", purpose=PURPOSE))
    return service.save_draft(session, actor, federation, step, revision=federation.revision)


def change(session: Session, people: People, actor: Actor) -> object:
    federation = open_one(session, people)
    return service.change_terms(
        session, actor, federation, terms=Terms(rounds=3), revision=federation.revision
    )


def accept(session: Session, people: People, actor: Actor) -> object:
    federation = invited(session, people)
    digest = federation.agreement_digest
    return service.accept(session, actor, federation, people.guest.id, digest=digest)


LEAD_ACTS: dict[str, Act] = {
    "found": lambda s, p, a: service.found(s, a, p.lead.id, name="Another", purpose=PURPOSE),
    "save_draft": save,
    "add_sheet": lambda s, p, a: service.add_sheet(s, a, draft(s, p), SHEET),
    "remove_sheet": lambda s, p, a: service.remove_sheet(s, a, draft(s, p), "pass"),
    "open": lambda s, p, a: service.open(s, a, draft(s, p)),
    "invite": lambda s, p, a: service.invite(s, a, open_one(s, p), p.guest.id),
    "change_terms": change,
    "close": lambda s, p, a: service.close(s, a, open_one(s, p)),
}
GUEST_ACTS: dict[str, Act] = {
    "request": lambda s, p, a: service.request(s, a, open_one(s, p), p.guest.id),
    "accept": accept,
    "decline": lambda s, p, a: service.decline(s, a, invited(s, p), p.guest.id),
    "leave": lambda s, p, a: service.leave(s, a, member(s, p), p.guest.id),
}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", LEAD_ACTS)
def test_lead_acts(session: Session, people: People, act: str, role: Role) -> None:
    allowed(session, people, LEAD_ACTS[act], people.lead.as_role(role), role in ADMINISTRATOR)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("act", GUEST_ACTS)
def test_guest_acts(session: Session, people: People, act: str, role: Role) -> None:
    allowed(session, people, GUEST_ACTS[act], people.guest.as_role(role), role in JOINERS)


def allowed(session: Session, people: People, act: Act, actor: Actor, may: bool) -> None:
    if may:
        act(session, people, actor)
        return
    with pytest.raises(NotAllowed, match="It takes: administrator"):
        act(session, people, actor)


@pytest.mark.parametrize("act", [*LEAD_ACTS, *GUEST_ACTS])
def test_a_stranger_finds_nothing(session: Session, people: People, act: str) -> None:
    for actor in (people.stranger.administrator, people.operator):
        with pytest.raises(NotFound):
            (LEAD_ACTS | GUEST_ACTS)[act](session, people, actor)


@pytest.mark.parametrize("act", ["open", "change_terms", "close", "accept", "leave"])
def test_signing_acts_ask_again_who_it_is(session: Session, people: People, act: str) -> None:
    house = people.guest if act in GUEST_ACTS else people.lead
    tired = replace(house.administrator, stepped_up=None)
    with pytest.raises(StepUpNeeded):
        (LEAD_ACTS | GUEST_ACTS)[act](session, people, tired)


def test_only_an_operator_allows_a_base_model(session: Session, people: People) -> None:
    for act in (base_models.allow, base_models.withdraw):
        with pytest.raises(NotFound):
            act(session, people.lead.administrator, "model_1")
        with pytest.raises(NotFound, match="base model"):
            act(session, people.operator, "model_1")


def test_who_may_open_a_federation(session: Session, people: People) -> None:
    federation = invited(session, people)
    for actor in (people.lead.reader, people.guest.reader):
        assert queries.get(session, actor, Permission.FEDERATION_READ, federation.id)
    for actor in (people.stranger.administrator, people.lead.instructor, people.operator):
        with pytest.raises(NotFound):
            queries.get(session, actor, Permission.FEDERATION_READ, federation.id)
    with pytest.raises(NotAllowed):
        queries.get(session, people.lead.reader, Permission.FEDERATION_LEAD, federation.id)
    with pytest.raises(NotFound):
        queries.get(session, people.guest.administrator, Permission.FEDERATION_LEAD, federation.id)
    with pytest.raises(NotAllowed):
        queries.get(session, people.guest.reader, Permission.FEDERATION_JOIN, federation.id)


def test_lists(session: Session, people: People) -> None:
    federation = open_one(session, people)
    assert list(queries.visible_to(session, people.lead.reader)) == [federation]
    assert list(queries.visible_to(session, people.guest.reader)) == []
    assert list(queries.open_to(session, people.guest.reader)) == [federation]
    assert list(queries.open_to(session, people.lead.reader)) == []
    assert list(queries.open_to(session, people.unverified.reader)) == []
    assert queries.get_open(session, people.guest.reader, federation.id) == federation
    with pytest.raises(NotFound):
        queries.get_open(session, people.unverified.reader, federation.id)
    draft_one = drafted(session, people.lead, "Second")
    assert draft_one in queries.visible_to(session, people.lead.reader)
    assert draft_one not in queries.open_to(session, people.guest.reader)
