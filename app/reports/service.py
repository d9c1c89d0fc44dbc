"""Asking sites for class reports, storing what they let out, and showing it to the class's instructor only."""

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.ids import new_id
from app.policies import queries as policies
from app.releases import service as releases
from app.releases.models import Release
from app.reports import queries
from app.reports.cells import suppressed
from app.reports.models import ClassReport, ReportView
from app.reports.queries import Shown
from app.runs import eligibility, manifests
from app.runs import queries as run_queries
from app.runs.manifests import Seeds
from app.runs.models import Run
from app.sites import queries as site_queries
from app.sites.models import Job, Site
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Manifest
from worker.protocol.signatures import PrivateKey
from worker.protocol.update import ClassFigures, ReportAnswer


def ask(session: Session, hub_key: PrivateKey, run: Run, release: Release, seeds: Seeds) -> int:
    """One job per site with confirmed classes it was not asked about yet, if its policy lets class reports out.

    The seed is that of training alone, so a site that answered its baseline job need not train again.
    """
    plan = run_queries.plan_of(run)
    if "class_reports" not in plan.leaves:
        return 0
    asked = _asked(session, run)
    found = eligibility.survey(session, run, now(), releases.ANY_TIME_S)
    occasion = releases.occasion_of(session, run, found)
    posted = 0
    for candidate in found.eligible:
        site = candidate.site
        if not candidate.policy.leaves.class_reports:
            continue
        known = {c.code for c in queries.confirmed_classes(session, site)}
        codes = sorted(known - asked.get(site.id, set()))
        if not codes:
            continue
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.REPORT,
            training=plan.training.model_copy(update={"seed": seeds(plan.seed, 0, site.id)}),
            classes=tuple(codes),
            release=release.id,
        )
        posted += 1
    return posted


def _asked(session: Session, run: Run) -> dict[str, set[str]]:
    """Site to the class codes it was asked about."""
    asked: dict[str, set[str]] = {}
    for job in queries.report_jobs(session, run.id):
        codes = Manifest.model_validate_json(job.manifest["payload"]).classes
        asked.setdefault(job.site_id, set()).update(codes)
    return asked


def receive(session: Session, job: Job, answer: ReportAnswer) -> int:
    """Stores the figures of confirmed classes of the site's own institution, small cells taken out once more.

    The first report of a class and release stands: a second one changes nothing. Returns how many were new.
    """
    manifest = Manifest.model_validate_json(job.manifest["payload"])
    site = site_queries.by_id(session, job.site_id)
    if job.kind is not JobKind.REPORT or site is None or manifest.release is None:
        return 0
    known = {(c.code, c.term): c.id for c in queries.confirmed_classes(session, site)}
    stored = 0
    for figures in answer.classes:
        class_id = known.get((figures.code, figures.term))
        if class_id is None or figures.code not in manifest.classes:
            continue
        stored += _store(session, site, manifest, class_id, figures)
    return stored


def _store(
    session: Session, site: Site, manifest: Manifest, class_id: str, figures: ClassFigures
) -> int:
    assert manifest.release is not None
    if queries.of_release(session, class_id, manifest.release) is not None:
        return 0
    policy = policies.current(session, site.institution_id)
    gaps = policy is not None and policies.document(policy).leaves.group_gaps
    clean = suppressed(figures, manifest.minimum_cell, manifest.tasks, gaps=gaps)
    report = ClassReport(
        id=new_id("report"),
        class_id=class_id,
        release_id=manifest.release,
        site_id=site.id,
        figures=clean.model_dump(mode="json"),
        minimum_cell=manifest.minimum_cell,
        as_of=now(),
    )
    session.add(report)
    session.flush()
    record(
        session,
        site.id,
        kinds.REPORT_RECEIVED,
        chain=site.institution_id,
        subject=report.id,
        body={"site": site.id, "release": manifest.release, "count": len(clean.tasks)},
    )
    after_commit(session, Ring(f"institution:{site.institution_id}"))
    return 1


def view(session: Session, actor: Actor, class_id: str) -> Shown:
    """The newest report of a class this person teaches, and a line that they looked. NotFound for anyone else."""
    shown = queries.get(session, actor, class_id)
    if shown.report is None:
        return shown
    session.add(
        ReportView(id=new_id("view"), report_id=shown.report.id, person_id=actor.person, at=now())
    )
    session.flush()
    record(
        session,
        actor.id,
        kinds.REPORT_VIEWED,
        chain=shown.school_class.institution_id,
        subject=shown.report.id,
        body={"person": actor.person},
    )
    return shown
