"""A federation of real rows: verified institutions, approved policies, ready sites with keys, made by the services
where they decide something. Sites here speak to the hub's services as the site door does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from sqlalchemy.orm import Session

from app import objects
from app.access.actor import Actor
from app.access.permissions import Role
from app.clock import now
from app.db import Database
from app.effects import Effect, Send
from app.events import Doorbell
from app.federations import service as federations
from app.federations.models import Federation
from app.federations.schemas import DraftSteps, ModelStep, Terms
from app.hub import Hub
from app.ids import new_id
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.runs import measurements, queries, rounds, service, updates
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.settings import Settings
from app.sites import inbox, uploads
from app.sites.models import Job, Site
from app.sites.states import SiteState
from tests import cast
from worker.hub.aggregate import aggregate
from worker.hub.finish import finish
from worker.hub.opening import open_next
from worker.hub.prepare import prepare
from worker.hub.sweep import sweep
from worker.protocol import codec
from worker.protocol.canonical import digest, digest_of
from worker.protocol.codec import Tensors
from worker.protocol.codes import JobKind, Lane
from worker.protocol.manifest import Manifest
from worker.protocol.messages import Answer, StartUpload
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.protocol.tasks import Input, TaskSheet
from worker.protocol.update import MetricsAnswer, Receipt, TaskMetrics, UpdatedModule, UpdateHeader

SHEET = TaskSheet(
    name="pass",
    target="Whether the student passes the course.",
    label="passed",
    labels=("no", "yes"),
    inputs=(Input(name="hours"), Input(name="clicks", mean=10.0, sd=4.0)),
    simple_rule="hours",
)
OPEN = Leaves(updates=True, metrics=True, counts=True, class_codes=True, class_reports=True)
POLICY = PolicyDocument(minimum_cohort=2, approval="site", leaves=OPEN)
TERMS = Terms(
    rounds=3,
    quorum=2,
    deadline_s=600,
    leaves=("updates", "metrics", "class_reports"),
)


@dataclass
class Member:
    institution: str
    administrator: Actor
    officer: Actor
    instructor: Actor
    site: str
    key: PrivateKey


@dataclass
class World:
    hub: Hub
    members: list[Member]
    federation: str
    operator: Actor
    stranger: Actor
    sent: list[Send] = field(default_factory=list)

    @property
    def lead(self) -> Member:
        return self.members[0]

    def work(self, limit: int = 200) -> None:
        """Does every hub task that was sent, until none is left."""
        for _ in range(limit):
            if not self.sent:
                return
            effect = self.sent.pop(0)
            WORK[effect.task](self.hub, *effect.args)
        raise AssertionError("tasks send each other for ever")

    def sweep(self) -> None:
        sweep(self.hub)
        self.work()


WORK = {
    "runs.prepare": prepare,
    "rounds.open": open_next,
    "rounds.aggregate": aggregate,
    "runs.finish": finish,
    "sweep": sweep,
}


def make_hub(database: Database, home: Path) -> Hub:
    settings = Settings(
        environment="test", home=home, REDIS_URL="redis://127.0.0.1:1/0", SECRET_KEY="x" * 40
    )
    store = objects.build(f"file://{home / 'objects'}", 0)
    return Hub(settings, database, store, Doorbell(settings.redis_url), PrivateKey())


def make(database: Database, home: Path, count: int = 4, terms: Terms = TERMS) -> World:
    hub = make_hub(database, home)
    with database.session() as session:
        members = [add_member(session, number) for number in range(count)]
        elsewhere = cast.make_institution(session, "Elsewhere", "elsewhere.example")
        stranger = cast.member(
            session, elsewhere.id, "stranger", Role.ADMINISTRATOR, domain="elsewhere.example"
        )
        operator = cast.operator(session, "operator")
        federation = found(session, members, terms)
    world = World(hub, members, federation, operator, stranger)
    hub.db.dispatch = lambda effect: _collect(world, effect)
    return world


def _collect(world: World, effect: Effect) -> None:
    if isinstance(effect, Send) and effect not in world.sent:
        world.sent.append(effect)


def add_member(session: Session, number: int, parent: str | None = None) -> Member:
    domain = f"school{number}.example"
    home = cast.make_institution(session, f"School {number}", domain, parent=parent)
    people = {
        role: cast.member(session, home.id, role.value, role, domain=domain)
        for role in (Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.INSTRUCTOR)
    }
    administrator = people[Role.ADMINISTRATOR]
    key = PrivateKey()
    version = add_policy(session, home.id, administrator)
    site = Site(
        id=new_id("site"),
        institution_id=home.id,
        name="Main",
        state=SiteState.READY,
        key=key.public.text,
        policy_version_id=version.id,
        policy_accepted=now(),
        created=now(),
        joined=now(),
        confirmed=now(),
        last_seen=now(),
    )
    session.add(site)
    session.flush()
    return Member(
        home.id,
        administrator,
        people[Role.PRIVACY_OFFICER],
        people[Role.INSTRUCTOR],
        site.id,
        key,
    )


def add_policy(
    session: Session,
    institution: str,
    by: Actor,
    document: PolicyDocument = POLICY,
    number: int = 1,
) -> PolicyVersion:
    version = PolicyVersion(
        id=new_id("policy"),
        institution_id=institution,
        number=number,
        state=PolicyState.APPROVED,
        document=document.model_dump(mode="json"),
        digest=digest_of(document),
        drafted_by=by.person,
        decided_by=by.person,
        created=now(),
        changed=now(),
        decided=now(),
    )
    session.add(version)
    session.flush()
    return version


def set_policy(session: Session, member: Member, document: PolicyDocument) -> None:
    """A new version, approved and in force at the member's site."""
    old = queries_policy(session, member)
    number = 1
    if old is not None:
        old.state = PolicyState.REPLACED
        number = old.number + 1
    version = add_policy(session, member.institution, member.administrator, document, number)
    site = session.get_one(Site, member.site)
    site.policy_version_id, site.policy_accepted = version.id, now()
    session.flush()


