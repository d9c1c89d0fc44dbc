"""The schools of the busy hub, their classes, and a report for each class of the newest release it is in."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.clock import now
from app.ids import new_id
from app.institutions import service as institutions
from app.institutions.models import SchoolClass
from app.releases import queries as release_queries
from app.reports.models import ClassReport
from tests.runs.making import SHEET
from worker.protocol.signatures import PrivateKey
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassTask

CLASSES = 5
"""Of each institution; its instructor teaches all of them."""


@dataclass(frozen=True)
class School:
    """One institution, its people and its sites with their keys."""

    id: str
    administrator: Actor
    officer: Actor
    instructor: Actor
    sites: dict[str, PrivateKey]


def classes(session: Session, school: School) -> list[str]:
    made = []
    for number in range(CLASSES):
        row = institutions.add_class(
            session, school.administrator, school.id, "Autumn 2026", f"BIO-10{number}", "Biology"
        )
        institutions.assign(session, school.administrator, row.id, school.instructor.person)
        made.append(row.id)
    return made


def reports(session: Session, classes: list[str], groups: dict[str, list[School]]) -> None:
    """Of each federation's newest release, for every class of its members."""
    for federation, members in groups.items():
        release = release_queries.current(session, federation)
        assert release is not None
        homes = {s.id: next(iter(s.sites)) for s in members}
        for class_id in classes:
            row = session.get_one(SchoolClass, class_id)
            if row.institution_id in homes:
                session.add(_report(row, release.id, homes[row.institution_id]))


def _report(row: SchoolClass, release: str, site: str) -> ClassReport:
    points = [(0.1, 0.1), (0.3, 0.35), (0.5, 0.45), (0.7, 0.75), (0.9, 0.9)]
    task = ClassTask(
        task=SHEET.name,
        metric="auc",
        shared=0.79,
        local=0.78,
        rule=0.7,
        shared_interval=(0.72, 0.86),
        predicted_mean=0.3,
        observed_mean=0.33,
        curve=tuple(CalibrationPoint(predicted=p, observed=o, records=12) for p, o in points),
        missing={},
    )
    figures = ClassFigures(code=row.code, term=row.term, records=60, tasks=(task,))
    return ClassReport(
        id=new_id("report"),
        class_id=row.id,
        release_id=release,
        site_id=site,
        figures=figures.model_dump(mode="json"),
        minimum_cell=10,
        as_of=now(),
    )
