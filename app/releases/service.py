"""Publishing what a run made, switching sites to it, and going back to an older one."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.errors import Conflict
from app.federations.models import Federation
from app.ids import new_id
from app.releases import queries
from app.releases.models import Release
from app.runs import eligibility, manifests, tallies
from app.runs import queries as run_queries
from app.runs.eligibility import Survey
from app.runs.models import Run
from app.runs.states import RoundState, RunState
from app.text import _
from worker.protocol.codes import JobKind
from worker.protocol.signatures import PrivateKey

TIME_TO_SWITCH = timedelta(days=14)
ANY_TIME_S = 366 * 24 * 3600
"""A release waits for sites that are offline now."""


def publish(session: Session, run: Run) -> Release:
    """The model after the run's last closed round becomes the federation's newest and current release.

    Twice publishes once.
    """
    known = queries.of_run(session, run.id)
    if known is not None:
        return known
    if run.state is not RunState.COMPLETED:
        raise Conflict(_("Only a completed run can be released."), state=run.state.value)
    closed = [r for r in run_queries.rounds(session, run.id) if r.state is RoundState.CLOSED]
    states = run_queries.states_after(session, run.id, closed[-1].number)
    _none_current(session, run.federation_id)
    release = Release(
        id=new_id("release"),
        federation_id=run.federation_id,
        number=queries.last_number(session, run.federation_id) + 1,
        run_id=run.id,
        modules={name: state.digest for name, state in states.items()},
        current=True,
        created=now(),
    )
    session.add(release)
    session.flush()
    federation = run_queries.federation_of(session, run)
    body = {"federation": federation.id, "run": run.id, "number": release.number}
    record(
        session,
        "hub",
        kinds.RELEASE_PUBLISHED,
        chain=federation.lead_id,
        subject=release.id,
        body=body,
    )
    after_commit(session, Ring(f"federation:{federation.id}"))
    return release


def current(session: Session, federation: Federation) -> Release | None:
    """The one in use."""
    return queries.current(session, federation.id)


def roll_back(session: Session, actor: Actor, release: Release, hub_key: PrivateKey) -> Release:
    """Makes an older release current again and tells the sites. Nothing is deleted."""
    federation = run_queries.federation_of(session, _run(session, release))
    require(actor, Permission.RUN_LEAD, federation.lead_id)
    fresh(actor)
    before = queries.current(session, federation.id)
    if before is not None and before.id == release.id:
        raise Conflict(_("This release is in use already."))
    _none_current(session, federation.id)
    release.current = True
    session.flush()
    body = {
        "federation": federation.id,
        "from_release": None if before is None else before.id,
        "number": release.number,
    }
    record(
        session,
        actor.id,
        kinds.RELEASE_ROLLED_BACK,
        chain=federation.lead_id,
        subject=release.id,
        body=body,
    )
    switch(session, hub_key, release, again=True)
    after_commit(session, Ring(f"federation:{federation.id}"))
    return release


def switch(session: Session, hub_key: PrivateKey, release: Release, *, again: bool = False) -> int:
    """One job per site whose policy allows the run; returns how many were posted. Without `again`, a site that was
    told before is not told twice."""
    run = _run(session, release)
    told = set() if again else tallies.asked(session, run.id, JobKind.SWITCH_RELEASE)
    at = now()
    found = eligibility.survey(session, run, at, ANY_TIME_S)
    occasion = occasion_of(session, run, found)
    wanted = [c for c in found.eligible if c.site.id not in told]
    for candidate in wanted:
        manifests.post(
            session,
            hub_key,
            occasion,
            candidate,
            JobKind.SWITCH_RELEASE,
            release=release.id,
        )
    return len(wanted)


def occasion_of(session: Session, run: Run, found: Survey) -> manifests.Occasion:
    """For jobs about the finished model of a run."""
    closed = [r for r in run_queries.rounds(session, run.id) if r.state is RoundState.CLOSED]
    number = closed[-1].number
    at = now()
    return manifests.Occasion(
        run,
        run_queries.plan_of(run),
        number,
        run_queries.states_after(session, run.id, number),
        found.cohort,
        at,
        at + TIME_TO_SWITCH,
        countries=found.countries,
    )


def _run(session: Session, release: Release) -> Run:
    run = run_queries.by_id(session, release.run_id)
    assert run is not None
    return run


def _none_current(session: Session, federation_id: str) -> None:
    session.flush()
    session.execute(
        update(Release)
        .where(Release.federation_id == federation_id)
        .values(current=False)
        .execution_options(synchronize_session="fetch")
    )
