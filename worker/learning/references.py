"""What a federation is held against: `central`, which no federation may ever do, and `alone`, each site by itself."""

from collections.abc import Mapping

from worker.learning import local
from worker.learning.data.joining import merged
from worker.learning.data.records import SiteData
from worker.learning.own import Modules
from worker.learning.simulate import Folders, Plan, manifest, places
from worker.protocol.codes import JobKind


def alone(plan: Plan, sites: Mapping[str, SiteData], folders: Folders) -> dict[str, Modules]:
    """Each site's model trained on its own records only."""
    return {
        site: local.alone_modules(
            manifest(plan, site, 0, {}, JobKind.BASELINE), data, **places(folders, site)
        )
        for site, data in sorted(sites.items())
    }


def central(plan: Plan, sites: Mapping[str, SiteData], folders: Folders) -> Modules:
    """One model trained on all records together, as no federation may: the reference to compare with."""
    return alone(plan, {"central": merged(sites)}, folders)["central"]
