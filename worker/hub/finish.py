"""After a run: its release, the sites told to switch, their own models and the class reports asked for."""

from app.clock import now
from app.hub import Hub
from app.releases import queries as release_queries
from app.releases import service as releases
from app.reports import service as reports
from app.runs import eligibility, jobs, queries
from app.runs.states import RunState
from worker.learning import seeds


def finish(hub: Hub, run_id: str) -> bool:
    """Twice counts once. False when the run is not completed."""
    with hub.db.session() as session:
        run = queries.locked(session, run_id)
        if run is None or run.state is not RunState.COMPLETED:
            return False
        release = releases.publish(session, run)
        releases.switch(session, hub.key, release)
        found = eligibility.survey(session, run, now(), releases.ANY_TIME_S)
        occasion = releases.occasion_of(session, run, found)
        jobs.post_personal(session, hub.key, occasion, found, seeds.training_seed)
        reports.ask(session, hub.key, run, release, seeds.training_seed)
    return True


def ask_late(hub: Hub, release_id: str) -> None:
    """Classes confirmed after their release was published get their report too."""
    with hub.db.session() as session:
        release = release_queries.by_id(session, release_id)
        run = None if release is None else queries.by_id(session, release.run_id)
        if release is not None and run is not None:
            reports.ask(session, hub.key, run, release, seeds.training_seed)
