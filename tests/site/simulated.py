"""The run of a live stage once more, in one process and undisturbed: both must end with the same bytes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.runs import queries
from app.runs.models import Run
from app.runs.schemas import Plan
from tests.site.stage import Stage
from worker.learning import simulate
from worker.learning.data.folder import load
from worker.learning.data.records import SiteData
from worker.protocol.tasks import TaskSheet
from worker.site import accepted
from worker.site.home import Home


def plan_of(live: Stage, run: str) -> Plan:
    with live.world.hub.db.reading() as session:
        return queries.plan_of(session.get_one(Run, run))


def result(
    live: Stage,
    run: str,
    *,
    ranks: Mapping[str, int] | None = None,
    models: Mapping[str, Path] | None = None,
    training: Mapping[str, object] | None = None,
    measured: int = 0,
    **more: Any,
) -> simulate.Result:
    """With the records of every site of the stage. `ranks`: of sites that train fewer than the model has; `models`:
    modality to the folder of its base model; `training`: what is changed of it; `measured`: the one round after which
    sites evaluate, 0 none."""
    plan = plan_of(live, run)
    wanted = simulate.Plan(
        tasks=plan.sheets,
        model=plan.model,
        training=plan.training.model_copy(update=training),
        rounds=plan.rounds,
        seed=plan.seed,
        minimum_sites=plan.minimum_sites,
        minimum_cell=plan.minimum_cell,
        ranks=ranks or {},
        counts_stay=frozenset(site for site, home in live.homes.items() if keeps_counts(home)),
    )
    given = {site: records(home, wanted.tasks) for site, home in live.homes.items()}
    folders = simulate.Folders(live.folder / "simulated", **(models or {}))
    return simulate.run(wanted, given, folders, measure=lambda number: number == measured, **more)


def records(home: Home, tasks: Sequence[TaskSheet]) -> SiteData:
    folder = home.config().data
    assert folder is not None
    return load(folder, tasks, pseudonym_key=home.keys().pseudonym)


def keeps_counts(home: Home) -> bool:
    policy = accepted.current(home)
    assert policy is not None
    return not policy.document.leaves.counts


def digests(live: Stage, run: str, **more: Any) -> dict[str, str]:
    """Of every module after the last round."""
    return result(live, run, **more).rounds[-1].digests
