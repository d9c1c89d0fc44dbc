"""From the invitation of a site to a ready one: done by an administrator at the hub's real pages and by a technician
with the real `collegium-site` in an empty folder, over HTTP, with records checked.

A **step** is one thing one person does: sends a form, types a command, answers its question. A **command** is a step
typed at the site's computer; installing the program is one of them (it is not timed here: `benchmarks.start` does).
Signing in, reading, and preparing the data folder are no steps. `seconds` runs from the first form, which names the
site, until the hub has heard the running site and its page calls it ready; people's own pauses are not in it.
"""

import argparse
import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import app.schema  # noqa: F401  (every table is known before the first query)
import migrations
from app.access.permissions import Role
from app.db import Database
from app.demo.visitor import Visitor
from app.people.models import Person
from app.policies import service as policies
from app.settings import Settings
from app.sites.models import Site
from app.sites.states import SiteState
from benchmarks.harness import Measured, Options, digest_of_files, main, say
from benchmarks.pages_people import Browser, code, second_factor
from tests import cast, servers
from tests.runs.making import POLICY

SEED = 1
_JOIN = re.compile(r"collegium-site join \S+ --token \S+(?: --name (?:\S+|'[^']*'|\"[^\"]*\"))?")
_NAME = "Records server"


@dataclass
class Journey:
    """What was done so far, in order: who, and what. Every command is a step."""

    steps: list[tuple[str, str]] = field(default_factory=list)
    commands: int = 0

    def step(self, who: str, what: str, *, command: bool = False) -> None:
        self.steps.append((who, what))
        self.commands += command
        say(f"{len(self.steps):2} {who}: {what}")


@dataclass(frozen=True)
class Hub:
    address: str
    database: Database
    institution: str
    visitor: Visitor


def measure(options: Options) -> Measured:
    with tempfile.TemporaryDirectory(prefix="collegium-enrol-") as name, _hub(Path(name)) as hub:
        folder = _records(Path(name), options.data, options.given.set)
        journey = Journey()
        begun = time.perf_counter()
        _enrol(hub, Path(name) / "site", folder, journey)
        seconds = time.perf_counter() - begun
        files = [path for path in folder.rglob("*") if path.is_file()]
        digest = digest_of_files(files) if options.data else None
    figures = {"commands": journey.commands, "steps": len(journey.steps), "seconds": seconds}
    return Measured(figures, seeds=(SEED,), data=digest)


def _enrol(hub: Hub, home: Path, folder: Path, journey: Journey) -> None:
    sites = f"/i/{hub.institution}/sites"
    journey.step("administrator", "names the site, and copies the command the page shows")
    page = hub.visitor.send(hub.visitor.open(f"{sites}/new"), "/sites/new", {"name": _NAME})
    shown = _JOIN.search(page.text)
    if shown is None:
        raise RuntimeError(f"the page shows no command: {page.text[:500]}")
    journey.step("technician", 'pip install "collegium[site]"', command=True)
    journey.step("technician", "collegium-site join …", command=True)
    with _typed(home, *shlex.split(shown.group())[1:]) as join:
        words = _words(join)
        journey.step("administrator", "compares six words, and confirms them")
        _confirm(hub, sites, words)
        _until(join, "Accept this policy")
        journey.step("technician", "reads the policy, and accepts it")
        assert join.stdin is not None
        join.stdin.write("y\n")
        join.stdin.flush()
        _ended(join)
    for what in (("data", "check", str(folder)), ("data", "use", str(folder)), ("check",)):
        said = " ".join("FOLDER" if word == str(folder) else word for word in what)
        journey.step("technician", f"collegium-site {said}", command=True)
        with _typed(home, *what) as done:
            _ended(done)
    journey.step("technician", "collegium-site run", command=True)
    with _typed(home, "run") as running:
        _ready(hub, sites, running)


def _confirm(hub: Hub, sites: str, words: str) -> None:
    """The same words must stand on the page."""
    with hub.database.reading() as session:
        site = session.query(Site).one().id
    page = hub.visitor.open(f"{sites}/new?site={site}")
    if words not in page.text:
        raise RuntimeError(f"the page does not show the site's words: {words}")
    hub.visitor.send(page, "/confirm", {"same": "1"})


def _ready(hub: Hub, sites: str, running: "subprocess.Popen[str]") -> None:
    """Heard since it runs, and ready by the page's own word."""
    with hub.database.reading() as session:
        before = session.query(Site).one().last_seen

    def heard() -> bool:
        if running.poll() is not None:
            raise RuntimeError("the site ended before it was ready")
        with hub.database.reading() as session:
            row = session.query(Site).one()
            return row.state is SiteState.READY and row.last_seen != before

    servers.wait_until(heard, seconds=120, what="the site's word to the hub")
    page = hub.visitor.open(sites)
    if "Ready" not in page.text or "1 is well" not in page.text.replace("One", "1"):
        raise RuntimeError(f"the hub does not call the site ready: {page.text[:800]}")


