"""A policy's way: drafted by one, approved by another, 409 with both texts, nothing changed once decided."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.clock import now
from app.errors import (
    Conflict,
    IllegalTransition,
    Invalid,
    NotAllowed,
    NotFound,
    StepUpNeeded,
)
from app.institutions import queries as institutions
from app.institutions.states import InstitutionState
from app.people import service as people
from app.policies import queries, service
from app.policies.models import PolicyVersion
from app.policies.states import TRANSITIONS, PolicyState
from tests.cast import Cast, member
from worker.protocol.canonical import digest_of
from worker.protocol.policy import PolicyDocument

STRICT = PolicyDocument(minimum_cohort=5, minimum_cell=20)
Act = Callable[[Session, Actor, PolicyVersion], Any]


def drafted(session: Session, cast: Cast) -> PolicyVersion:
    return service.draft(session, cast.administrator, cast.institution)


def approved(session: Session, cast: Cast, text: PolicyDocument = STRICT) -> PolicyVersion:
    row = drafted(session, cast)
    service.save(session, cast.administrator, row.id, text, row.revision)
    return service.approve(session, cast.officer, row.id, row.digest)


def kinds(session: Session, cast: Cast, count: int) -> list[str]:
    return [e.kind for e in audit.latest(session, cast.institution, count)]


def test_the_first_draft_has_the_defaults(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    assert (row.number, row.revision, row.state) == (1, 1, PolicyState.DRAFT)
    assert queries.document(row) == PolicyDocument()
    assert row.digest == digest_of(PolicyDocument())
    assert queries.current(session, cast.institution) is None
    assert drafted(session, cast).id == row.id, "one open draft at a time"
    assert kinds(session, cast, 1) == ["policy.drafted"]


def test_another_person_approves(session: Session, cast: Cast) -> None:
    row = approved(session, cast)
    assert (row.state, row.one_person) == (PolicyState.APPROVED, False)
    assert (row.drafted_by, row.decided_by) == (cast.administrator.person, cast.officer.person)
    assert queries.current(session, cast.institution) is row
    newest = audit.latest(session, cast.institution, 1)[0]
    assert newest.body == {"number": 1, "digest": row.digest, "one_person": False}


def test_the_next_version_starts_from_the_approved_one_and_replaces_it(
    session: Session, cast: Cast
) -> None:
    first = approved(session, cast)
    second = drafted(session, cast)
    assert (second.number, queries.document(second)) == (2, STRICT)
    service.approve(session, cast.officer, second.id)
    assert (first.state, second.state) == (PolicyState.REPLACED, PolicyState.APPROVED)
    assert queries.current(session, cast.institution) is second
    assert kinds(session, cast, 2) == ["policy.approved", "policy.replaced"]
    history = queries.history(session, cast.reader, cast.institution)
    assert [v.number for v in history] == [2, 1]


def test_who_drafted_does_not_approve(session: Session, cast: Cast) -> None:
    row = service.draft(session, cast.officer, cast.institution)
    second = member(session, cast.institution, "second-officer", Role.PRIVACY_OFFICER)
    with pytest.raises(NotAllowed, match="Another person"):
        service.approve(session, cast.officer, row.id)
    with pytest.raises(NotAllowed, match="Another person"):
        service.decline(session, cast.officer, row.id, "no")
    service.approve(session, second, row.id)
    assert not row.one_person


def test_the_last_to_save_is_the_drafter(session: Session, cast: Cast) -> None:
    member(session, cast.institution, "second-officer", Role.PRIVACY_OFFICER)
    row = drafted(session, cast)
    service.save(session, cast.officer, row.id, STRICT, 1)
    with pytest.raises(NotAllowed):
        service.approve(session, cast.officer, row.id)


def test_an_officer_alone_records_one_person(session: Session, cast: Cast) -> None:
    row = service.draft(session, cast.officer, cast.institution)
    assert service.one_person_only(session, cast.officer, cast.institution)
    service.approve(session, cast.officer, row.id)
    assert row.one_person


def test_an_administrator_without_an_officer_records_one_person(
    session: Session, cast: Cast
) -> None:
    row = drafted(session, cast)
    with pytest.raises(NotAllowed, match="privacy officer"):
        service.approve(session, cast.administrator, row.id)
    people.remove(session, cast.administrator, cast.institution, cast.officer.person)
    service.approve(session, cast.administrator, row.id)
    assert row.one_person
    assert audit.latest(session, cast.institution, 1)[0].body["one_person"] is True


def test_two_administrators_without_an_officer_are_two_people(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    people.remove(session, cast.administrator, cast.institution, cast.officer.person)
    second = member(session, cast.institution, "second", Role.ADMINISTRATOR)
    service.approve(session, second, row.id)
    assert not row.one_person


def test_no_token_approves(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    people.remove(session, cast.administrator, cast.institution, cast.officer.person)
    token = replace(
        cast.administrator,
        token="token_x",
        token_institution=cast.institution,
        scopes=frozenset(Permission),
    )
    for act in (service.approve, lambda s, a, v: service.decline(s, a, v, "no")):
        with pytest.raises(NotAllowed, match="No API token"):
            act(session, token, row.id)


def test_two_edit_one_draft(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    mine, theirs = PolicyDocument(minimum_cell=11), PolicyDocument(minimum_cell=12)
    service.save(session, cast.officer, row.id, theirs, 1)
    with pytest.raises(Conflict) as refused:
        service.save(session, cast.administrator, row.id, mine, 1)
    assert refused.value.extra == {
        "mine": mine.model_dump(mode="json"),
        "theirs": theirs.model_dump(mode="json"),
        "revision": 2,
        "saved_by": cast.officer.person,
    }
    assert queries.document(row) == theirs
    service.save(session, cast.administrator, row.id, mine, 2)
    assert (queries.document(row), row.revision) == (mine, 3)
    assert row.digest == digest_of(mine)


def test_what_is_approved_is_what_was_read(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    read = row.digest
    service.save(session, cast.administrator, row.id, STRICT, 1)
    with pytest.raises(Conflict, match="Read it again"):
        service.approve(session, cast.officer, row.id, read)


def test_a_decided_version_never_changes(session: Session, cast: Cast) -> None:
    row = approved(session, cast)
    before = dict(row.document)
    with pytest.raises(Conflict, match="no longer changes"):
        service.save(session, cast.administrator, row.id, PolicyDocument(), row.revision)
    with pytest.raises(IllegalTransition):
        service.decline(session, cast.officer, row.id, "changed my mind")
    session.expire_all()
    assert row.document == before


def test_approving_twice_is_refused_and_replaces_nothing(session: Session, cast: Cast) -> None:
    row = approved(session, cast)
    with session.begin_nested() as savepoint:
        with pytest.raises(IllegalTransition):
            service.approve(session, cast.officer, row.id)
        savepoint.rollback()
    session.expire_all()
    assert row.state == PolicyState.APPROVED


def test_declining_says_why(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    for bad in ("", "  ", "x" * 1001):
        with pytest.raises(Invalid):
            service.decline(session, cast.officer, row.id, bad)
    service.decline(session, cast.officer, row.id, " The cell is too small. ")
    assert (row.state, row.note) == (PolicyState.DECLINED, "The cell is too small.")
    assert drafted(session, cast).number == 2
    assert "too small" not in str(audit.latest(session, cast.institution, 5)[1].body)


def act_draft(session: Session, actor: Actor, row: PolicyVersion) -> None:
    service.draft(session, actor, row.institution_id)


def act_save(session: Session, actor: Actor, row: PolicyVersion) -> None:
    service.save(session, actor, row.id, STRICT, row.revision)


def act_approve(session: Session, actor: Actor, row: PolicyVersion) -> None:
    service.approve(session, actor, row.id)


def act_decline(session: Session, actor: Actor, row: PolicyVersion) -> None:
    service.decline(session, actor, row.id, "because")


MAY = {
    act_draft: {"administrator", "officer"},
    act_save: {"administrator", "officer"},
    act_approve: {"officer"},
    act_decline: {"officer"},
}


@pytest.mark.parametrize("act", list(MAY))
@pytest.mark.parametrize(
    "who", ["administrator", "officer", "instructor", "reader", "stranger", "operator"]
)
def test_who_may(session: Session, cast: Cast, act: Act, who: str) -> None:
    row = drafted(session, cast)
    actor = cast.everyone[who]
    if who in MAY[act]:  # type: ignore[index]
        act(session, actor, row)
        return
    error = NotFound if who in ("stranger", "operator") else NotAllowed
    with pytest.raises(error):
        act(session, actor, row)
    session.expire_all()
    assert (row.state, row.revision) == (PolicyState.DRAFT, 1)


def test_approving_needs_a_step_up(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    with pytest.raises(StepUpNeeded):
        service.approve(session, replace(cast.officer, stepped_up=None), row.id)


@pytest.mark.parametrize("act", list(MAY))
def test_a_suspended_institution_is_read_only(session: Session, cast: Cast, act: Act) -> None:
    row = drafted(session, cast)
    owner = institutions.by_id(session, cast.institution)
    owner.state, owner.state_reason = InstitutionState.SUSPENDED, "Stolen accounts."
    session.flush()
    with pytest.raises(NotAllowed, match=r"Stolen accounts\."):
        act(session, cast.officer, row)
    assert queries.history(session, cast.reader, cast.institution) == [row]


def test_a_site_finds_only_what_was_approved(session: Session, cast: Cast) -> None:
    row = drafted(session, cast)
    assert queries.by_digest(session, cast.institution, row.digest) is None
    service.approve(session, cast.officer, row.id)
    assert queries.by_digest(session, cast.institution, row.digest) is row
    assert queries.by_digest(session, cast.other, row.digest) is None


@pytest.mark.parametrize("who", ["stranger", "operator", "instructor"])
def test_who_may_not_read(session: Session, cast: Cast, who: str) -> None:
    row = drafted(session, cast)
    actor = cast.everyone[who]
    error = NotAllowed if who == "instructor" else NotFound
    for read in (
        lambda: queries.history(session, actor, cast.institution),
        lambda: queries.get(session, actor, Permission.POLICY_READ, row.id),
        lambda: queries.by_number(session, actor, cast.institution, 1),
    ):
        with pytest.raises(error):
            read()


@pytest.mark.parametrize("before", list(PolicyState))
@pytest.mark.parametrize("act", [act_approve, act_decline])
def test_every_state(session: Session, cast: Cast, before: PolicyState, act: Act) -> None:
    row = drafted(session, cast)
    row.state, row.decided = before, now()
    session.flush()
    target = PolicyState.APPROVED if act is act_approve else PolicyState.DECLINED
    if target in TRANSITIONS[before]:
        act(session, cast.officer, row)
        assert row.state == target
    else:
        with pytest.raises(IllegalTransition):
            act(session, cast.officer, row)
