"""Feedback on a report: from its instructors, on the newest one, the later word stands; read by those named for it."""

import pytest
from sqlalchemy import select

from app.access.permissions import Permission
from app.audit.models import Event
from app.errors import Invalid, NotAllowed, NotFound
from app.reports import feedback, queries
from app.reports.models import ReportFeedback
from app.reports.states import Fitting, StepTaken
from tests.reports.test_files import reported
from tests.reports.test_reports import FIGURES, add_class, finished
from tests.runs import world as acting
from tests.runs.world import World


def give(world: World, class_id: str, fits: Fitting, step: StepTaken = StepTaken.NOTHING) -> None:
    with world.hub.db.session() as session:
        feedback.give(session, world.lead.instructor, class_id, fits, step)


def test_the_later_word_stands_and_the_trail_holds_no_word(world: World) -> None:
    class_id = reported(world)
    give(world, class_id, Fitting.NOT)
    give(world, class_id, Fitting.PARTLY, StepTaken.OTHER)
    with world.hub.db.reading() as session:
        (row,) = session.scalars(select(ReportFeedback)).all()
        events = session.scalars(select(Event).where(Event.kind == "report.answered")).all()
    assert (row.fits, row.step) == (Fitting.PARTLY, StepTaken.OTHER)
    assert [e.body for e in events] == [{"person": world.lead.instructor.person}] * 2
    assert {e.chain_id for e in events} == {world.lead.institution}


def test_a_new_report_is_asked_about_anew(world: World) -> None:
    class_id = reported(world)
    give(world, class_id, Fitting.NOT)
    finished(world)
    assert acting.report_all(world, world.lead, FIGURES) == 1
    with world.hub.db.reading() as session:
        shown = queries.get(session, world.lead.instructor, class_id)
        assert shown.report is not None
        assert queries.feedback_on(session, shown.report) == []
    give(world, class_id, Fitting.FITS)
    with world.hub.db.reading() as session:
        said = queries.feedback_for(session, world.lead.officer, class_id)
    name = world.lead.instructor.name
    assert [(s.name, s.release, s.feedback.fits) for s in said] == [
        (name, 2, Fitting.FITS),
        (name, 1, Fitting.NOT),
    ]


def test_only_an_instructor_of_the_class_gives_it(world: World) -> None:
    class_id = reported(world)
    lead = world.lead
    with world.hub.db.session() as session:
        for actor in (lead.administrator, lead.officer, world.members[1].instructor):
            with pytest.raises(NotFound):
                feedback.give(session, actor, class_id, Fitting.FITS, StepTaken.NOTHING)


def test_who_reads_it(world: World) -> None:
    class_id = reported(world)
    give(world, class_id, Fitting.FITS)
    lead, other = world.lead, world.members[1]
    with world.hub.db.reading() as session:
        for actor in (lead.administrator, lead.officer):
            assert len(queries.feedback_for(session, actor, class_id)) == 1
        with pytest.raises(NotAllowed):
            queries.feedback_for(session, lead.instructor, class_id)
        for stranger in (other.officer, world.stranger, world.operator):
            with pytest.raises(NotFound):
                queries.feedback_for(session, stranger, class_id)
        with pytest.raises(NotFound):
            queries.feedback_for(session, lead.officer, "class_0000000000000000000000")


def test_a_token_that_may_only_read_gives_none(world: World) -> None:
    class_id = reported(world)
    lead = world.lead.instructor
    reads = lead.__class__(
        person=lead.person,
        name=lead.name,
        roles=lead.roles,
        token="token_0000000000000000000000",
        token_institution=world.lead.institution,
        scopes=frozenset({Permission.REPORT_READ}),
    )
    with world.hub.db.session() as session, pytest.raises(NotAllowed, match="report:answer"):
        feedback.give(session, reads, class_id, Fitting.FITS, StepTaken.NOTHING)


def test_before_the_first_report_there_is_nothing_to_speak_of(world: World) -> None:
    class_id = add_class(world, world.lead)
    with pytest.raises(NotFound, match="no report yet"):
        give(world, class_id, Fitting.FITS)


@pytest.mark.parametrize(
    ("fits", "step", "wrong"),
    [("", "", {"fits", "step"}), ("fits", "all", {"step"}), ("Ann Lee fails", "other", {"fits"})],
)
def test_nothing_outside_the_lists(fits: str, step: str, wrong: set[str]) -> None:
    with pytest.raises(Invalid) as refused:
        feedback.read(fits, step)
    assert refused.value.errors.keys() == wrong