def queries_policy(session: Session, member: Member) -> PolicyVersion | None:
    from app.policies import queries as policy_queries

    return policy_queries.current(session, member.institution)


def found(session: Session, members: list[Member], terms: Terms) -> str:
    lead = members[0]
    row = federations.found(
        session,
        lead.administrator,
        lead.institution,
        name="Early support",
        purpose="To see early who needs support.",
    )
    federations.add_sheet(session, lead.administrator, row, SHEET)
    steps = DraftSteps(terms=terms, model=ModelStep(width=4, heads=1, layers=1, dropout=0.0))
    federations.save_draft(session, lead.administrator, row, steps, revision=row.revision)
    federations.open(session, lead.administrator, row)
    for member in members[1:]:
        join(session, row, lead, member)
    return row.id


def join(session: Session, federation: Federation, lead: Member, member: Member) -> None:
    federations.invite(session, lead.administrator, federation, member.institution)
    federations.accept(
        session,
        member.administrator,
        federation,
        member.institution,
        digest=federation.agreement_digest,
    )


def propose(world: World, proposal: Proposal | None = None) -> str:
    with world.hub.db.session() as session:
        federation = session.get_one(Federation, world.federation)
        run = service.propose(session, world.lead.administrator, federation, proposal or Proposal())
        return run.id


def running(world: World, proposal: Proposal | None = None) -> str:
    """A run whose first round is open."""
    run_id = propose(world, proposal)
    world.work()
    return run_id


def run_of(world: World, run_id: str) -> Run:
    with world.hub.db.reading() as session:
        return session.get_one(Run, run_id)


# What a site does.


def claim(world: World, member: Member, kind: JobKind) -> tuple[Job, int] | None:
    lane = Lane.TRAIN if kind.lane is Lane.TRAIN else Lane.QUICK
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        site.last_seen = now()
        claimed = inbox.claim(session, site, lane, 15)
        if claimed is None:
            return None
        inbox.confirm(session, site, claimed.job, claimed.claim, 60)
        return session.get_one(Job, claimed.job), claimed.claim


def manifest_of(job: Job) -> Manifest:
    return Manifest.model_validate_json(job.manifest["payload"])


