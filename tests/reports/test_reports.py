"""A class report: asked of the right sites, cleaned once more, frozen, and shown to the class's instructor only."""

import math

import pytest
from sqlalchemy import select

from app.access.actor import Actor
from app.audit.models import Event
from app.clock import now
from app.errors import NotFound
from app.ids import new_id
from app.institutions.models import SchoolClass, Teaching
from app.reports import queries, service
from app.reports.cells import suppressed
from app.reports.models import ClassReport, ReportView
from app.runs.schemas import Proposal
from app.sites.models import Job
from tests.runs import world as acting
from tests.runs.world import POLICY, SHEET, Member, World
from worker.protocol.codes import ClassUse, JobKind
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassTask, ReportAnswer

TASK = ClassTask(
    task="pass",
    metric="auc",
    shared=0.8,
    local=0.7,
    rule=0.6,
    shared_interval=(0.7, 0.9),
    use=ClassUse.HEAD,
    curve=(
        CalibrationPoint(predicted=0.2, observed=0.25, records=30),
        CalibrationPoint(predicted=0.7, observed=0.6, records=7),
    ),
)
FIGURES = ClassFigures(code="7B", term="2026", records=40, tasks=(TASK,))


def add_class(
    world: World, member: Member, code: str = "7B", *, confirmed: bool = True, taught: bool = True
) -> str:
    with world.hub.db.session() as session:
        row = SchoolClass(
            id=new_id("class"),
            institution_id=member.institution,
            term="2026",
            code=code,
            offered_by=member.site,
            confirmed=now() if confirmed else None,
            created=now(),
        )
        session.add(row)
        session.flush()
        if taught:
            session.add(
                Teaching(
                    id=new_id("teaching"),
                    class_id=row.id,
                    person_id=member.instructor.person,
                    since=now(),
                )
            )
        return row.id


def finished(world: World) -> str:
    run_id = acting.running(world, Proposal(rounds=1))
    for member in world.members:
        acting.train(world, member)
    world.work()
    return run_id


def report_jobs(world: World, run_id: str) -> dict[str, Job]:
    with world.hub.db.reading() as session:
        return {j.site_id: j for j in queries.report_jobs(session, run_id)}


def receive(world: World, job: Job, *figures: ClassFigures) -> int:
    with world.hub.db.session() as session:
        held = session.get_one(Job, job.id)
        return service.receive(session, held, ReportAnswer(classes=figures))


def test_only_sites_with_confirmed_classes_and_an_open_policy_are_asked(world: World) -> None:
    add_class(world, world.members[0])
    add_class(world, world.members[1], confirmed=False)
    add_class(world, world.members[2])
    closed = POLICY.leaves.model_copy(update={"class_reports": False})
    with world.hub.db.session() as session:
        policy = POLICY.model_copy(update={"leaves": closed})
        acting.set_policy(session, world.members[2], policy)
    run_id = finished(world)
    (asked,) = report_jobs(world, run_id).values()
    manifest = acting.manifest_of(asked)
    assert asked.site_id == world.members[0].site
    assert (manifest.classes, manifest.leaves) == (("7B",), ("class_reports",))
    assert manifest.release is not None
    assert {n: r.digest for n, r in manifest.modules.items()} == acting.states(world, run_id, 1)


def test_a_class_confirmed_later_gets_its_report(world: World) -> None:
    run_id = finished(world)
    assert report_jobs(world, run_id) == {}
    add_class(world, world.members[1])
    world.sweep()
    world.sweep()
    assert set(report_jobs(world, run_id)) == {world.members[1].site}


def test_the_first_report_of_a_release_stands(world: World) -> None:
    class_id = add_class(world, world.lead)
    job = report_jobs(world, finished(world))[world.lead.site]
    assert receive(world, job, FIGURES) == 1
    other = FIGURES.model_copy(update={"records": 50})
    assert receive(world, job, other) == 0
    with world.hub.db.reading() as session:
        (report,) = session.scalars(select(ClassReport)).all()
        (event,) = session.scalars(select(Event).where(Event.kind == "report.received")).all()
    assert (report.class_id, report.figures["records"]) == (class_id, 40)
    assert event.chain_id == world.lead.institution
    # The point that stands on seven records did not get in.
    assert [p["records"] for p in report.figures["tasks"][0]["curve"]] == [30]


