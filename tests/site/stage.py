"""A served hub with a federation, and real site processes that work for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from app.audit.models import Event
from app.clock import now
from app.effects import Effect, Ring, Send
from app.main import create_app
from app.runs.models import Round, Run, Update
from app.runs.schemas import Proposal
from app.runs.states import RunState
from app.settings import Settings
from app.sites import inbox, service
from app.sites.models import Job, Site
from tests.door.live import serving
from tests.runs import world as runs
from tests.runs.world import POLICY, Member, World
from tests.site import homes
from worker.protocol.codes import JobKind, Lane
from worker.protocol.manifest import Manifest, Training
from worker.protocol.policy import PolicyDocument
from worker.site import accepted
from worker.site.home import Home


@dataclass
class Stage:
    """`url` is where sites believe the hub to be: itself, or something in between."""

    world: World
    url: str
    folder: Path
    lease_s: int = 60
    homes: dict[str, Home] = field(default_factory=dict)

    def home(
        self, member: Member, *, policy: PolicyDocument | None = POLICY, **fields: Any
    ) -> Home:
        """Enrolled with the member's key, its policy accepted, its records in use."""
        root = self.folder / member.site
        number = self.world.members.index(member)
        canary = fields.pop("canary", "pupil")
        count = fields.pop("records", 120)
        programmes = fields.pop("programmes", ())
        folder = self.folder / f"{member.site}-data"
        data = homes.records(folder, count, number + 1, canary, programmes)
        home = homes.make(
            root,
            url=fields.pop("url", self.url),
            site=member.site,
            institution=member.institution,
            hub_key=self.world.hub.key.public,
            key=member.key,
            policy=policy,
            data=data,
            **fields,
        )
        self.homes[member.site] = home
        return home

    def approve(self, run: str) -> None:
        for home in self.homes.values():
            accepted.approve_run(home, run, runs.terms_of(self.world, run))

    def propose(self, **training: Any) -> str:
        """A run that every enrolled site has approved; jobs come as `wait` does the hub's tasks."""
        proposal = Proposal(training=Training(**training)) if training else None
        run = runs.propose(self.world, proposal)
        self.approve(run)
        return run

    @staticmethod
    def manifest(job: Job) -> Manifest:
        return Manifest.model_validate_json(job.manifest["payload"])

    def events(self, job_id: str) -> list[str]:
        """Kinds of the audit events about one job, in order."""
        with self.world.hub.db.reading() as session:
            wanted = select(Event.kind).where(Event.subject == job_id).order_by(Event.number)
            return list(session.scalars(wanted).all())

    def updates(self, run: str, member: Member) -> list[Update]:
        with self.world.hub.db.reading() as session:
            wanted = select(Update).join(Round, Round.id == Update.round_id)
            mine = wanted.where(Round.run_id == run, Update.site_id == member.site)
            return list(session.scalars(mine).all())

    def expire(self) -> None:
        """What the sweep does with dead leases."""
        with self.world.hub.db.session() as session:
            inbox.expire(session, now())

    def lose_lease(self, job_id: str) -> None:
        """As if the site had been away for long."""
        with self.world.hub.db.session() as session:
            session.get_one(Job, job_id).lease_until = now() - timedelta(seconds=1)
        self.expire()

    def revoke(self, member: Member) -> None:
        with self.world.hub.db.session() as session:
            site = session.get_one(Site, member.site)
            service.revoke(session, member.administrator, site)

    def ring(self, member: Member) -> None:
        """Wakes the site's polls."""
        for name in Lane:
            self.world.hub.dispatch(Ring(f"inbox:{member.site}:{name.value}"))

    def is_completed(self, run: str) -> bool:
        return self.run(run).state is RunState.COMPLETED

    def job(self, job_id: str) -> Job:
        with self.world.hub.db.reading() as session:
            return session.get_one(Job, job_id)

    def jobs(self, member: Member, kind: JobKind = JobKind.TRAIN) -> list[Job]:
        with self.world.hub.db.reading() as session:
            wanted = select(Job).where(Job.site_id == member.site, Job.kind == kind)
            return list(session.scalars(wanted.order_by(Job.created)).all())

    def posted(self, member: Member) -> list[Job]:
        """Every job of the member's site, at least one."""
        found = [job for kind in JobKind for job in self.jobs(member, kind)]
        assert found, "no job was posted"
        return found

    def run(self, run_id: str) -> Run:
        return runs.run_of(self.world, run_id)

    def wait(self, ready: Callable[[], bool], seconds: float = 60, what: str = "it") -> None:
        """Does the hub's tasks meanwhile."""
        end = time.monotonic() + seconds
        while not ready():
            self.world.work()
            if time.monotonic() > end:
                raise TimeoutError(
                    f"{what} did not come within {seconds} s\n{self.told()}\n{self.logs()}"
                )
            time.sleep(0.05)

    def told(self) -> str:
        """What the hub knows of every round and job, for an error's text."""
        with self.world.hub.db.reading() as session:
            rounds = session.scalars(select(Round).order_by(Round.number)).all()
            jobs = session.scalars(select(Job).order_by(Job.created)).all()
            lines = [f"round {r.number} {r.state} {r.reason} cohort {r.cohort}" for r in rounds]
            lines += [
                f"{j.kind} {j.site_id} {j.round_id} {j.state} {j.phase} claims {j.claim} {j.failure or j.refusal or ''}"
                for j in jobs
            ]
        return "\n".join(lines)

    def logs(self) -> str:
        return "\n".join(
            f"--- {path}\n{path.read_text(encoding='utf-8')[-3000:]}"
            for home in self.homes.values()
            for path in sorted(home.logs.glob("*.log"))
        )


