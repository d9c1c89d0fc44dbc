"""One verified institution with an administrator, an approved policy, a federation and a running run."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.federations.models import Federation
from app.federations.states import FederationState
from app.ids import new_id
from app.institutions.models import Institution
from app.institutions.states import InstitutionKind, InstitutionState
from app.people.models import Person
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.runs.models import Round, Run
from app.runs.states import RoundState, RunState
from app.sites import inbox, queries, service
from app.sites.models import Job, Site
from worker.protocol.canonical import digest_of
from worker.protocol.codes import JobKind
from worker.protocol.manifest import Manifest, ModelSpec, ModuleRef, Training
from worker.protocol.messages import JoinRequest
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.protocol.tasks import Input, TaskSheet

SHEET = TaskSheet(
    name="pass",
    target="Will the student pass the course?",
    label="passed",
    labels=("no", "yes"),
    inputs=(Input(name="hours"),),
)
BASE = {"fusion": "a" * 64, "head/pass": "b" * 64}


@dataclass
class World:
    """Ids and actors; the rows are in the database."""

    institution: str
    other: str
    administrator: Actor
    reader: Actor
    stranger: Actor
    run: str
    round: str


def person(session: Session, name: str) -> str:
    row = Person(
        id=new_id("person"),
        email=f"{name}@example.org",
        name=name,
        password_hash="-",
        created=now(),
    )
    session.add(row)
    session.flush()
    return row.id


def institution(session: Session, name: str) -> str:
    row = Institution(
        id=new_id("institution"),
        name=name,
        kind=InstitutionKind.SCHOOL,
        country="DE",
        state=InstitutionState.VERIFIED,
        created=now(),
        verified=now(),
    )
    session.add(row)
    session.flush()
    return row.id


def actor(session: Session, name: str, role: Role, institution_id: str) -> Actor:
    return Actor(
        person=person(session, name),
        name=name,
        roles={institution_id: frozenset({role})},
        stepped_up=now(),
    )


def make(session: Session) -> World:
    first, other = institution(session, "North School"), institution(session, "South School")
    administrator = actor(session, "ada", Role.ADMINISTRATOR, first)
    federation = Federation(
        id=new_id("federation"),
        name="Early support",
        purpose="early-support",
        lead_id=first,
        state=FederationState.OPEN,
        terms={},
        model={},
        agreement="",
        agreement_digest="",
        agreement_dated=now(),
        created_by=administrator.person,
        created=now(),
    )
    session.add(federation)
    session.flush()
    run = Run(
        id=new_id("run"),
        federation_id=federation.id,
        number=1,
        state=RunState.RUNNING,
        plan={},
        plan_digest="",
        proposed_by=administrator.person,
        created=now(),
        changed=now(),
    )
    session.add(run)
    session.flush()
    a_round = Round(
        id=new_id("round"),
        run_id=run.id,
        number=1,
        state=RoundState.TRAINING,
        cohort=[],
        quorum=2,
        base=BASE,
        opened=now(),
        deadline=now() + timedelta(hours=1),
    )
    session.add(a_round)
    session.flush()
    return World(
        institution=first,
        other=other,
        administrator=administrator,
        reader=actor(session, "ray", Role.READER, first),
        stranger=actor(session, "sam", Role.ADMINISTRATOR, other),
        run=run.id,
        round=a_round.id,
    )


def policy(
    session: Session,
    institution_id: str,
    by: str,
    number: int = 1,
    state: PolicyState = PolicyState.APPROVED,
    document: PolicyDocument | None = None,
    **leaves: bool,
) -> PolicyVersion:
    document = document or PolicyDocument(leaves=Leaves(**leaves))
    row = PolicyVersion(
        id=new_id("policy"),
        institution_id=institution_id,
        number=number,
        state=state,
        document=document.model_dump(mode="json"),
        digest=digest_of(document),
        drafted_by=by,
        decided_by=by,
        created=now(),
        changed=now(),
        decided=now(),
    )
    session.add(row)
    session.flush()
    return row


def join_request(token: str, key: PrivateKey) -> JoinRequest:
    public = key.public.text
    return JoinRequest(
        token=token,
        key=public,
        signature=key.sign(f"collegium-join-1|{token}|{public}".encode()),
        software="test",
    )


def ready_site(
    session: Session, world: World, hub_key: PrivateKey, site_key: PrivateKey, name: str = "Lab"
) -> Site:
    """Through the services, as a person and a site would."""
    home = session.get_one(Institution, world.institution)
    site, token = service.add_site(session, world.administrator, home, name, hub_key=hub_key.public)
    service.join(session, join_request(token, site_key))
    words = " ".join(queries.words(hub_key.public, site))
    service.confirm(session, world.administrator, site, words, hub_key=hub_key.public)
    return site


def manifest(world: World, site: str, kind: JobKind = JobKind.TRAIN, **fields: Any) -> Manifest:
    return Manifest(
        **{
            "job": new_id("job"),
            "kind": kind,
            "site": site,
            "institution": world.institution,
            "federation": new_id("federation"),
            "run": world.run,
            "round": 1,
            "issued": now(),
            "expires": now() + timedelta(hours=1),
            "tasks": (SHEET,),
            "model": ModelSpec(),
            "modules": {name: ModuleRef(digest=d, bytes=8) for name, d in BASE.items()},
            "training": Training(),
            "cohort": 3,
            **fields,
        }
    )


def post(
    session: Session,
    world: World,
    hub_key: PrivateKey,
    site: str,
    kind: JobKind = JobKind.TRAIN,
    objects: tuple[str, ...] = (),
    **fields: Any,
) -> Job:
    wanted = manifest(world, site, kind, **fields)
    return inbox.post(session, hub_key, wanted, objects=objects, round_id=world.round)
