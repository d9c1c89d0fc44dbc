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


def before(made: Populated, *changes: dict[str, Any]) -> list[str]:
    """One report for each, the first the newest of them: the task's figures with these changes. Ids of what was made,
    in the order in which it can be taken away again."""
    with made.world.hub.db.session() as session:
        newest = session.scalars(
            select(ClassReport).where(ClassReport.class_id == made.ids["class_id"])
        ).one()
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


__all__ = ["before", "forget"]
