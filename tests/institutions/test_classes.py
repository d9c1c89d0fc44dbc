"""Classes by hand or named by a site; instructors see their own and no other."""

import pytest
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.clock import now
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.ids import new_id
from app.institutions import queries, service
from app.institutions.models import SchoolClass
from app.people import queries as people_queries
from app.people import service as people
from app.sites.models import Site
from app.sites.states import SiteState
from tests.cast import Cast, member


@pytest.fixture
def site(session: Session, cast: Cast) -> str:
    row = Site(
        id=new_id("site"),
        institution_id=cast.institution,
        name="Cellar",
        state=SiteState.READY,
        created=now(),
    )
    session.add(row)
    session.flush()
    return row.id


def added(session: Session, cast: Cast, code: str = "7b") -> SchoolClass:
    return service.add_class(session, cast.administrator, cast.institution, "2026", code, "Biology")


def test_by_hand(session: Session, cast: Cast) -> None:
    row = added(session, cast)
    assert row.confirmed is not None
    with pytest.raises(Conflict):
        added(session, cast)
    with pytest.raises(Invalid):
        service.add_class(session, cast.administrator, cast.institution, "2026", "a\nb")
    assert [c.id for c in queries.classes(session, cast.reader, cast.institution)] == [row.id]


def test_a_site_names_classes_and_a_person_confirms(
    session: Session, cast: Cast, site: str
) -> None:
    own = added(session, cast)
    offered = [("2026", "7b"), ("2026", "8a"), ("2026", "8a")]
    assert service.offer_classes(session, cast.institution, site, offered) == 1
    assert service.offer_classes(session, cast.institution, site, offered) == 0
    found = {c.code: c for c in queries.classes(session, cast.reader, cast.institution)}
    assert found["7b"].id == own.id
    assert found["7b"].title == "Biology", "a site renames nothing"
    assert (found["8a"].confirmed, found["8a"].offered_by) == (None, site)
    with pytest.raises(NotAllowed):
        service.confirm_class(session, cast.officer, found["8a"].id)
    with pytest.raises(NotFound):
        service.confirm_class(session, cast.stranger, found["8a"].id)
    service.confirm_class(session, cast.administrator, found["8a"].id, "Chemistry")
    assert found["8a"].title == "Chemistry"
    with pytest.raises(Conflict):
        service.confirm_class(session, cast.administrator, found["8a"].id)
    kinds = [e.kind for e in audit.latest(session, cast.institution, 3)]
    assert kinds == ["class.confirmed", "class.offered", "class.offered"]


def test_an_unconfirmed_class_is_no_ones(session: Session, cast: Cast, site: str) -> None:
    service.offer_classes(session, cast.institution, site, [("2026", "8a")])
    (row,) = queries.classes(session, cast.reader, cast.institution)
    service.assign(session, cast.administrator, row.id, cast.instructor.person)
    assert not queries.teaches(session, cast.instructor, row.id)


def test_an_instructor_sees_their_own_classes_only(session: Session, cast: Cast) -> None:
    mine, other = added(session, cast), added(session, cast, "9c")
    colleague = member(session, cast.institution, "colleague", Role.INSTRUCTOR)
    service.assign(session, cast.administrator, mine.id, cast.instructor.person)
    service.assign(session, cast.administrator, other.id, colleague.person)
    assert [c.id for c in queries.classes_of_instructor(session, cast.instructor)] == [mine.id]
    assert not queries.teaches(session, cast.instructor, other.id)
    assert queries.teachings(session, [mine.id, other.id]) == {
        mine.id: [cast.instructor.person],
        other.id: [colleague.person],
    }
    assert queries.classes_of_instructor(session, cast.administrator) == []
    with pytest.raises(NotAllowed):
        queries.classes(session, cast.instructor, cast.institution)
    with pytest.raises(NotFound):
        queries.class_for(session, cast.stranger, Permission.CLASS_READ, mine.id)


def test_who_is_no_instructor_any_more_sees_nothing(session: Session, cast: Cast) -> None:
    row = added(session, cast)
    service.assign(session, cast.administrator, row.id, cast.instructor.person)
    person = cast.instructor.person
    people.revoke(session, cast.administrator, cast.institution, person, Role.INSTRUCTOR)
    gone = Actor(person=person, name="Gone", roles=people_queries.roles_of(session, person))
    assert queries.classes_of_instructor(session, gone) == []
    assert not queries.teaches(session, gone, row.id)


def test_assigning(session: Session, cast: Cast) -> None:
    row = added(session, cast)
    for who in (cast.reader, cast.stranger):
        with pytest.raises(Invalid):
            service.assign(session, cast.administrator, row.id, who.person)
    for actor, error in [(cast.officer, NotAllowed), (cast.stranger, NotFound)]:
        with pytest.raises(error):
            service.assign(session, actor, row.id, cast.instructor.person)
        with pytest.raises(error):
            service.unassign(session, actor, row.id, cast.instructor.person)
    service.assign(session, cast.administrator, row.id, cast.instructor.person)
    with pytest.raises(Conflict):
        service.assign(session, cast.administrator, row.id, cast.instructor.person)
    service.unassign(session, cast.administrator, row.id, cast.instructor.person)
    with pytest.raises(NotFound):
        service.unassign(session, cast.administrator, row.id, cast.instructor.person)
    newest = audit.latest(session, cast.institution, 1)[0]
    assert newest.kind == "class.instructor-unassigned"
    assert newest.body == {"person": cast.instructor.person}