def delta(world: World, manifest: Manifest, seed: int) -> dict[str, Tensors]:
    """Small differences of the right names and shapes, the same for the same seed and round."""
    source = np.random.default_rng(seed * 1000 + manifest.round)
    made: dict[str, Tensors] = {}
    for module, ref in sorted(manifest.modules.items()):
        base = codec.decode(world.hub.objects.get(ref.digest))
        made[module] = {
            name: (source.standard_normal(array.shape) * 0.01).astype(np.float32)
            for name, array in sorted(base.items())
        }
    return made


def body_of(modules: Mapping[str, Tensors]) -> bytes:
    return codec.encode({f"{m}::{n}": a for m, own in modules.items() for n, a in own.items()})


def header_for(
    member: Member,
    job: Job,
    claim_number: int,
    body: bytes,
    modules: Mapping[str, float],
    base: Mapping[str, str] | None = None,
) -> UpdateHeader:
    manifest = manifest_of(job)
    bases = base or {name: ref.digest for name, ref in manifest.modules.items()}
    return UpdateHeader(
        job=job.id,
        claim=claim_number,
        run=job.run_id,
        round=manifest.round,
        site=member.site,
        modules={m: UpdatedModule(base=bases[m], weight=w) for m, w in modules.items()},
        body=digest(body),
        bytes=len(body),
        receipt=Receipt(policy="0" * 64, policy_version=1),
        trained=now(),
        software="test",
    )


def send(
    world: World, member: Member, job: Job, claim_number: int, body: bytes, header: UpdateHeader
) -> None:
    """As the door: begun, filled, completed and received, answered."""
    hub = world.hub
    with hub.db.session() as session:
        site = session.get_one(Site, member.site)
        said = StartUpload(claim=claim_number, header=member.key.seal(header))
        upload = uploads.begin(session, hub.objects, site, job.id, said)
        uploads.append(session, hub.objects, site, upload.id, 0, body)
        row = uploads.complete(session, hub.objects, site, upload)
        updates.receive(session, row, upload)
    hub.objects.discard(upload.id)
    with hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, job.id, Answer(claim=claim_number, update=header.body))
        if ended is not None:
            rounds.answered(session, ended)


def train(world: World, member: Member, seed: int | None = None) -> Job:
    """Claims the member's training job and sends an update of the right form."""
    got = claim(world, member, JobKind.TRAIN)
    assert got is not None, "no job waits"
    job, number = got
    while job.kind is not JobKind.TRAIN:
        settle_other(world, member, job, number)
        got = claim(world, member, JobKind.TRAIN)
        assert got is not None, "no training job waits"
        job, number = got
    made = delta(world, manifest_of(job), world.members.index(member) if seed is None else seed)
    body = body_of(made)
    header = header_for(member, job, number, body, dict.fromkeys(made, 100.0))
    send(world, member, job, number, body, header)
    return job


def settle_other(world: World, member: Member, job: Job, claim_number: int) -> None:
    """Answers a baseline or an evaluation with plausible figures."""
    manifest = manifest_of(job)
    figure = TaskMetrics(
        task="pass",
        metric="auc",
        value=0.7 + 0.01 * manifest.round,
        interval=(0.65, 0.75),
        records_band="100-200",
        weight=100,
    )
    answer = MetricsAnswer(shared=(figure,))
    if job.kind is JobKind.BASELINE:
        answer = MetricsAnswer(local=(figure,), rule=(figure,))
    with world.hub.db.session() as session:
        site = session.get_one(Site, member.site)
        ended = inbox.answer(session, site, job.id, Answer(claim=claim_number, metrics=answer))
        assert ended is not None
        measurements.record(session, ended, answer)


def evaluate_all(world: World) -> int:
    """Answers every evaluation that waits."""
    done = 0
    for member in world.members:
        while (got := claim(world, member, JobKind.EVALUATE)) is not None:
            if got[0].kind is JobKind.EVALUATE:
                settle_other(world, member, *got)
                done += 1
    return done


def states(world: World, run_id: str, number: int) -> dict[str, str]:
    with world.hub.db.reading() as session:
        found_states = queries.states_after(session, run_id, number)
        return {name: state.digest for name, state in found_states.items()}
