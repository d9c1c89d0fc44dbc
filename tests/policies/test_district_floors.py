"""A district proposes, a school answers: nobody is taken over, nothing changes silently, looser is refused by name."""

from dataclasses import dataclass, replace

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor, allows
from app.access.permissions import DISTRICT_OFFICER, Permission, Role
from app.audit import queries as audit
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.federations import cohort
from app.federations import queries as federations
from app.institutions import queries as institutions
from app.institutions import service as standing
from app.institutions import tie_queries, ties
from app.institutions.models import Tie
from app.institutions.states import InstitutionKind, InstitutionState, TieState
from app.people import service as people
from app.policies import district_floors, district_queries, queries, service
from app.policies.models import PolicyVersion
from app.policies.states import FloorRefusal, FloorState
from tests.cast import Cast, make_institution, member
from worker.protocol.policy import PolicyDocument

FLOOR = PolicyDocument(minimum_cell=15, minimum_cohort=4)
LOOSE, STRICT = PolicyDocument(minimum_cell=12), PolicyDocument(minimum_cell=20, minimum_cohort=5)


@dataclass(frozen=True)
class District:
    """Its administrator and officer, and the tie with the cast's institution."""

    id: str
    administrator: Actor
    officer: Actor
    tie: Tie


@pytest.fixture
def district(session: Session, cast: Cast) -> District:
    """Offered, not yet accepted; its policy is FLOOR."""
    row = make_institution(session, "North District", "north.example", InstitutionKind.DISTRICT)
    administrator = member(session, row.id, "head", Role.ADMINISTRATOR, domain="north.example")
    officer = member(session, row.id, "guard", Role.PRIVACY_OFFICER, domain="north.example")
    policy(session, row.id, administrator, officer, FLOOR)
    tie = ties.offer(session, administrator, row.id, "Heath School")
    return District(row.id, administrator, officer, tie)


@pytest.fixture
def tied(session: Session, cast: Cast, district: District) -> District:
    ties.accept(session, cast.administrator, district.tie.id)
    return district


def policy(
    session: Session, at: str, drafter: Actor, approver: Actor, text: PolicyDocument
) -> PolicyVersion:
    row = service.draft(session, drafter, at)
    service.save(session, drafter, row.id, text, row.revision)
    return service.approve(session, approver, row.id)


def acting(session: Session, district: District) -> Actor:
    """The district's officer as the edge makes them."""
    return standing.held(session, district.officer)


def kinds(session: Session, chain: str, count: int) -> list[str]:
    return [e.kind for e in audit.latest(session, chain, count)]


def test_only_the_schools_administrator_accepts(
    session: Session, cast: Cast, district: District
) -> None:
    tie = district.tie.id
    for who in (cast.officer, cast.reader):
        with pytest.raises(NotAllowed):
            ties.accept(session, who, tie)
    for stranger in (district.administrator, cast.stranger, cast.operator):
        with pytest.raises(NotFound):
            ties.accept(session, stranger, tie)
    token = replace(
        cast.administrator,
        token="token_x",
        token_institution=cast.institution,
        scopes=frozenset(Permission),
    )
    with pytest.raises(NotAllowed, match="No API token"):
        ties.accept(session, token, tie)
    assert tie_queries.district_of(session, cast.institution) is None
    ties.accept(session, cast.administrator, tie)
    assert tie_queries.district_of(session, cast.institution) == district.id
    assert institutions.by_id(session, cast.institution).parent_id == district.id
    assert kinds(session, cast.institution, 1) == kinds(session, district.id, 1) == ["tie.accepted"]


def test_an_offer_gives_nothing(session: Session, cast: Cast, district: District) -> None:
    assert acting(session, district).acting == {}
    with pytest.raises(Conflict, match="No school"):
        district_floors.propose(session, district.officer, district.id)
    ties.decline(session, cast.administrator, district.tie.id)
    with pytest.raises(Conflict):
        ties.accept(session, cast.administrator, district.tie.id)


def test_whom_one_cannot_offer_to(session: Session, cast: Cast, tied: District) -> None:
    head = tied.administrator
    waiting = make_institution(session, "Fern", "fern.example", state=InstitutionState.REGISTERED)
    taken = make_institution(session, "Dale", "dale.example", parent=cast.other)
    for name in ("Nowhere", waiting.id, taken.id, tied.id):
        with pytest.raises(Invalid) as refused:
            ties.offer(session, head, tied.id, name)
        assert refused.value.errors and "school" in refused.value.errors
    with pytest.raises(Conflict):
        ties.offer(session, head, tied.id, "Heath School")
    with pytest.raises(Invalid, match="above yours"):
        ties.offer(session, cast.administrator, cast.institution, "North District")


def test_a_floor_changes_no_policy_and_binds_the_next_one(
    session: Session, cast: Cast, tied: District
) -> None:
    mine = policy(session, cast.institution, cast.administrator, cast.officer, LOOSE)
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    another = service.draft(session, cast.administrator, cast.institution)
    service.save(session, cast.administrator, another.id, LOOSE, another.revision)
    district_floors.accept(session, cast.officer, floor.id)
    current = queries.current(session, cast.institution)
    assert current is mine and queries.document(mine) == LOOSE
    with pytest.raises(Invalid, match="looser") as refused:
        service.approve(session, cast.officer, another.id)
    assert refused.value.errors is not None
    assert refused.value.errors.keys() == {"minimum_cohort", "minimum_cell"}
    assert "15" in refused.value.errors["minimum_cell"]
    service.save(session, cast.administrator, another.id, STRICT, another.revision)
    service.approve(session, cast.officer, another.id)
    assert queries.current(session, cast.institution) is another


