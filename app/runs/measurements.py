"""Figures that sites let out: one per site, round, model and task, the first that comes."""

from math import isfinite

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.service import record as audit
from app.clock import now
from app.effects import Ring, after_commit
from app.ids import new_id
from app.runs import queries, tallies
from app.runs.models import Measurement
from app.runs.schemas import Plan
from app.sites import queries as site_queries
from app.sites.models import Job
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Manifest
from worker.protocol.update import MetricsAnswer, TaskMetrics

_MODELS = {
    JobKind.EVALUATE: ("shared",),
    JobKind.BASELINE: ("local", "rule"),
    JobKind.PERSONAL: ("personal",),
}
"""What each job may answer; anything else in its answer is dropped."""


def record(session: Session, job: Job, answer: MetricsAnswer) -> int:
    """Stores what fits the plan and is new; returns how many figures that were."""
    run, site = queries.by_id(session, job.run_id), site_queries.by_id(session, job.site_id)
    if run is None or site is None:
        return 0
    plan = queries.plan_of(run)
    number = Manifest.model_validate_json(job.manifest["payload"]).round
    known = tallies.measured(session, run.id, site.id)
    choices = {one.task: one for one in answer.choices}
    stored = 0
    for model in _MODELS.get(job.kind, ()):
        for figure in getattr(answer, model):
            key = (number, model, figure.task)
            choice = choices.get(figure.task) if model == "personal" else None
            if key in known or not _fits(plan, figure) or (model == "personal") != bool(choice):
                continue
            known.add(key)
            row = _row(run.id, site.id, number, model, figure)
            if choice is not None:
                row.chosen = choice.model
                row.against_shared = choice.against_shared
                row.against_alone = choice.against_alone
                row.classes = choice.classes.model_dump() if choice.classes else None
                row.students = choice.students
            session.add(row)
            stored += 1
    session.flush()
    if stored:
        body = {"site": site.id, "run": run.id, "round": number, "number": stored}
        audit(
            session,
            site.id,
            kinds.MEASURED,
            chain=site.institution_id,
            subject=job.id,
            body=body,
        )
        after_commit(session, Ring(f"run:{run.id}"))
    return stored


def _fits(plan: Plan, figure: TaskMetrics) -> bool:
    """A task and metric of this run, finite numbers, and at least a minimum cell of records."""
    sheet = next((s for s in plan.sheets if s.name == figure.task), None)
    numbers = (figure.value, figure.weight, *(figure.interval or ()))
    return (
        sheet is not None
        and sheet.metric == figure.metric
        and all(isfinite(n) for n in numbers)
        and figure.weight >= plan.minimum_cell
    )


def _row(run: str, site: str, number: int, model: str, figure: TaskMetrics) -> Measurement:
    low, high = figure.interval or (None, None)
    return Measurement(
        id=new_id("measurement"),
        run_id=run,
        site_id=site,
        round=number,
        model=model,
        task=figure.task,
        metric=figure.metric,
        value=figure.value,
        low=low,
        high=high,
        weight=figure.weight,
        at=now(),
    )
