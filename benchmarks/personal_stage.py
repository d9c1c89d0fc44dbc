"""The federation of `benchmarks.ou`, trained, with every course's records laid out: what own models are made from."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks import ou
from worker.learning import in_use, simulate
from worker.learning.evaluate.quality import Judged
from worker.learning.in_use import InUse
from worker.learning.model.network import Network
from worker.learning.own import Modules
from worker.learning.training import held_out
from worker.learning.training.batches import Source
from worker.learning.training.desk import Desk, laid
from worker.protocol.codes import JobKind


@dataclass(frozen=True)
class Stage:
    """`desks`: by course. `plan` has each site make a model of its own."""

    case: ou.Case
    plan: simulate.Plan
    folders: simulate.Folders
    end: simulate.State
    desks: Mapping[str, Desk]

    def source(self, site: str) -> Source:
        (found,) = self.desks[site].sources
        return found

    def in_use(self, site: str) -> InUse:
        """As the personal job at the site finds it."""
        given = simulate.places(self.folders, site)
        own = in_use.Places(given["cache_dir"], self.folders.work / site / "personal")
        wanted = simulate.manifest(self.plan, site, self.plan.rounds, {}, JobKind.PERSONAL)
        data = self.case.sites[site]
        return in_use.find(
            wanted, self.desks[site], self.end.at(site), data, own, given["on_progress"]
        )

    def said(self, site: str, network: Network, split: str) -> Judged:
        return in_use.said(network, self.source(site), split, silent)

    def loss(self, site: str, modules: Modules) -> float:
        """On the validation split."""
        desk = self.desks[site]
        return held_out.loss(desk.network(modules), desk.sources, held_out.rows(desk.sources))


@contextmanager
def staged(source: Path, day: int, seed: int, work: Path) -> Iterator[Stage]:
    case = ou.prepare(source, day, seed, work / "folders")
    plan = simulate.Plan(
        tasks=(case.sheet,),
        model=ou.MODEL.model_copy(update={"seed": seed}),
        training=ou.TRAINING,
        rounds=ou.ROUNDS,
        seed=seed,
    )
    folders = simulate.Folders(work / "run")
    end = simulate.run(plan, case.sites, folders, measure=lambda number: False).end
    own = replace(plan, training=ou.TRAINING.model_copy(update={"personal": "chosen"}))
    with ExitStack() as stack:
        desks = {
            site: stack.enter_context(
                laid(plan.model, plan.tasks, data, **simulate.places(folders, site))
            )
            for site, data in sorted(case.sites.items())
        }
        yield Stage(case, own, folders, end, desks)


def silent(phase: object, step: int, steps: int) -> None:
    """A benchmark tells its own progress."""
