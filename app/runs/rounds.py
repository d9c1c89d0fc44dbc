"""A round's life: opened for a frozen cohort, due, closed or void. Each step may be done twice and counts once."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.ids import new_id
from app.jobs import HubTask
from app.runs import (
    approvals,
    eligibility,
    endings,
    jobs,
    late,
    manifests,
    pins,
    queries,
    words,
)
from app.runs.eligibility import Survey
from app.runs.manifests import Seeds
from app.runs.models import ModuleState, Round, Run
from app.runs.schemas import Plan
from app.runs.standings import Standing, standing
from app.runs.states import (
    ROUND_TRANSITIONS,
    FailReason,
    RoundState,
    RunState,
    VoidReason,
)
from app.sites.models import Job
from app.states import move, try_move
from worker.protocol.codes import JobKind
from worker.protocol.signatures import PrivateKey

VOID_LIMIT = 3
"""So many void rounds in a row end a run."""


class Verdict(StrEnum):
    WAIT = "wait"
    COMBINE = "combine"
    VOID_DEADLINE = VoidReason.NO_QUORUM_BY_DEADLINE.value
    VOID_NONE_LEFT = VoidReason.NO_QUORUM_LEFT.value


def due(standing: Standing, deadline: datetime, at: datetime) -> Verdict:
    """Pure: combine when all are in, or the quorum is in and the deadline over; void when no quorum can come."""
    over = at >= deadline
    if standing.awaited and not over:
        return Verdict.WAIT
    if standing.updates >= standing.quorum:
        return Verdict.COMBINE
    return Verdict.VOID_DEADLINE if over else Verdict.VOID_NONE_LEFT


def open_round(
    session: Session,
    hub_key: PrivateKey,
    run_id: str,
    *,
    seeds: Seeds,
    seen_recently_s: int,
) -> Round | None:
    """The run's open round; opened now if there is none and it may go on. None when it waits, or has ended.

    One transaction: the round, its frozen cohort and one job per site.
    """
    run = queries.locked(session, run_id)
    if run is None or run.state is not RunState.RUNNING:
        return None
    current = queries.open_round(session, run.id)
    if current is not None:
        return current
    plan = queries.plan_of(run)
    number = queries.next_number(session, run.id)
    if number > plan.rounds:
        late.end_all(session, run.id, number - 1)
        endings.finish(session, run)
        return None
    if endings.pause_if_asked(session, run):
        return None
    approvals.ask(session, run)
    at = now()
    found = eligibility.survey(session, run, at, seen_recently_s)
    if not found.enough(plan):
        _wait(session, run, plan, found)
        return None
    return _open(session, hub_key, run, plan, number, found, at, seeds)


def _open(
    session: Session,
    hub_key: PrivateKey,
    run: Run,
    plan: Plan,
    number: int,
    found: Survey,
    at: datetime,
    seeds: Seeds,
) -> Round:
    base = queries.states_after(session, run.id, number - 1)
    asked = [c.site.id for c in found.eligible]
    round_ = Round(
        id=new_id("round"),
        run_id=run.id,
        number=number,
        state=RoundState.TRAINING,
        cohort=asked,
        quorum=plan.quorum,
        base={name: state.digest for name, state in base.items()},
        opened=at,
        deadline=at + timedelta(seconds=plan.deadline_s),
    )
    session.add(round_)
    run.reason = ""
    run.changed = at
    session.flush()
    pins.pin(session, round_, found.eligible)
    late_sites = late.carry_over(session, round_, asked)
    _post(session, hub_key, run, plan, round_, base, found, seeds, late_sites)
    jobs.post_baselines(session, hub_key, run, plan, found, seeds)
    body = {
        "run": run.id,
        "number": number,
        "cohort": len(found.eligible),
        "quorum": plan.quorum,
    }
    _record(session, kinds.ROUND_OPENED, round_, body)
    return round_


def _post(
    session: Session,
    hub_key: PrivateKey,
    run: Run,
    plan: Plan,
    round_: Round,
    base: dict[str, ModuleState],
    found: Survey,
    seeds: Seeds,
    late_sites: frozenset[str],
) -> None:
    """One training job per site of the cohort that is not at work already, with the site's own seed.

    A job is good for one round's time more, because it may end late.
    """
    expires = round_.deadline + timedelta(seconds=plan.deadline_s)
    occasion = manifests.Occasion(
        run,
        plan,
        round_.number,
        base,
        found.cohort,
        round_.opened,
        expires,
        round_.id,
        found.countries,
        names={c.institution.id: c.institution.name for c in found.eligible},
    )
    for candidate in found.eligible:
        if candidate.site.id in late_sites:
            continue
        seed = seeds(plan.seed, round_.number, candidate.site.id)
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.TRAIN,
            training=plan.training.model_copy(update={"seed": seed}),
        )


def _wait(session: Session, run: Run, plan: Plan, found: Survey) -> None:
    """Says why in the run's row; the sweep asks again."""
    reason = _lack(plan, found)
    if run.reason != reason:
        run.reason = reason
        run.changed = now()
        session.flush()
        _ring(session, run.id)


