"""The sites of the crash benchmark: real enrolled folders, real `collegium-site run` processes, made-up records."""

from contextlib import ExitStack

from app.federations.schemas import Terms
from app.hub import hub_key
from app.runs import queries
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.settings import Settings
from benchmarks.crash_hub import KilledHub
from tests.runs import world as worlds
from tests.site import homes
from tests.site.stage import running
from worker.learning import simulate
from worker.learning.data.folder import load
from worker.protocol.manifest import Training
from worker.site import accepted
from worker.site.home import Home


class Campus:
    """`with Campus(...)` proposes the run, starts the hub and every site; `run` is the run's id."""

    def __init__(self, hub: KilledHub, count: int, rounds: int) -> None:
        self._hub = hub
        self._count = count
        self._terms = Terms(
            rounds=rounds,
            quorum=count,
            minimum_sites=count,
            deadline_s=3600,
            evaluate_every=rounds,
            leaves=("updates", "metrics"),
            training=Training(epochs=3, batch=16),
        )
        self._homes: dict[str, Home] = {}
        self._stack = ExitStack()
        self.run = ""

    def __enter__(self) -> "Campus":
        world = worlds.make(self._hub.database, self._hub.home, self._count, self._terms)
        secret = self._hub.environment["SECRET_KEY"]
        settings = Settings(environment="development", home=self._hub.home, SECRET_KEY=secret)
        key = hub_key(settings).public
        for number, member in enumerate(world.members):
            folder = self._hub.home / "sites" / member.site
            self._homes[member.site] = homes.make(
                folder,
                url=self._hub.url,
                site=member.site,
                institution=member.institution,
                hub_key=key,
                key=member.key,
                policy=worlds.POLICY,
                data=homes.records(folder / "records", 90, number + 1),
            )
        self.run = worlds.propose(world, Proposal())
        terms = worlds.terms_of(world, self.run)
        for home in self._homes.values():
            accepted.approve_run(home, self.run, terms)
        self._hub.start()
        for home in self._homes.values():
            self._stack.enter_context(running(home))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def homes(self) -> list[Home]:
        return list(self._homes.values())

    def final(self) -> dict[str, str]:
        """Module to digest after the last round, as the hub has it."""
        with self._hub.database.reading() as session:
            states = queries.states_after(session, self.run, self._terms.rounds)
            return {name: state.digest for name, state in sorted(states.items())}

    def undisturbed(self) -> dict[str, str]:
        """The same, simulated in this process with the same plan, site ids and records."""
        with self._hub.database.reading() as session:
            plan = queries.plan_of(session.get_one(Run, self.run))
        wanted = simulate.Plan(
            tasks=plan.sheets,
            model=plan.model,
            training=plan.training,
            rounds=plan.rounds,
            seed=plan.seed,
            minimum_sites=plan.minimum_sites,
            minimum_cell=plan.minimum_cell,
        )
        sites = {site: self._records(home, wanted) for site, home in self._homes.items()}
        folders = simulate.Folders(self._hub.home / "simulated")
        done = simulate.run(wanted, sites, folders, measure=lambda number: False)
        return simulate.digests(done.modules)

    @staticmethod
    def _records(home: Home, plan: simulate.Plan) -> simulate.SiteData:
        folder = home.config().data
        assert folder is not None
        return load(folder, plan.tasks, pseudonym_key=home.keys().pseudonym)
