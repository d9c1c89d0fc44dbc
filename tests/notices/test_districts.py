"""A district's offer and its floor are told to those of the school who may answer, and settled by the answer."""

from app.access.permissions import Role
from app.institutions import ties
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind
from app.notices import words
from app.notices.states import NoticeKind
from app.policies import district_floors
from app.policies import service as policies
from app.policies.states import FloorRefusal
from tests.cast import make_institution, member
from tests.notices.test_telling import gather, told, who
from tests.runs.world import World


def test_a_tie_and_a_floor_are_told_until_they_are_answered(world: World) -> None:
    school = world.members[1]
    with world.hub.db.session() as session:
        name = session.get_one(Institution, school.institution).name
        row = make_institution(session, "North District", "north.example", InstitutionKind.DISTRICT)
        district, domain = row.id, "north.example"
        head = member(session, district, "head", Role.ADMINISTRATOR, domain=domain)
        guard = member(session, district, "guard", Role.PRIVACY_OFFICER, domain=domain)
        draft = policies.draft(session, head, district)
        policies.approve(session, guard, draft.id)
        tie = ties.offer(session, head, district, name).id
    gather(world)
    (found,) = told(world, NoticeKind.TIE_OFFERED)
    assert who([found]) == {school.administrator.person}
    assert found.facts["path"] == f"/i/{school.institution}/district"
    assert words.sentence(found).startswith("North District says that it is")
    with world.hub.db.session() as session:
        ties.accept(session, school.administrator, tie)
        (floor,) = (one.id for one in district_floors.propose(session, guard, district))
    gather(world)
    assert told(world, NoticeKind.TIE_OFFERED) == []
    (proposed,) = told(world, NoticeKind.FLOOR_PROPOSED)
    assert who([proposed]) == {school.officer.person}
    assert "proposes a floor" in words.sentence(proposed)
    with world.hub.db.session() as session:
        district_floors.refuse(session, school.officer, floor, FloorRefusal.TOO_STRICT)
    gather(world)
    assert told(world, NoticeKind.FLOOR_PROPOSED) == []
