"""Runs: proposed and led by the lead's institution, watched by every member. Officers approve in the browser."""

from datetime import datetime
from typing import Annotated

from fastapi import Query, Response

from app.access.permissions import Permission
from app.clock import now
from app.federations import compatibility
from app.federations import queries as federations
from app.runs import listing, queries, service, words
from app.runs.forecast import Fits, Forecast, forecast
from app.runs.models import Run
from app.runs.progress import progress
from app.runs.schemas import Plan
from app.runs.states import RunState
from app.runs.views import ApprovalView, Progress, Series
from app.web.api.answers import Id, Page, Told, Windowed, at, only, page
from app.web.api.caller import Caller, Calling, api_router, creates, takes
from app.web.api.examples import Proposed
from worker.protocol.tasks import Metric

router = api_router("runs")
InState = Annotated[RunState | None, only("In this state.")]


class RunTold(Told):
    """`plan` is frozen and `plan_digest` is what institutions approve. `reason` is a sentence, empty when all is well.

    `reference`: central training's figure by task, only where the records are simulated.
    """

    id: str
    federation: str
    number: int
    state: RunState
    reason: str
    pause_asked: bool
    plan: Plan
    plan_digest: str
    created: datetime
    started: datetime | None
    ended: datetime | None
    changed: datetime
    reference: dict[str, float] | None


def _told(row: Run) -> RunTold:
    return RunTold(
        id=row.id,
        federation=row.federation_id,
        number=row.number,
        state=row.state,
        reason=words.reason(row.reason),
        pause_asked=row.pause_asked,
        plan=queries.plan_of(row),
        plan_digest=row.plan_digest,
        created=row.created,
        started=row.started,
        ended=row.ended,
        changed=row.changed,
        reference=row.reference,
    )


class SiteForecastTold(Told):
    """Seconds and bytes of one round; null before the site's first update. `open_least_s` and `open_most_s`: its open
    hours before a round's deadline, for the worst and the best start of a round."""

    site: str
    institution: str
    open_least_s: float
    open_most_s: float
    work_s: float | None
    bytes_up: int | None
    fits: Fits


class ForecastTold(Told):
    """Ready sites of the members whose policy allows it; `bytes_up` is what an update has weighed, in the middle."""

    deadline_s: int
    bytes_up: int | None
    sites: list[SiteForecastTold]


def _forecast(found: Forecast) -> ForecastTold:
    return ForecastTold(
        deadline_s=found.deadline_s,
        bytes_up=found.bytes_up,
        sites=[
            SiteForecastTold(
                site=one.site.id,
                institution=one.institution.id,
                open_least_s=one.least_s,
                open_most_s=one.most_s,
                work_s=one.work_s,
                bytes_up=one.bytes_up,
                fits=one.fits,
            )
            for one in found.sites
        ],
    )


def _led(call: Caller, run: str) -> Run:
    return queries.get(call.session, call.actor.unheld, Permission.RUN_LEAD, run)


def _progress(call: Caller, run: str) -> Progress:
    row = queries.get(call.session, call.actor, Permission.RUN_READ, run)
    recent = call.hub.settings.seen_recently_s
    return progress(call.session, row, call.actor, seen_recently_s=recent)


@router.get("/runs", **takes(Permission.RUN_READ))
def list_runs(
    call: Calling,
    window: Windowed,
    state: InState = None,
    federation: Annotated[str | None, only("Of the federation with this id.")] = None,
) -> Page[RunTold]:
    """Of every federation your institution is in; newest first."""
    wanted = listing.Filter(state, federation)
    return page(listing.runs(call.session, call.actor, wanted, window.cut), _told)


@router.get("/federations/{federation}/runs", **takes(Permission.RUN_READ))
def list_federation_runs(
    call: Calling, federation: Id, window: Windowed, state: InState = None
) -> Page[RunTold]:
    """Newest first."""
    row = federations.get(call.session, call.actor, Permission.RUN_READ, federation)
    wanted = listing.Filter(state, row.id)
    return page(listing.runs(call.session, call.actor, wanted, window.cut), _told)


