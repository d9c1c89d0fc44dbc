"""A federation of real rows: verified institutions, approved policies, ready sites with keys, made by the services
where they decide something.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

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
from app.jobs import HubTask
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.settings import Settings
from app.sites.models import Site
from app.sites.states import SiteState
from tests import cast
from tests.runs import kept
from worker.hub import tasks
from worker.hub.sweep import sweep
from worker.protocol.canonical import digest_of
from worker.protocol.policy import Leaves, PolicyDocument
from worker.protocol.signatures import PrivateKey
from worker.protocol.tasks import Input, TaskSheet

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


PLAIN = ModelStep(width=4, heads=1, layers=1, dropout=0.0)
MakeModel = Callable[[Session, Hub], ModelStep]


def plain(session: Session, hub: Hub) -> ModelStep:
    return PLAIN


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

    def come_by(self) -> None:
        """Every site is seen now: a world made a while ago has aged meanwhile."""
        with self.hub.db.session() as session:
            for member in self.members:
                session.get_one(Site, member.site).last_seen = now()

    def sweep(self) -> None:
        sweep(self.hub)
        self.work()


WORK: dict[str, Callable[..., object]] = {name.value: work for name, work in tasks.WORK.items()}
WORK[HubTask.DOMAIN_CHECK.value] = lambda hub, institution: None  # no name server here


def make_hub(database: Database, home: Path, store_url: str = "") -> Hub:
    settings = Settings(
        environment="test", home=home, REDIS_URL="redis://127.0.0.1:1/0", SECRET_KEY="x" * 40
    )
    store = objects.build(store_url or settings.objects, 0, settings.work)
    return Hub(settings, database, store, Doorbell(settings.redis_url), PrivateKey())


def make(
    database: Database,
    home: Path,
    count: int = 4,
    terms: Terms = TERMS,
    store_url: str = "",
    sheets: Sequence[TaskSheet] = (SHEET,),
    model: MakeModel = plain,
) -> World:
    """In an empty database, where the terms, sheets and model are the usual ones."""
    hub = make_hub(database, home, store_url)

    def people(session: Session) -> tuple[list[Member], Actor, Actor, str]:
        members = [add_member(session, number) for number in range(count)]
        elsewhere = cast.make_institution(session, "Elsewhere", "elsewhere.example")
        stranger = cast.member(
            session, elsewhere.id, "stranger", Role.ADMINISTRATOR, domain="elsewhere.example"
        )
        operator = cast.operator(session, "operator")
        federation = found(session, members, terms, sheets, model(session, hub))
        return members, operator, stranger, federation

    if terms is TERMS and model is plain and tuple(sheets) == (SHEET,):
        members, operator, stranger, federation = kept.laid(database, count, people)
    else:
        with database.session() as session:
            members, operator, stranger, federation = people(session)
    own = [replace(member) for member in members]
    world = World(hub, own, federation, operator, stranger)
    hub.db.dispatch = lambda effect: collect(world, effect)
    return world


def collect(world: World, effect: Effect) -> None:
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


def found(
    session: Session,
    members: list[Member],
    terms: Terms,
    sheets: Sequence[TaskSheet] = (SHEET,),
    model: ModelStep = PLAIN,
) -> str:
    lead = members[0]
    row = federations.found(
        session,
        lead.administrator,
        lead.institution,
        name="Early support",
        purpose="To see early who needs support.",
    )
    for sheet in sheets:
        federations.add_sheet(session, lead.administrator, row, sheet)
    steps = DraftSteps(terms=terms, model=model)
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
