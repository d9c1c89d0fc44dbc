"""The sites' own models of a simulated run: made after the last round, as the personal job makes them live."""

from collections.abc import Mapping

from worker.learning import local
from worker.learning.data.records import SiteData
from worker.learning.evaluate.quality import Judged
from worker.learning.simulate import Folders, Plan, State, let_out, manifest, places
from worker.protocol.codes import JobKind
from worker.protocol.update import MetricsAnswer


def personal(
    plan: Plan, state: State, sites: Mapping[str, SiteData], folders: Folders
) -> dict[str, MetricsAnswer]:
    """Each site's choice, and what it did. `judged` is of the model chosen."""
    found = {
        site: local.personal(
            manifest(plan, site, plan.rounds, {}, JobKind.PERSONAL),
            state.at(site),
            data,
            own_dir=folders.work / site / "personal",
            **places(folders, site),
        )
        for site, data in sorted(sites.items())
    }
    return let_out(plan, found)


def judged(
    plan: Plan,
    state: State,
    sites: Mapping[str, SiteData],
    folders: Folders,
    *,
    split: str = "test",
) -> dict[str, dict[str, Judged]]:
    """Site and task to labels and predictions of one split, by the model in use there."""
    return {
        site: local.predictions(
            manifest(plan, site, plan.rounds, {}, JobKind.EVALUATE),
            state.at(site),
            data,
            split=split,
            own_dir=folders.work / site / "personal",
            **places(folders, site),
        )
        for site, data in sorted(sites.items())
    }