def test_a_proposed_floor_binds_nothing(session: Session, cast: Cast, tied: District) -> None:
    district_floors.propose(session, tied.officer, tied.id)
    policy(session, cast.institution, cast.administrator, cast.officer, LOOSE)


def test_a_refusal_and_its_reason_stand_in_both_chains(
    session: Session, cast: Cast, tied: District
) -> None:
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    with pytest.raises(Invalid):
        district_floors.refuse(session, cast.officer, floor.id, None)
    district_floors.refuse(session, cast.officer, floor.id, FloorRefusal.TOO_STRICT)
    for chain, who in ((cast.institution, cast.reader), (tied.id, tied.officer)):
        event = audit.latest(session, chain, 1)[0]
        assert (event.kind, event.body["reason"]) == ("floor.refused", "too-strict")
        ((row, _version),) = district_queries.of(session, who, chain)
        assert (row.state, row.reason) == (FloorState.REFUSED, FloorRefusal.TOO_STRICT)
    policy(session, cast.institution, cast.administrator, cast.officer, LOOSE)


def test_a_newer_version_is_a_proposal_again(session: Session, cast: Cast, tied: District) -> None:
    (first,) = district_floors.propose(session, tied.officer, tied.id)
    with pytest.raises(Conflict, match="already"):
        district_floors.propose(session, tied.officer, tied.id)
    district_floors.accept(session, cast.officer, first.id)
    stricter = FLOOR.model_copy(update={"minimum_cell": 30})
    policy(session, tied.id, tied.administrator, tied.officer, stricter)
    (second,) = district_floors.propose(session, tied.officer, tied.id)
    assert (first.state, second.state) == (FloorState.ACCEPTED, FloorState.PROPOSED)
    policy(session, cast.institution, cast.administrator, cast.officer, STRICT)
    district_floors.accept(session, cast.officer, second.id)
    assert (first.state, second.state) == (FloorState.REPLACED, FloorState.ACCEPTED)
    draft = service.draft(session, cast.administrator, cast.institution)
    with pytest.raises(Invalid):
        service.approve(session, cast.officer, draft.id)


def test_the_districts_officer_acts_at_the_school_and_is_shown_so(
    session: Session, cast: Cast, tied: District
) -> None:
    officer = acting(session, tied)
    assert officer.acting == {cast.institution: tied.id}
    draft = service.draft(session, cast.administrator, cast.institution)
    service.approve(session, officer, draft.id)
    assert (draft.decided_by, draft.decided_for) == (officer.person, tied.id)
    event = audit.latest(session, cast.institution, 1)[0]
    assert (event.actor, event.body["institution"]) == (officer.person, tied.id)
    for never in (Permission.CLASS_READ, Permission.REPORT_READ, Permission.FEEDBACK_READ):
        assert never not in DISTRICT_OFFICER
        assert not allows(officer, never, cast.institution)
    assert not allows(officer, Permission.PEOPLE_EDIT, cast.institution)
    head = standing.held(session, tied.administrator)
    assert head.acting == {}, "roles inherit for the privacy officer only"


def test_a_token_of_the_district_does_not_act_at_the_school(
    session: Session, cast: Cast, tied: District
) -> None:
    token = replace(tied.officer, token="token_x", token_institution=tied.id, scopes=frozenset())
    assert standing.held(session, token).acting == {}


def test_the_district_does_not_answer_itself(session: Session, cast: Cast, tied: District) -> None:
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    for answer in (
        district_floors.accept,
        lambda s, a, f: district_floors.refuse(s, a, f, FloorRefusal.LATER),
    ):
        with pytest.raises((NotAllowed, NotFound)):
            answer(session, acting(session, tied), floor.id)
    assert floor.state is FloorState.PROPOSED


def test_a_school_without_an_officer_has_its_districts(
    session: Session, cast: Cast, tied: District
) -> None:
    draft = service.draft(session, cast.administrator, cast.institution)
    people.remove(session, cast.administrator, cast.institution, cast.officer.person)
    with pytest.raises(NotAllowed):
        service.approve(session, cast.administrator, draft.id)
    service.approve(session, acting(session, tied), draft.id)
    assert not draft.one_person
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    district_floors.accept(session, cast.administrator, floor.id)
    assert floor.state is FloorState.ACCEPTED, "its administrator answers where it has no officer"


@pytest.mark.parametrize("side", ["school", "district"])
def test_either_side_ends_it_and_roles_and_floor_end_with_it(
    session: Session, cast: Cast, tied: District, side: str
) -> None:
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    district_floors.accept(session, cast.officer, floor.id)
    ties.end(session, cast.administrator if side == "school" else tied.administrator, tied.tie.id)
    assert tied.tie.state is TieState.ENDED
    assert acting(session, tied).acting == {}
    assert district_queries.in_force(session, cast.institution) == []
    policy(session, cast.institution, cast.administrator, cast.officer, LOOSE)
    parents = federations.parents(session)
    assert cohort.count({cast.institution, tied.id}, parents) == 1, "one still, for a cohort"


def test_the_district_withdraws_what_it_proposed(
    session: Session, cast: Cast, tied: District
) -> None:
    (floor,) = district_floors.propose(session, tied.officer, tied.id)
    district_floors.accept(session, cast.officer, floor.id)
    with pytest.raises(NotFound):
        district_floors.withdraw(session, cast.officer, floor.id)
    district_floors.withdraw(session, tied.officer, floor.id)
    assert district_queries.in_force(session, cast.institution) == []


def test_who_may_propose(session: Session, cast: Cast, tied: District) -> None:
    with pytest.raises(NotAllowed):
        district_floors.propose(session, tied.administrator, tied.id)
    with pytest.raises(NotFound):
        district_floors.propose(session, cast.officer, tied.id)
    with pytest.raises(Conflict, match="policy of your own"):
        district_floors.propose(session, cast.officer, cast.institution)