@contextmanager
def stage(
    database_url: str, redis_url: str, folder: Path, count: int = 2, **settings: Any
) -> Iterator[Stage]:
    terms = replace_terms(**settings.pop("terms", {}))
    sheets = settings.pop("sheets", (settings.pop("sheet", runs.SHEET),))
    made = {name: settings.pop(name) for name in ("model",) if name in settings}
    own = {"database_url": database_url, "redis_url": redis_url, "disk_reserve_mb": 0}
    plain = Settings(environment="test", home=folder)
    application = create_app(plain.model_copy(update={**own, "secret_key": "k" * 40, **settings}))
    hub = application.state.hub
    world = runs.make(hub.db, folder, count, terms=terms, sheets=sheets, **made)
    world.hub = hub
    hub.db.dispatch = lambda effect: _dispatch(world, effect)
    with serving(application) as url:
        yield Stage(world, url, folder / "sites")


def replace_terms(**fields: Any) -> Any:
    return runs.TERMS.model_copy(update={"rounds": 1, **fields})


def _dispatch(world: World, effect: Effect) -> None:
    if isinstance(effect, Send):
        if effect not in world.sent:
            world.sent.append(effect)
    else:
        world.hub.dispatch(effect)


@contextmanager
def running(home: Home, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`collegium-site run` as a technician starts it; nothing of it is left at the end."""
    home.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "worker.site", "--home", str(home.root), "run", *arguments]
    with (home.logs / "supervisor.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment())
    try:
        yield process
    finally:
        stop(process)


@contextmanager
def lane(home: Home, name: str = "train") -> Iterator[subprocess.Popen[bytes]]:
    """One lane without its supervisor."""
    home.logs.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "worker.site.lane", name]
    with (home.logs / f"{name}.log").open("ab") as log:
        environ = environment(COLLEGIUM_SITE_HOME=str(home.root))
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ)
    try:
        yield process
    finally:
        stop(process)


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return {**kept, "OMP_NUM_THREADS": "1", **more}


def stop(process: subprocess.Popen[bytes]) -> None:
    """By SIGTERM, then by force: it and everything it started."""
    known = descendants(process.pid)
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            known += descendants(process.pid)
            process.kill()
            process.wait()
    for one in known:
        if one.is_running():
            one.kill()


def descendants(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def lane_child(process: subprocess.Popen[bytes]) -> psutil.Process:
    """The forked child of a lane."""
    children = psutil.Process(process.pid).children()
    assert len(children) == 1, children
    return children[0]
