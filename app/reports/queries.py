"""Reads of class reports. Only an instructor of the class has any; everyone else gets NotFound."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.errors import NotFound
from app.federations.models import Membership
from app.institutions import queries as institutions
from app.institutions.models import SchoolClass, Teaching
from app.people.models import Person
from app.releases.models import Release
from app.reports.models import ClassReport, ReportFeedback, ReportView
from app.sites.models import Job, Site
from app.text import _
from worker.protocol.codes import JobKind
from worker.protocol.update import ClassFigures


@dataclass(frozen=True)
class Viewer:
    name: str
    view: ReportView


@dataclass(frozen=True)
class Said:
    """One person's feedback on the report of one release. Erased people have no name."""

    name: str
    feedback: ReportFeedback
    release: int


@dataclass(frozen=True)
class Earlier:
    """A report before the newest one of the same class, from an older release of the same federation."""

    report: ClassReport
    release: Release
    figures: ClassFigures


@dataclass(frozen=True)
class Shown:
    """A class and its newest report, if there is one yet."""

    school_class: SchoolClass
    report: ClassReport | None
    release: Release | None
    figures: ClassFigures | None


def visible_to(session: Session, actor: Actor) -> list[Shown]:
    """The classes this person teaches, by term and code, with their newest reports."""
    wanted = _taught(actor).order_by(SchoolClass.term.desc(), SchoolClass.code)
    return _shown(session, session.scalars(wanted).all())


def _taught(actor: Actor) -> Select[SchoolClass]:
    return (
        select(SchoolClass)
        .join(Teaching, Teaching.class_id == SchoolClass.id)
        .where(
            Teaching.person_id == actor.person,
            SchoolClass.institution_id.in_(institutions_where(actor, Permission.REPORT_READ)),
        )
    )


def get(session: Session, actor: Actor, class_id: str) -> Shown:
    """One class that this person teaches. Raises NotFound for every other, administrators included."""
    found = session.scalars(_taught(actor).where(SchoolClass.id == class_id)).first()
    if found is None:
        raise NotFound(_("There is no such class for you."))
    return _shown(session, (found,))[0]


def _shown(session: Session, classes: Sequence[SchoolClass]) -> list[Shown]:
    newest = _newest(session, [c.id for c in classes])
    return [
        Shown(c, *newest[c.id]) if c.id in newest else Shown(c, None, None, None) for c in classes
    ]


def _newest(
    session: Session, class_ids: Collection[str]
) -> dict[str, tuple[ClassReport, Release, ClassFigures]]:
    """Class to its newest report, absent without one."""
    if not class_ids:
        return {}
    order = (ClassReport.as_of.desc(), ClassReport.id.desc())
    place = func.row_number().over(partition_by=ClassReport.class_id, order_by=order)
    ranked = select(ClassReport.id, place.label("place")).where(ClassReport.class_id.in_(class_ids))
    every = ranked.subquery()
    rows = session.execute(
        select(ClassReport, Release)
        .join(Release, Release.id == ClassReport.release_id)
        .where(ClassReport.id.in_(select(every.c.id).where(every.c.place == 1)))
    )
    return {
        report.class_id: (report, release, ClassFigures.model_validate(report.figures))
        for report, release in rows
    }


def earlier(session: Session, shown: Shown, limit: int = 5) -> list[Earlier]:
    """What the same class was told before, newest first; other federations predict other things, so none of theirs."""
    newest, release = shown.report, shown.release
    if newest is None or release is None:
        return []
    before = or_(
        ClassReport.as_of < newest.as_of,
        and_(ClassReport.as_of == newest.as_of, ClassReport.id < newest.id),
    )
    rows = session.execute(
        select(ClassReport, Release)
        .join(Release, Release.id == ClassReport.release_id)
        .where(
            ClassReport.class_id == newest.class_id,
            Release.federation_id == release.federation_id,
            before,
        )
        .order_by(ClassReport.as_of.desc(), ClassReport.id.desc())
        .limit(limit)
    )
    return [Earlier(r, of, ClassFigures.model_validate(r.figures)) for r, of in rows]