@contextmanager
def _typed(home: Path, *command: str) -> "Iterator[subprocess.Popen[str]]":
    """`collegium-site …` as typed; what still runs at the end is asked to stop."""
    program = [sys.executable, "-m", "worker.site", "--home", str(home), *command]
    process = subprocess.Popen(
        program,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=60)


def _until(process: "subprocess.Popen[str]", wanted: str) -> str:
    """What it says up to and with `wanted`, which may be a question without an end of line."""
    said = ""
    assert process.stdout is not None
    while wanted not in said:
        one = process.stdout.read(1)
        if not one:
            raise RuntimeError(f"it ended without saying {wanted!r}: {said}")
        said += one
    return said


def _words(join: "subprocess.Popen[str]") -> str:
    """The line with six words, indented by four."""
    _until(join, "\n\n    ")
    return _until(join, "\n").strip()


def _ended(process: "subprocess.Popen[str]") -> None:
    said = process.stdout.read() if process.stdout else ""
    if process.wait(timeout=120):
        raise RuntimeError(f"it ended with {process.returncode}: {said}")


@contextmanager
def _hub(folder: Path) -> Iterator[Hub]:
    """`collegium-hub serve`, with a verified institution whose policy is approved, and its administrator signed in."""
    port, home = servers.free_port(), folder / "hub"
    address, url = f"http://127.0.0.1:{port}", f"sqlite:///{folder / 'hub.sqlite'}"
    migrations.upgrade(url)
    database = Database(url)
    settings = Settings(
        environment="development",
        home=home,
        public_url=address,
        SECRET_KEY=secrets.token_hex(32),
        DATABASE_URL=url,
    )
    at, mail, secret = _institution(database, settings)
    with servers.redis_server() as redis, (folder / "hub.log").open("ab") as log:
        environment = os.environ | {
            "COLLEGIUM_ENVIRONMENT": "development",
            "COLLEGIUM_HOME": str(home),
            "COLLEGIUM_PUBLIC_URL": address,
            "DATABASE_URL": url,
            "REDIS_URL": redis,
            "SECRET_KEY": settings.secret_key,
        }
        program = [sys.executable, "-m", "app.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(program, env=environment, stdout=log, stderr=log)
        visitor = Visitor(address, "the administrator")
        try:
            servers.wait_until(Browser(settings, port).answers, seconds=60, what="the hub")
            _sign_in(visitor, mail, secret)
            yield Hub(address, database, at, visitor)
        finally:
            visitor.close()
            servers.stop(process)
            database.engine.dispose()


def _institution(database: Database, settings: Settings) -> tuple[str, str, str]:
    """Verified, its policy approved. Returns its id, and mail address and second factor of its administrator."""
    with database.session() as session:
        at = cast.make_institution(session, "Heath School", "heath.example").id
        administrator = cast.member(session, at, "administrator", Role.ADMINISTRATOR)
        officer = cast.member(session, at, "officer", Role.PRIVACY_OFFICER)
        secret = second_factor(session, settings, administrator)
        draft = policies.draft(session, administrator, at)
        policies.save(session, administrator, draft.id, POLICY, draft.revision)
        policies.approve(session, officer, draft.id, draft.digest)
        person = session.get_one(Person, administrator.person)
        person.totp_last_step = None  # the code of this half minute was used to set it up
        return at, person.email, secret


def _sign_in(visitor: Visitor, mail: str, secret: str) -> None:
    given = {"email": mail, "password": cast.PASSWORD}
    page = visitor.send(visitor.open("/sign-in"), "/sign-in", given)
    visitor.send(page, "/sign-in/code", {"code": code(secret)})


def _records(folder: Path, data: Path | None, name: str) -> Path:
    """A prepared folder: of a real set by its importer, else of the simulated campus."""
    target = folder / "records"
    if data is None:
        command = ["-m", "worker.learning", "campus", str(target), "--scale", "0.05"]
    else:
        command = ["-m", "worker.site", "data", "import", name, str(data / name), str(target)]
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    return sorted(path.parent for path in target.rglob("dataset.yaml"))[0]


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--set", default="oulad", help="with --data: which real set is checked")


if __name__ == "__main__":
    sys.exit(main("enrol", measure, add_arguments=_arguments))