@router.post("/federations/{federation}/runs", **creates(Permission.RUN_LEAD))
def propose_run(call: Calling, response: Response, federation: Id, proposal: Proposed) -> RunTold:
    """Freezes the plan and asks the institutions whose policy wants approval at the hub. What is left out follows
    the federation's terms; only stricter than the terms is possible."""
    row = federations.get(call.session, call.actor, Permission.RUN_LEAD, federation)
    made = service.propose(call.session, call.actor, row, proposal)
    at(response, f"/runs/{made.id}")
    return _told(made)


@router.get("/federations/{federation}/forecast", **takes(Permission.RUN_LEAD))
def get_forecast(
    call: Calling,
    federation: Id,
    deadline_s: Annotated[
        int | None,
        Query(
            ge=5,
            le=14 * 24 * 3600,
            description="Seconds a round may take; the terms' own when left out.",
        ),
    ] = None,
) -> ForecastTold:
    """For the lead, before a run is proposed: what a round takes of each site, and whether its hours leave the time."""
    row = federations.get(call.session, call.actor, Permission.RUN_LEAD, federation)
    matrix = compatibility.matrix(call.session, row, call.actor, active=True)
    within = deadline_s or federations.terms(row).deadline_s
    return _forecast(forecast(call.session, row, matrix, within, now()))


@router.get("/runs/{run}", **takes(Permission.RUN_READ))
def get_run(call: Calling, run: Id) -> RunTold:
    """State and frozen plan."""
    return _told(queries.get(call.session, call.actor, Permission.RUN_READ, run))


@router.get("/runs/{run}/progress", **takes(Permission.RUN_READ))
def get_progress(call: Calling, run: Id) -> Progress:
    """Everything the run's page shows, as old as `as_of`. What you may not see is null. Ask again while it runs."""
    return _progress(call, run)


@router.get("/runs/{run}/approvals", **takes(Permission.RUN_READ))
def list_approvals(
    call: Calling,
    run: Id,
    window: Windowed,
    answered: Annotated[bool | None, only("Answered, or still waiting.")] = None,
) -> Page[ApprovalView]:
    """Who was asked and has answered. What they said, for the institution itself and the lead."""
    fitting = [a for a in _progress(call, run).approvals if answered in (None, a.answered)]
    return window.page(fitting, lambda a: (a.institution,), lambda a: a)


@router.get("/runs/{run}/measurements", **takes(Permission.RUN_READ))
def list_measurements(
    call: Calling,
    run: Id,
    window: Windowed,
    metric: Annotated[Metric | None, only("Judged by this metric.")] = None,
) -> Page[Series]:
    """By task: the shared model round by round, your own site's figures, each site alone, the simple rule."""
    fitting = [s for s in _progress(call, run).series if metric in (None, s.metric)]
    return window.page(fitting, lambda s: (s.task,), lambda s: s)


@router.post("/runs/{run}/start", **takes(Permission.RUN_LEAD))
def start_run(call: Calling, run: Id) -> RunTold:
    """Before everyone answered, with enough approvals for the quorum."""
    return _told(service.start(call.session, call.actor, _led(call, run)))


@router.post("/runs/{run}/pause", **takes(Permission.RUN_LEAD))
def pause_run(call: Calling, run: Id) -> RunTold:
    """After the round that is open now; at once when none is."""
    return _told(service.pause(call.session, call.actor, _led(call, run)))


@router.post("/runs/{run}/resume", **takes(Permission.RUN_LEAD))
def resume_run(call: Calling, run: Id) -> RunTold:
    """Goes on with the next round, or takes back a pause that was only asked for."""
    return _told(service.resume(call.session, call.actor, _led(call, run)))


@router.post("/runs/{run}/cancel", **takes(Permission.RUN_LEAD))
def cancel_run(call: Calling, run: Id) -> RunTold:
    """For good. Nothing of the open round is kept."""
    return _told(service.cancel(call.session, call.actor, _led(call, run)))