def _lack(plan: Plan, found: Survey) -> str:
    """What is missing first: sites, independent institutions, or policies that accept the cohort there is."""
    if found.present < plan.quorum:
        return words.coded(words.WAITS_FOR_SITES, found.present, plan.quorum)
    if found.present_cohort < plan.minimum_cohort:
        return words.coded(words.WAITS_FOR_COHORT, found.present_cohort, plan.minimum_cohort)
    if len(found.eligible) < plan.quorum:
        return words.coded(words.WAITS_FOR_SITES, len(found.eligible), plan.quorum)
    return words.coded(words.WAITS_FOR_COHORT, found.cohort, plan.minimum_cohort)


def answered(session: Session, job: Job) -> None:
    """A site ended its job: the round may be due. Called by the door; the sweep finds what was missed."""
    if job.kind is JobKind.TRAIN and job.round_id is not None:
        consider(session, job.round_id)


def consider(session: Session, round_id: str) -> Verdict:
    """Looks whether a round in training is due, and moves it. The worker's task follows after commit."""
    round_ = queries.locked_round(session, round_id)
    if round_ is None or round_.state is not RoundState.TRAINING:
        return Verdict.WAIT
    at = now()
    stands = standing(session, round_)
    verdict = due(stands, round_.deadline, at)
    if verdict is Verdict.COMBINE:
        move(
            session,
            ROUND_TRANSITIONS,
            round_,
            Round.state,
            RoundState.AGGREGATING,
            complete=at,
        )
        body = {"run": round_.run_id, "number": round_.number, "updates": stands.updates}
        _record(session, kinds.ROUND_DUE, round_, body)
        after_commit(session, Send(HubTask.ROUND_AGGREGATE.value, (round_.id,)))
    elif verdict is not Verdict.WAIT:
        void(session, round_, VoidReason(verdict.value), stands.updates)
    return verdict


def void(session: Session, round_: Round, reason: VoidReason, have: int = 0) -> None:
    """Nothing of it is kept. The next round opens, unless too many in a row were void or the run has ended."""
    at = now()
    said = words.coded(reason.value, have, round_.quorum)
    moved = try_move(
        session,
        ROUND_TRANSITIONS,
        round_,
        Round.state,
        RoundState.VOID,
        closed=at,
        reason=said,
        owner=None,
        held_until=None,
    )
    if not moved:
        return
    late.end_unbegun(session, round_)
    body = {"run": round_.run_id, "number": round_.number, "updates": have, "reason": reason}
    _record(session, kinds.ROUND_VOID, round_, body)
    run = queries.by_id(session, round_.run_id)
    if run is None or run.state is not RunState.RUNNING:
        return
    if queries.void_in_a_row(session, run.id) >= VOID_LIMIT:
        endings.fail(session, run, FailReason.VOID_ROUNDS, VOID_LIMIT)
    else:
        after_commit(session, Send(HubTask.ROUND_OPEN.value, (run.id,)))


def close(session: Session, round_: Round, updates: int) -> bool:
    """The combined states are written: the round is over. False if it was closed before."""
    closed = try_move(
        session,
        ROUND_TRANSITIONS,
        round_,
        Round.state,
        RoundState.CLOSED,
        closed=now(),
        owner=None,
        held_until=None,
    )
    if closed:
        late.end_unbegun(session, round_)
        body = {"run": round_.run_id, "number": round_.number, "updates": updates}
        _record(session, kinds.ROUND_CLOSED, round_, body)
    return closed


def _record(session: Session, kind: Kind, round_: Round, body: dict[str, object]) -> None:
    run = queries.by_id(session, round_.run_id)
    assert run is not None
    lead = queries.federation_of(session, run).lead_id
    record(session, "hub", kind, chain=lead, subject=round_.id, body=body)
    _ring(session, round_.run_id)


def _ring(session: Session, run_id: str) -> None:
    after_commit(session, Ring(f"run:{run_id}"))