def test_classes_of_others_and_unknown_ones_are_dropped(world: World) -> None:
    add_class(world, world.lead)
    add_class(world, world.members[1], code="9C")
    job = report_jobs(world, finished(world))[world.lead.site]
    strange = [FIGURES.model_copy(update={"code": code}) for code in ("9C", "never")]
    late = FIGURES.model_copy(update={"term": "1999"})
    assert receive(world, job, *strange, late) == 0


def test_a_small_class_shows_nothing() -> None:
    small = FIGURES.model_copy(update={"records": 9})
    assert suppressed(small, 10, (SHEET,)) == ClassFigures(code="7B", term="2026", records=None)
    unsaid = FIGURES.model_copy(update={"records": None})
    assert suppressed(unsaid, 10, (SHEET,)).tasks == ()


def test_numbers_that_are_none_and_tasks_not_asked_for() -> None:
    spoilt = TASK.model_copy(
        update={
            "shared": math.nan,
            "shared_interval": (math.nan, 1.0),
            "missing": {"text": 0.5, "table": 7.0},
        }
    )
    other = TASK.model_copy(update={"task": "other"})
    given = FIGURES.model_copy(update={"tasks": (spoilt, other, TASK)})
    (kept,) = suppressed(given, 10, (SHEET,)).tasks
    assert (kept.shared, kept.shared_interval, kept.missing) == (None, None, {"text": 0.5})
    assert kept.local == 0.7 and kept.use is None


def test_only_the_classes_instructor_reads_it_and_leaves_a_line(world: World) -> None:
    class_id = add_class(world, world.lead)
    receive(world, report_jobs(world, finished(world))[world.lead.site], FIGURES)
    lead = world.lead
    others: list[Actor] = [
        lead.administrator,
        lead.officer,
        world.members[1].instructor,
        world.stranger,
        world.operator,
    ]
    with world.hub.db.session() as session:
        for actor in others:
            with pytest.raises(NotFound):
                service.view(session, actor, class_id)
            assert queries.visible_to(session, actor) == []
        assert session.scalars(select(ReportView)).all() == []
        shown = service.view(session, lead.instructor, class_id)
        assert shown.report is not None
        assert shown.figures is not None
        assert (shown.figures.records, shown.figures.tasks[0].shared) == (40, 0.8)
        assert shown.release is not None
        (seen,) = queries.viewers(session, shown.report)
        assert (seen.name, seen.view.person_id) == (
            lead.instructor.name,
            lead.instructor.person,
        )
        (event,) = session.scalars(select(Event).where(Event.kind == "report.viewed")).all()
        assert event.subject == shown.report.id


def test_an_administrator_who_does_not_teach_it_stays_out_even_with_the_role(world: World) -> None:
    class_id = add_class(world, world.lead, taught=False)
    receive(world, report_jobs(world, finished(world))[world.lead.site], FIGURES)
    with world.hub.db.session() as session, pytest.raises(NotFound):
        service.view(session, world.lead.instructor, class_id)


def test_before_the_first_release_there_is_no_report_and_no_line(world: World) -> None:
    class_id = add_class(world, world.lead)
    with world.hub.db.session() as session:
        shown = service.view(session, world.lead.instructor, class_id)
        assert (shown.report, shown.figures) == (None, None)
        assert session.scalars(select(ReportView)).all() == []


def test_only_a_report_job_brings_reports(world: World) -> None:
    add_class(world, world.lead)
    finished(world)
    with world.hub.db.reading() as session:
        training = session.scalars(select(Job).where(Job.kind == JobKind.TRAIN)).first()
    assert training is not None
    assert receive(world, training, FIGURES) == 0
