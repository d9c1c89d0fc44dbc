"""More reports of the populated class, older than the one it has: each of a release of its own."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.releases.models import Release
from app.reports.models import ClassReport
from app.runs.models import Run
from tests.web.grown import again
from tests.web.populated import Populated
from worker.protocol.tasks import Grouping
from worker.protocol.update import ClassPart


def before(made: Populated, *changes: dict[str, Any]) -> list[str]:
    """One report for each, the first the newest of them: the task's figures with these changes. Ids of what was made,
    in the order in which it can be taken away again."""
    with made.world.hub.db.session() as session:
        newest = _newest(session, made)
        return [_one(session, newest, days, given) for days, given in enumerate(changes, 1)]


def _one(session: Session, newest: ClassReport, days: int, given: dict[str, Any]) -> str:
    release = session.get_one(Release, newest.release_id)
    run = again(session, session.get_one(Run, release.run_id), number=900 + days)
    session.flush()
    older = again(session, release, run_id=run.id, number=100 - days, current=False)
    session.flush()
    (task,) = newest.figures["tasks"]
    figures = {**newest.figures, "tasks": [{**task, **given}]}
    made = again(
        session,
        newest,
        release_id=older.id,
        figures=figures,
        as_of=newest.as_of - timedelta(days=10 * days),
    )
    return made.id


def forget(made: Populated, report_ids: list[str]) -> None:
    with made.world.hub.db.session() as session:
        for report_id in report_ids:
            report = session.get_one(ClassReport, report_id)
            release = session.get_one(Release, report.release_id)
            run = session.get_one(Run, release.run_id)
            for row in (report, release, run):
                session.delete(row)
                session.flush()


def part(value: str, difference: float | None, around: float = 2.0, **more: Any) -> ClassPart:
    given: dict[str, Any] = {"students": 20, "seen": 61.0, "expected": 62.0}
    if difference is not None:
        given |= {"low": difference - around, "high": difference + around}
    return ClassPart(value=value, difference=difference, **(given | more))


def parts(made: Populated) -> None:
    """The stored report and the plan of its run get topics, one of them hidden, and a group."""
    shares = {"seen": 0.4, "expected": 0.42}
    topics = (
        part("cells", -0.1, 0.05, **shares),
        part("cell_division", 0.05, 0.1, **shares),
        ClassPart(value="enzymes", students=None),
    )
    groups = (part("yes", -0.05, 0.1, **shares), part("no", 0.05, 0.1, **shares))
    told = {
        "topics": [one.model_dump() for one in topics],
        "groups": {FIRST.name: [one.model_dump() for one in groups]},
    }
    with made.world.hub.db.session() as session:
        row = _newest(session, made)
        (task,) = row.figures["tasks"]
        row.figures = {**row.figures, "tasks": [{**task, **told}]}
        run = session.get_one(Run, made.ids["finished"])
        (sheet,) = run.plan["sheets"]
        named = {"topic": TOPIC.model_dump(), "groups": [FIRST.model_dump()]}
        run.plan = {**run.plan, "sheets": [{**sheet, **named}]}


def _newest(session: Session, made: Populated) -> ClassReport:
    rows = session.scalars(
        select(ClassReport)
        .where(ClassReport.class_id == made.ids["class_id"])
        .order_by(ClassReport.as_of.desc())
    )
    return next(iter(rows))


TOPIC = Grouping(name="topic", values=("cells", "cell_division", "enzymes"))
FIRST = Grouping(name="first_in_family", values=("yes", "no"))

__all__ = ["FIRST", "TOPIC", "before", "forget", "part", "parts"]
