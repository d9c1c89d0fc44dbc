"""A hub after a busy term: 20 institutions, 50 sites, 5 federations, 100 runs of 50 rounds, 100,000 audit events.

People, policies, federations, approvals, runs and releases are made by the program's own services, at the times they
happened (`at`). What a term's rounds leave behind is written in bulk by `pages_history`.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from unittest.mock import patch

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import objects
from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.db import Database
from app.events import Doorbell
from app.federations import service as federations
from app.federations.models import Federation
from app.federations.schemas import DraftSteps, ModelStep, Terms
from app.hub import Hub
from app.ids import new_id
from app.people.models import Person
from app.policies import queries as policies
from app.policies import service as policy_service
from app.releases import queries as release_queries
from app.releases import service as releases
from app.runs import endings, queries, service
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.runs.states import RunState
from app.settings import Settings
from app.sites.models import Site
from app.sites.states import SiteState
from benchmarks import pages_history as history
from benchmarks.pages_classes import School, reports
from benchmarks.pages_classes import classes as classes_of
from benchmarks.pages_events import fill_up
from benchmarks.pages_people import second_factor
from tests import cast
from tests.runs.making import OPEN, SHEET
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import PrivateKey

INSTITUTIONS, SITES, FEDERATIONS, RUNS, ROUNDS, EVENTS = 20, 50, 5, 100, 50, 100_000
TERM = timedelta(days=80)
_SECRET_KEY = hashlib.sha256(b"benchmarks.pages").hexdigest()
_TERMS = Terms(
    rounds=ROUNDS,
    quorum=4,
    deadline_s=14 * 24 * 3600,
    leaves=("updates", "metrics", "class_codes", "class_reports"),
)


@dataclass(frozen=True)
class Made:
    """What the load asks for. `secrets`: mail address and second factor by person."""

    schools: list[School]
    groups: dict[str, list[School]]
    """The members of each federation; the first school leads all of them."""
    running: list[str]
    finished: list[str]
    classes: list[str]
    """Of the first school."""
    secrets: dict[str, tuple[str, str]]
    operator: Actor
    ids: dict[str, str]
    """For filling in the paths of routes, as the first school's people would."""


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """The hub's clock stands at `moment` and goes on from there."""
    ahead = moment - now()

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) + ahead

    with patch("app.clock.datetime", Shifted):
        yield


def make(settings: Settings, database: Database, key: PrivateKey) -> Made:
    store = objects.build(settings.objects, 0, settings.work)
    hub = Hub(settings, database, store, Doorbell("redis://127.0.0.1:1/0"), key)
    end = now()
    begin = end - TERM
    secrets: dict[str, tuple[str, str]] = {}
    with database.session() as session, at(begin):
        schools = [_school(session, settings, number, secrets) for number in range(INSTITUTIONS)]
        groups = _federations(session, schools)
        classes = {c: s for s in schools for c in classes_of(session, s)}
        operator = cast.operator(session, "operator")
    running, finished = _runs(hub, schools, groups, begin, end)
    with database.session() as session:
        reports(session, list(classes), groups)
        own = [c for c, school in classes.items() if school is schools[0]]
        session.execute(update(Site).values(last_seen=now()))
        fill_up(session, EVENTS, [a.administrator.person for a in schools], begin, end)
        ids = _ids(session, schools[0], next(iter(groups)), running[0], own[0])
    return Made(schools, groups, running, finished, own, secrets, operator, ids)


def _ids(
    session: Session, school: School, federation: str, run: str, class_id: str
) -> dict[str, str]:
    release = release_queries.current(session, federation)
    approval = queries.approval(session, run, school.id)
    assert release is not None
    assert approval is not None
    none = dict.fromkeys(("registered", "draft_federation", "joined_site", "model"), "none")
    return none | {
        "institution": school.id,
        "federation_id": federation,
        "run_id": run,
        "release_id": release.id,
        "site_id": next(iter(school.sites)),
        "class_id": class_id,
        "person": school.officer.person,
        "approval": approval.id,
        "number": "1",
        "draft_number": "none",
        "waiting_site": "none",
        "api_token": "none",
        "invitation": "none",
    }


def _school(
    session: Session, settings: Settings, number: int, secrets: dict[str, tuple[str, str]]
) -> School:
    domain = f"school{number}.example"
    home = cast.make_institution(session, f"School {number}", domain)
    roles = (Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.INSTRUCTOR)
    people = [cast.member(session, home.id, role.value, role, domain=domain) for role in roles]
    for one in people:
        mail = session.get_one(Person, one.person).email
        secrets[one.person] = (mail, second_factor(session, settings, one))
    administrator, officer, instructor = people
    policy = _policy(session, home.id, administrator, officer, number)
    count = SITES // INSTITUTIONS + (number % 2 == 0)
    sites = dict(_site(session, home.id, n, policy, administrator) for n in range(count))
    return School(home.id, administrator, officer, instructor, sites)