def classes_of(session: Session, report_ids: set[str]) -> dict[str, str]:
    """Report to class, for naming what an event is about: the figures are for the class's instructors only."""
    rows = session.execute(
        select(ClassReport.id, ClassReport.class_id).where(ClassReport.id.in_(report_ids))
    )
    return dict(rows.all())


def of_release(session: Session, class_id: str, release_id: str) -> ClassReport | None:
    return session.scalars(
        select(ClassReport).where(
            ClassReport.class_id == class_id, ClassReport.release_id == release_id
        )
    ).first()


def viewers(session: Session, report: ClassReport) -> list[Viewer]:
    """Who looked at it, newest first. Erased people have no name."""
    rows = session.execute(
        select(ReportView, Person.name)
        .outerjoin(Person, Person.id == ReportView.person_id)
        .where(ReportView.report_id == report.id)
        .order_by(ReportView.at.desc())
    ).all()
    return [Viewer(name or "", view) for view, name in rows]


def feedback_on(session: Session, report: ClassReport) -> list[Said]:
    """What its instructors said of it, newest first; whoever holds the report may read them."""
    return _said(session, ClassReport.id == report.id)


def feedback_for(session: Session, actor: Actor, class_id: str) -> list[Said]:
    """What instructors said of any report of a class, newest first, without the reports. NotFound, NotAllowed."""
    row = institutions.class_for(session, actor, Permission.FEEDBACK_READ, class_id)
    return _said(session, ClassReport.class_id == row.id)


def _said(session: Session, of: ColumnElement[bool]) -> list[Said]:
    rows = session.execute(
        select(ReportFeedback, Person.name, Release.number)
        .join(ClassReport, ClassReport.id == ReportFeedback.report_id)
        .join(Release, Release.id == ClassReport.release_id)
        .outerjoin(Person, Person.id == ReportFeedback.person_id)
        .where(of)
        .order_by(ReportFeedback.at.desc(), ReportFeedback.id.desc())
    )
    return [Said(name or "", feedback, number) for feedback, name, number in rows]


def feedback_of(session: Session, report_id: str, person_id: str) -> ReportFeedback | None:
    return session.scalars(
        select(ReportFeedback).where(
            ReportFeedback.report_id == report_id, ReportFeedback.person_id == person_id
        )
    ).first()


def confirmed_classes(session: Session, site: Site) -> Sequence[SchoolClass]:
    """Confirmed classes of the site's institution that this site named, or that a person added by hand."""
    return session.scalars(
        select(SchoolClass)
        .where(
            SchoolClass.institution_id == site.institution_id,
            or_(SchoolClass.offered_by == site.id, SchoolClass.offered_by.is_(None)),
            SchoolClass.confirmed.is_not(None),
        )
        .order_by(SchoolClass.term, SchoolClass.code)
    ).all()


def report_jobs(session: Session, run_id: str) -> Sequence[Job]:
    return session.scalars(
        select(Job).where(Job.run_id == run_id, Job.kind == JobKind.REPORT)
    ).all()


def releases_with_new_classes(session: Session) -> Sequence[str]:
    """Current releases after which a class was confirmed: the sites may not have been asked about it."""
    newer = (
        select(SchoolClass.id)
        .join(Membership, Membership.institution_id == SchoolClass.institution_id)
        .where(
            Membership.federation_id == Release.federation_id,
            SchoolClass.confirmed > Release.created,
            SchoolClass.id.not_in(
                select(ClassReport.class_id).where(ClassReport.release_id == Release.id)
            ),
        )
        .exists()
    )
    return session.scalars(
        select(Release.id).where(Release.current.is_(True), newer).order_by(Release.id)
    ).all()
