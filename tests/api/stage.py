"""A hub with a federation of two, tokens for whoever calls, and what a route needs before it can be called."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.testclient import TestClient

from app.access.actor import Actor
from app.access.permissions import TOKEN_NEVER, Permission, Role
from app.federations import handover
from app.federations import queries as federations
from app.federations import service as leading
from app.federations.models import Federation
from app.institutions import service as institutions
from app.institutions.states import InstitutionState
from app.integrations import delivering, webhooks
from app.integrations.events import HookEvent
from app.integrations.models import Delivery
from app.people import tokens
from app.policies import service as policies
from app.policies.models import PolicyVersion
from app.releases import queries as releases
from app.reports import feedback
from app.reports.states import Fitting, StepTaken
from app.runs import service as runs
from app.runs.models import Run
from app.runs.schemas import Proposal
from app.sites import service as sites
from tests import cast
from tests.runs import world as making
from tests.runs.world import World
from worker.protocol.update import CalibrationPoint, ClassFigures, ClassTask

TASK = ClassTask(
    task="pass",
    metric="auc",
    shared=0.8,
    local=0.74,
    rule=0.6,
    shared_interval=(0.7, 0.9),
    predicted_mean=0.3,
    observed_mean=0.35,
    curve=(CalibrationPoint(predicted=0.2, observed=0.25, records=30),),
    missing={"table": 0.05},
)
FIGURES = ClassFigures(code="7B", term="2026", records=40, tasks=(TASK,))
ALL = frozenset(Permission) - TOKEN_NEVER


@dataclass
class Stage:
    """`owner` is administrator and instructor of the lead's institution, `guest` the same of an institution outside."""

    world: World
    client: TestClient
    owner: Actor
    partner: Actor
    guest: Actor
    newcomer: Actor
    ids: dict[str, str] = field(default_factory=dict)

    @property
    def people(self) -> dict[str, Actor]:
        names = ("owner", "partner", "guest", "newcomer")
        return {name: getattr(self, name) for name in names}

    def token(self, who: str, scopes: Iterable[Permission] = ALL) -> str:
        actor = self.people[who]
        (institution,) = actor.institutions
        with self.world.hub.db.session() as session:
            _row, text = tokens.mint(session, actor, institution, "integrator", scopes)
        return text

    def call(
        self,
        method: str,
        path: str,
        token: str | None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        sent = {"Content-Type": "application/json"} | (headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        content = None if body is None else json.dumps(body).encode()
        return self.client.request(method, f"/api/v1{path}", content=content, headers=sent)

    # What a route finds in place.

    def with_draft(self) -> None:
        """A federation in draft, led by the owner's institution, with a task sheet."""
        with self.world.hub.db.session() as session:
            row = leading.found(
                session,
                self.owner,
                self.ids["institution"],
                name="Next term",
                purpose="To see early who needs support.",
            )
            leading.add_sheet(session, self.owner, row, making.SHEET)
            self.ids["draft"] = row.id
            self.ids["revision"] = str(row.revision)

    def with_revision(self) -> None:
        with self.world.hub.db.reading() as session:
            row = federations.by_id(session, self.ids["federation"])
            assert row is not None
            self.ids["revision"] = str(row.revision)
            self.ids["digest"] = row.agreement_digest

    def with_lead_offered(self) -> None:
        """To the partner's institution."""
        with self.world.hub.db.session() as session:
            row = session.get_one(Federation, self.ids["federation"])
            handover.offer(session, self.owner, row, self.ids["partner"])

    def with_invitation(self) -> None:
        """The guest's institution is invited."""
        with self.world.hub.db.session() as session:
            row = session.get_one(Federation, self.ids["federation"])
            leading.invite(session, self.owner, row, self.ids["outside"])
        self.with_revision()

    def with_policy_draft(self) -> None:
        with self.world.hub.db.session() as session:
            self.ids["policy"] = policies.draft(session, self.owner, self.ids["institution"]).id

    def with_site(self) -> None:
        """One that has not joined yet."""
        with self.world.hub.db.session() as session:
            home = self.home(session)
            key = self.world.hub.key.public
            row, _token = sites.add_site(session, self.owner, home, "Annexe", hub_key=key)
            self.ids["new_site"] = row.id

    def home(self, session: Any) -> Any:
        from app.institutions.models import Institution

        return session.get_one(Institution, self.ids["institution"])

    def with_class(self) -> None:
        """Confirmed, and taught by the owner."""
        with self.world.hub.db.session() as session:
            row = institutions.add_class(
                session, self.owner, self.ids["institution"], "2026", "7B", "Mathematics"
            )
            institutions.assign(session, self.owner, row.id, self.owner.person)
            self.ids["school_class"] = row.id

    def with_report(self) -> None:
        """Of a class that the owner teaches, from two releases, as its site lets it out; they spoke on the first."""
        self.ids["release"] = self.released()
        self.with_class()
        self.world.sweep()
        making.report_all(self.world, self.world.lead, FIGURES)
        with self.world.hub.db.session() as session:
            class_id = self.ids["school_class"]
            feedback.give(session, self.owner, class_id, Fitting.FITS, StepTaken.NOTHING)
        self.released()
        changed = TASK.model_copy(update={"predicted_mean": 0.27, "shared": 0.82})
        newer = FIGURES.model_copy(update={"tasks": (changed,)})
        making.report_all(self.world, self.world.lead, newer)

    def with_feedback(self) -> None:
        """On the newer report too."""
        self.with_report()
        with self.world.hub.db.session() as session:
            feedback.give(
                session, self.owner, self.ids["school_class"], Fitting.PARTLY, StepTaken.SUGGESTED
            )

    def with_untaught_class(self) -> None:
        with self.world.hub.db.session() as session:
            row = institutions.add_class(session, self.owner, self.ids["institution"], "2026", "7B")
            self.ids["school_class"] = row.id

    def with_offered_class(self) -> None:
        with self.world.hub.db.session() as session:
            home, site = self.ids["institution"], self.ids["site"]
            institutions.offer_classes(session, home, site, [("2026", "7B")])
            found = institutions_class(session, home)
            self.ids["school_class"] = found

    def with_proposed(self) -> None:
        """A run that waits for the partner's officer; there are approvals enough to start it."""
        asks = making.POLICY.model_copy(update={"approval": "hub"})
        with self.world.hub.db.session() as session:
            making.set_policy(session, self.world.members[2], asks)
        self.ids["run"] = making.propose(self.world)
        self.world.sent.clear()

    def with_running(self) -> None:
        self.ids["run"] = making.running(self.world)

    def with_pause_asked(self) -> None:
        self.with_running()
        with self.world.hub.db.session() as session:
            runs.pause(session, self.owner, session.get_one(Run, self.ids["run"]))

    def with_releases(self) -> None:
        """Two: `release` is the older one."""
        self.ids["release"] = self.released()
        self.released()

    def with_webhook(self) -> None:
        """Of the owner's institution, told of proposed runs; nobody is at its address."""
        with self.world.hub.db.session() as session:
            row, _secret = webhooks.create(
                session,
                self.world.hub.settings,
                self.owner,
                self.ids["institution"],
                "https://hooks.north.example/in",
                [HookEvent.RUN_PROPOSED],
            )
            self.ids["webhook"] = row.id

    def with_webhook_off(self) -> None:
        """Its server said that it wants no more."""
        self.with_delivery(410)

    def with_delivery(self, status: int = 200) -> None:
        """A proposed run that the webhook was told of."""
        self.with_webhook()
        making.propose(self.world)
        with self.world.hub.db.session() as session:
            row = session.query(Delivery).filter_by(webhook_id=self.ids["webhook"]).one()
            delivering.take(session, self.world.hub.settings, row.id)
            delivering.done(session, row.id, delivering.Outcome(84, status))
            self.ids["delivery"] = row.id

    def released(self) -> str:
        """A run of one round, trained by every site, and its release."""
        run = making.running(self.world, Proposal(rounds=1))
        for member in self.world.members:
            making.train(self.world, member)
        self.world.work()
        making.evaluate_all(self.world)
        self.world.work()
        with self.world.hub.db.reading() as session:
            release = releases.of_run(session, run)
            assert release is not None
            return release.id


def institutions_class(session: Any, institution: str) -> str:
    from app.institutions import queries

    found = queries.class_by_code(session, institution, "2026", "7B")
    assert found is not None
    return found.id


def set_up(world: World, client: TestClient) -> Stage:
    """The people, each in an institution of their own, and the ids that paths name."""
    lead, partner = world.members[0], world.members[1]
    with world.hub.db.session() as session:
        outside = cast.make_institution(session, "Fen College", "fen.example")
        new = cast.make_institution(
            session, "Brook School", "brook.example", state=InstitutionState.REGISTERED
        )
        making.add_policy(session, outside.id, lead.administrator)
        homes = {
            "owner": lead.institution,
            "partner": partner.institution,
            "guest": outside.id,
            "newcomer": new.id,
        }
        people = {
            name: cast.member(
                session,
                home,
                name,
                Role.ADMINISTRATOR,
                Role.INSTRUCTOR,
                domain="people.example",
            )
            for name, home in homes.items()
        }
    stage = Stage(world, client, **people)
    stage.ids |= {
        "institution": lead.institution,
        "partner": partner.institution,
        "outside": outside.id,
        "new": new.id,
        "site": lead.site,
        "federation": world.federation,
        "person": people["owner"].person,
        "sheet": making.SHEET.name,
        "document": "answers",
    }
    return stage


def policy_of(stage: Stage) -> PolicyVersion:
    with stage.world.hub.db.reading() as session:
        return session.get_one(PolicyVersion, stage.ids["policy"])