def _policy(session: Session, home: str, administrator: Actor, officer: Actor, number: int) -> str:
    """Every other one wants an officer's yes at the hub."""
    approval = "hub" if number % 2 == 0 else "site"
    document = PolicyDocument(minimum_cohort=2, approval=approval, leaves=OPEN)
    draft = policy_service.draft(session, administrator, home)
    policy_service.save(session, administrator, draft.id, document, draft.revision)
    policy_service.approve(session, officer, draft.id, draft.digest)
    current = policies.current(session, home)
    assert current is not None
    return current.id


def _site(
    session: Session, home: str, number: int, policy: str, administrator: Actor
) -> tuple[str, PrivateKey]:
    key = PrivateKey()
    ready = {"items": [{"item": "clock", "ok": True}, {"item": "disk", "ok": True}]}
    row = Site(
        id=new_id("site"),
        institution_id=home,
        name=f"Site {number + 1}",
        state=SiteState.READY,
        key=key.public.text,
        key_since=now(),
        software="0.1.0",
        readiness=ready | {"disk_free_mb": 80_000, "memory_mb": 16_000},
        policy_version_id=policy,
        policy_accepted=now(),
        created=now(),
        joined=now(),
        confirmed=now(),
        confirmed_by=administrator.person,
        last_seen=now(),
    )
    session.add(row)
    session.flush()
    return row.id, key


def _federations(session: Session, schools: list[School]) -> dict[str, list[School]]:
    """The first school leads all; each other one is a member of one."""
    lead, groups = schools[0], {}
    for number in range(FEDERATIONS):
        name, purpose = f"Early support {number + 1}", "To see early who needs support."
        who = lead.administrator
        row = federations.found(session, who, lead.id, name=name, purpose=purpose)
        federations.add_sheet(session, who, row, SHEET)
        steps = DraftSteps(terms=_TERMS, model=ModelStep(width=16, heads=2))
        federations.save_draft(session, who, row, steps, revision=row.revision)
        federations.open(session, who, row)
        others = [s for i, s in enumerate(schools[1:]) if i % FEDERATIONS == number]
        for school in others:
            _join(session, row, lead, school)
        groups[row.id] = [lead, *others]
    return groups


def _join(session: Session, row: Federation, lead: School, school: School) -> None:
    federations.invite(session, lead.administrator, row, school.id)
    digest = row.agreement_digest
    federations.accept(session, school.administrator, row, school.id, digest=digest)


def _runs(
    hub: Hub,
    schools: list[School],
    groups: dict[str, list[School]],
    begin: datetime,
    end: datetime,
) -> tuple[list[str], list[str]]:
    """One after the other; the last of each federation is in its last round now."""
    running: list[str] = []
    finished: list[str] = []
    each = (end - begin - timedelta(hours=1)) / RUNS
    federation_ids = list(groups)
    for number in range(RUNS):
        started = begin + timedelta(minutes=30) + each * number
        federation = federation_ids[number % FEDERATIONS]
        live = number >= RUNS - FEDERATIONS
        with hub.db.session() as session, at(started):
            run = _proposed(session, groups[federation], federation)
            course = history.Course(run, groups[federation], hub.key, started, each, ROUNDS)
            history.write(session, course, end - timedelta(minutes=10) if live else None)
        with hub.db.session() as session, at(started + each * 0.95):
            row = session.get_one(Run, run.id)
            if not live:
                endings.finish(session, row)
                releases.publish(session, row)
        (running if live else finished).append(run.id)
    return running, finished


def _proposed(session: Session, members: list[School], federation: str) -> Run:
    """Proposed, approved by everyone asked, and begun."""
    row = session.get_one(Federation, federation)
    run = service.propose(session, members[0].administrator, row, Proposal())
    asked = {a.institution_id for a in queries.approvals(session, run.id)}
    for school in members:
        if school.id in asked:
            officer = replace(school.officer, stepped_up=now())
            service.approve(session, officer, run, school.id)
    assert run.state is RunState.APPROVED, run.state
    run.state, run.started = RunState.RUNNING, now()
    return run


def settings_of(folder: Path, database_url: str, public_url: str) -> Settings:
    return Settings(
        environment="production",
        home=folder,
        public_url=public_url,
        seen_recently_s=86_400,  # the sites here are rows: nobody says hello for them
        SECRET_KEY=_SECRET_KEY,
        DATABASE_URL=database_url,
    )
