"""The jobs beside training: the references at each site, the shared model on its hold-out records, and its own one."""

from datetime import timedelta

from sqlalchemy.orm import Session

from app.clock import now
from app.runs import eligibility, manifests, queries, tallies
from app.runs.eligibility import Candidate, Survey
from app.runs.manifests import Seeds
from app.runs.models import Round, Run
from app.runs.schemas import Plan
from app.sites import leases
from app.sites.models import Job
from app.sites.states import JobState
from worker.protocol.codes import JobKind
from worker.protocol.signatures import PrivateKey

TIME_TO_ANSWER = timedelta(days=2)


def post_baselines(
    session: Session, hub_key: PrivateKey, run: Run, plan: Plan, found: Survey, seeds: Seeds
) -> None:
    """Once per site and run, posted after the site's first training job so that no round waits for it."""
    asked = tallies.asked(session, run.id, JobKind.BASELINE)
    wanted = [c for c in found.eligible if _measures(plan, c) and c.site.id not in asked]
    if not wanted:
        return
    at = now()
    base = queries.states_after(session, run.id, 0)
    occasion = manifests.Occasion(
        run, plan, 0, base, found.cohort, at, at + TIME_TO_ANSWER, countries=found.countries
    )
    for candidate in wanted:
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.BASELINE,
            training=plan.training.model_copy(
                update={"seed": seeds(plan.seed, 0, candidate.site.id)}
            ),
        )


def post_evaluation(
    session: Session, hub_key: PrivateKey, run: Run, round_: Round, seen_recently_s: int
) -> int:
    """One per site that may send metrics, of the model as it stands after this round. Twice counts once."""
    plan = queries.plan_of(run)
    if "metrics" not in plan.leaves or not _evaluates(plan, round_.number):
        return 0
    asked = tallies.asked(session, run.id, JobKind.EVALUATE, round_.id)
    at = now()
    found = eligibility.survey(session, run, at, seen_recently_s)
    base = queries.states_after(session, run.id, round_.number)
    occasion = manifests.Occasion(
        run,
        plan,
        round_.number,
        base,
        found.cohort,
        at,
        at + TIME_TO_ANSWER,
        round_.id,
        found.countries,
    )
    wanted = [c for c in found.eligible if _measures(plan, c) and c.site.id not in asked]
    for candidate in wanted:
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.EVALUATE,
        )
    return len(wanted)


def post_personal(
    session: Session, hub_key: PrivateKey, occasion: manifests.Occasion, found: Survey, seeds: Seeds
) -> int:
    """Once per site, of the run's finished model, where its terms have sites make one of their own.

    A site whose policy keeps metrics at home makes its model too, and says nothing of it.
    """
    run, plan = occasion.run, occasion.plan
    if plan.training.personal is None:
        return 0
    asked = tallies.asked(session, run.id, JobKind.PERSONAL)
    wanted = [c for c in found.eligible if c.site.id not in asked]
    for candidate in wanted:
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.PERSONAL,
            training=plan.training.model_copy(
                update={"seed": seeds(plan.seed, 0, candidate.site.id)}
            ),
            metrics=_measures(plan, candidate),
        )
    return len(wanted)


def withdraw(session: Session, job: Job) -> None:
    """A waiting job ends now; a held one when its site renews, gives it back, or goes silent."""
    if job.state is JobState.WAITING:
        leases.end(session, job, JobState.CANCELLED)
    else:
        job.cancel_asked = True
        session.flush()


def _evaluates(plan: Plan, number: int) -> bool:
    return number % plan.evaluate_every == 0 or number == plan.rounds


def _measures(plan: Plan, candidate: Candidate) -> bool:
    return "metrics" in plan.leaves and candidate.policy.leaves.metrics
