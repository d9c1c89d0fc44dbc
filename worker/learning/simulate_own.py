"""The sites' own models of a simulated run: made after the last round, as the personal job makes them live."""

from collections.abc import Mapping

from worker.learning import local
from worker.learning.data.records import SiteData
from worker.learning.simulate import Folders, Plan, State, manifest, places
from worker.protocol.codes import JobKind
from worker.protocol.update import MetricsAnswer


def personal(
    plan: Plan, state: State, sites: Mapping[str, SiteData], folders: Folders
) -> dict[str, MetricsAnswer]:
    """Each site's choice, and what it did. `simulate.judged` with the site's name judges with the model chosen."""
    return {
        site: local.personal(
            manifest(plan, site, plan.rounds, {}, JobKind.PERSONAL),
            state.at(site),
            data,
            own_dir=folders.work / site / "personal",
            **places(folders, site),
        )
        for site, data in sorted(sites.items())
    }
