"""The populated hub's class: taught, with a report and what its instructor said of it; and one a site named."""

from sqlalchemy.orm import Session

from app.clock import now
from app.ids import new_id
from app.institutions import service as institutions
from app.reports import feedback
from app.reports.models import ClassReport
from app.reports.states import Fitting, StepTaken
from tests.runs.world import World
from worker.protocol.codes import ClassUse
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassTask


def make(session: Session, world: World, release: str) -> dict[str, str]:
    lead = world.lead
    row = institutions.add_class(
        session, lead.administrator, lead.institution, "Autumn 2026", "BIO-101", "Cell biology"
    )
    institutions.assign(session, lead.administrator, row.id, lead.instructor.person)
    institutions.offer_classes(session, lead.institution, lead.site, [("Autumn 2026", "CHE-7")])
    points = [(0.1, 0.1), (0.3, 0.35), (0.5, 0.45), (0.7, 0.75), (0.9, 0.9)]
    task = ClassTask(
        task="pass",
        metric="auc",
        shared=0.79,
        local=0.78,
        rule=0.7,
        shared_interval=(0.72, 0.86),
        predicted_mean=0.3,
        observed_mean=0.33,
        curve=tuple(CalibrationPoint(predicted=p, observed=o, records=12) for p, o in points),
        use=ClassUse.ADAPTER,
        missing={"text": 0.2},
    )
    figures = ClassFigures(code="BIO-101", term="Autumn 2026", records=60, tasks=(task,))
    session.add(
        ClassReport(
            id=new_id("report"),
            class_id=row.id,
            release_id=release,
            site_id=lead.site,
            figures=figures.model_dump(mode="json"),
            minimum_cell=10,
            as_of=now(),
        )
    )
    session.flush()
    feedback.give(session, lead.instructor, row.id, Fitting.PARTLY, StepTaken.SUGGESTED)
    return {"class_id": row.id}
