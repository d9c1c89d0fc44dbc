"""A hub with something on every page: a federation in its third round, a finished run with a release, a class report.
Made by the services and hub tasks of the live product, over the world of tests/runs. Signing in is real too.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.db import Database
from app.federations import service as federations
from app.federations.models import BaseModelFile, Federation
from app.ids import new_id
from app.institutions.models import Institution, Proof
from app.institutions.states import InstitutionState, ProofKind
from app.main import create_app
from app.people import queries as people_queries
from app.people import service as people
from app.people import sessions
from app.people.models import Person
from app.policies import purposes
from app.policies import service as policies
from app.releases import queries as releases
from app.releases import service as release_service
from app.runs.models import Round, Run, RunApproval
from app.runs.schemas import Proposal
from app.runs.states import RoundState
from app.secrets import token_hash
from app.settings import Settings
from app.sites import service as sites
from app.sites.models import SentLine, Site
from app.sites.states import SiteState
from tests import cast
from tests.runs import world as making
from tests.runs.world import World
from tests.web import districts, programs, taught
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey

ORIGIN = "http://127.0.0.1:8000"


@dataclass
class Populated:
    """Ids by what they are, for filling in the paths of routes; cookies by role."""

    app: FastAPI
    world: World
    ids: dict[str, str]
    cookies: dict[str, str]
    reader: Actor

    def cookie(self, role: str) -> str:
        """Of this role's session, proved a moment ago: a slow machine's tests outlive ten minutes."""
        with self.world.hub.db.session() as session:
            found = people_queries.session_by_hash(session, token_hash(self.cookies[role]))
            assert found is not None
            found[0].stepped_up = now()
        return self.cookies[role]

    def client(self, role: str | None = None) -> TestClient:
        client = TestClient(
            self.app, base_url=ORIGIN, raise_server_exceptions=False, follow_redirects=False
        )
        client.headers.update({"Origin": ORIGIN, "Accept": "text/html"})
        if role:
            client.cookies.set("collegium", self.cookie(role))
        return client


def make(database_url: str, home: Path, public_url: str = ORIGIN) -> Populated:
    settings = Settings(
        environment="test",
        home=home,
        simulated=True,
        public_url=public_url,
        seen_recently_s=86_400,  # the sites here are rows: nobody says hello for them
        SECRET_KEY="x" * 40,
        DATABASE_URL=database_url,
    )
    world = making.make(Database(database_url), home)
    app = create_app(settings)
    app.state.hub = world.hub.__class__(
        settings, world.hub.db, world.hub.objects, world.hub.doorbell, world.hub.key
    )
    ids = _run(world)
    with world.hub.db.session() as session:
        reader, more = _fill(session, settings, world, ids)
    cookies = {}
    with world.hub.db.session() as session:
        for role, actor in roles(world, reader).items():
            person = session.get_one(Person, actor.person)
            cookies[role] = sessions.start(session, settings, person, "Firefox").cookie
    return Populated(app, world, ids | more, cookies, reader)


def roles(world: World, reader: Actor) -> dict[str, Actor]:
    lead, other = world.members[0], world.members[1]
    return {
        "administrator": lead.administrator,
        "officer": lead.officer,
        "instructor": lead.instructor,
        "reader": reader,
        "member": other.administrator,
        "stranger": world.stranger,
        "operator": world.operator,
    }


def _run(world: World) -> dict[str, str]:
    """One run to its end with a release, and one in its second round with one update in."""
    first = making.running(world, Proposal(rounds=2))
    for _round in range(2):
        for member in world.members:
            making.train(world, member)
        world.work()
        making.evaluate_all(world)
    world.work()
    with world.hub.db.session() as session:
        run = session.get_one(Run, first)
        run.reference = {"pass": 0.75}
        release = releases.of_run(session, first) or release_service.publish(session, run)
    second = making.running(world)
    for member in world.members:
        making.train(world, member)
    world.work()
    making.evaluate_all(world)
    making.train(world, world.members[1])
    return {"finished": first, "run_id": second, "release_id": release.id}


def _fill(
    session: Session, settings: Settings, world: World, ids: dict[str, str]
) -> tuple[Actor, dict[str, str]]:
    for round_ in session.scalars(select(Round).where(Round.state == RoundState.TRAINING)):
        round_.deadline = now() + timedelta(days=1)  # no suite is slow enough to pass it
    lead = world.lead
    reader = cast.member(session, lead.institution, "reader", Role.READER, domain="school0.example")
    found = {"institution": lead.institution, "federation_id": world.federation}
    found |= {"site_id": lead.site, "person": lead.officer.person}
    found |= _policy(session, world) | _sites(session, world)
    found |= taught.make(session, world, ids["release_id"])
    found |= _invitations(session, settings, world)
    found |= _hub(session, world)
    found |= districts.make(session, world)
    found |= programs.make(session, world.hub.settings, world)
    found["approval"] = _approval(session, world, ids["run_id"])
    for number in range(3):
        session.add(_line(world, ids["run_id"], number))
    return reader, found


def _policy(session: Session, world: World) -> dict[str, str]:
    draft = policies.draft(session, world.lead.administrator, world.lead.institution)
    changed = PolicyDocument(
        minimum_cohort=5, protections=("noise",), leaves=Leaves(updates=True, metrics=True)
    )
    policies.save(session, world.lead.administrator, draft.id, changed, draft.revision)
    told = purposes.Told("Reports", "feedback", purposes.OWN, "P1Y", "Public task, Art 6(1)(e).")
    home = world.lead.institution
    purpose = purposes.add(session, world.lead.administrator, home, told)
    found = {"number": "1", "draft_number": str(draft.number)}
    return found | {"profile": "uk-gdpr", "purpose": purpose.id}


def _sites(session: Session, world: World) -> dict[str, str]:
    """A command that waits, and a site that answered and waits for its words."""
    lead = world.lead
    home = session.get_one(Institution, lead.institution)
    key = world.hub.key.public
    waiting, _token = sites.add_site(session, lead.administrator, home, "Library", hub_key=key)
    joined, _token = sites.add_site(session, lead.administrator, home, "Annex", hub_key=key)
    joined.state, joined.key, joined.joined = SiteState.JOINED, PrivateKey().public.text, now()
    joined.software = "0.1.0"
    main = session.get_one(Site, lead.site)
    main.readiness = {
        "items": [{"item": "clock", "ok": True}, {"item": "disk", "ok": False, "number": 1.8}],
        "hours_from": "00:00",
        "hours_to": "23:59",
        "disk_free_mb": 1800,
        "memory_mb": 16000,
    }
    return {"waiting_site": waiting.id, "joined_site": joined.id}


def _invitations(session: Session, settings: Settings, world: World) -> dict[str, str]:
    lead = world.lead
    home = session.get_one(Institution, lead.institution)
    invitation = people.invite(
        session,
        settings,
        lead.administrator,
        home.id,
        "new@school0.example",
        Role.INSTRUCTOR,
        institution_name=home.name,
    )
    return {"invitation": invitation.id}


def _hub(session: Session, world: World) -> dict[str, str]:
    """An institution that waits, a federation that is a draft, a base model."""
    waiting = cast.make_institution(
        session, "Fern College", "fern.example", state=InstitutionState.REGISTERED
    )
    proof = Proof(
        id=new_id("proof"),
        institution_id=waiting.id,
        kind=ProofKind.REGISTRY,
        value="UKPRN 10000001",
        seen=now(),
    )
    model = BaseModelFile(
        id=new_id("model"),
        name="A small encoder",
        digest="a" * 64,
        modality="text",
        files={"model.safetensors": "a" * 64},
        bytes=90_000_000,
        licence="Apache-2.0",
        source="a package",
        allowed=True,
        created=now(),
    )
    session.add_all([proof, model])
    draft: Federation = federations.found(
        session,
        world.lead.administrator,
        world.lead.institution,
        name="Lab skills",
        purpose="To see which lab skills need practice.",
    )
    return {"registered": waiting.id, "model": model.id, "draft_federation": draft.id}


def _approval(session: Session, world: World, run_id: str) -> str:
    row = RunApproval(
        id=new_id("approval"),
        run_id=run_id,
        institution_id=world.lead.institution,
        asked=now(),
        expires=now() + timedelta(days=7),
    )
    session.add(row)
    return row.id


def _line(world: World, run_id: str, number: int) -> SentLine:
    kinds = ("update", "metrics", "progress")
    return SentLine(
        id=new_id("sent"),
        institution_id=world.lead.institution,
        site_id=world.lead.site,
        run_id=run_id,
        job_id=None,
        kind=kinds[number],
        bytes=1_080_000 // (number * 500 + 1),
        digest=f"{number}a" * 32,
        reason="train",
        at=now(),
    )
