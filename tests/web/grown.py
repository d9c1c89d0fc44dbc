"""The populated hub with more of everything that pages list: each row is another one again, under a name of its own."""

import itertools
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.audit.models import Chain, Event
from app.clock import now
from app.federations.models import BaseModelFile, Federation, Membership, SheetFitRow, SheetVersion
from app.federations.states import MembershipState
from app.ids import new_id
from app.institutions.models import Institution, Proof, SchoolClass, Teaching, Tie
from app.institutions.states import InstitutionState, TieState
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.notices.models import Notice
from app.notices.states import NoticeKind
from app.people import sessions
from app.people.models import ApiToken, FactorReset, Invitation, Person, RoleGrant
from app.policies.models import PolicyFloor, PolicyVersion
from app.policies.states import PolicyState
from app.releases.models import Release
from app.reports.models import ClassReport, ReportFeedback, ReportView
from app.runs.models import Measurement, ModuleState, Round, Run, RunApproval, Update
from app.runs.states import RoundState, RunState
from app.sites.models import EnrolmentToken, Job, SentLine, Site
from app.sites.states import SiteState
from tests import cast
from tests.web.populated import Populated

Row = TypeVar("Row")
_names = itertools.count(1)


def again(session: Session, row: Row, **changes: Any) -> Row:
    """Another row like this one, with an id of its own."""
    mapper: Any = inspect(type(row))
    values = {c.key: getattr(row, c.key) for c in mapper.column_attrs}
    values["id"] = new_id(values["id"].partition("_")[0])
    made: Row = type(row)(**values | changes)
    session.add(made)
    return made


def all_of(session: Session, kind: type[Row], **having: Any) -> list[Row]:
    return list(session.scalars(select(kind).filter_by(**having)))


def grow(made: Populated, count: int) -> None:
    """`count` more of each: members, sites, people, classes, federations, runs, rounds, releases, events and so on."""
    with made.world.hub.db.session() as session:
        for _number in range(count):
            n = next(_names)
            _people(session, made, n)
            _institutions(session, made, n)
            _districts(session, made)
            _sites(session, made, n)
            _classes(session, made, n)
            _federations(session, made, n)
            _rounds(session, made, n)
            _runs(session, made, n)
            _records(session, made)
            _programs(session, made)
            session.flush()


def _people(session: Session, made: Populated, n: int) -> None:
    at, lead = made.ids["institution"], made.world.lead
    for role in (Role.ADMINISTRATOR, Role.PRIVACY_OFFICER, Role.INSTRUCTOR):
        who = session.get_one(Person, lead.administrator.person)
        person = again(session, who, email=f"{role.value}{n}@grown.example", totp_secret="sealed")
        session.flush()
        grant = all_of(session, RoleGrant, institution_id=at)[0]
        again(session, grant, person_id=person.id, role=role)
        sessions.start(session, made.app.state.hub.settings, person, "Firefox")
    operator = cast.make_person(session, f"operator{n}@grown.example", f"O {n}", operator=True)
    operator.totp_secret = "sealed"
    asked = {"token_hash": f"t{n}", "asked_by": operator.id, "asked": now(), "due": now()}
    for locked in (operator, person):
        asked["token_hash"] += "x"
        session.add(FactorReset(id=new_id("reset"), person_id=locked.id, **asked))
    own = session.get_one(Person, lead.administrator.person)
    sessions.start(session, made.app.state.hub.settings, own, "Chromium")
    invitation = session.get_one(Invitation, made.ids["invitation"])
    again(session, invitation, token_hash=f"i{n}", email=f"new{n}@grown.example")
    again(
        session, invitation, token_hash=f"o{n}", email=f"op{n}@grown.example", institution_id=None
    )
    token = session.get_one(ApiToken, made.ids["api_token"])
    again(session, token, prefix=f"p{n}", person_id=person.id)
    for role_actor in (lead.administrator, lead.officer, made.reader):
        session.add(_notice(role_actor.person, at, n))
    version = all_of(session, PolicyVersion, institution_id=at, state=PolicyState.APPROVED)[0]
    again(session, version, number=1000 + n, state=PolicyState.REPLACED, drafted_by=person.id)


def _programs(session: Session, made: Populated) -> None:
    """Webhooks, messages, tries."""
    again(session, session.get_one(Webhook, made.ids["webhook"]))
    again(session, session.get_one(Delivery, made.ids["delivery"]))
    again(session, all_of(session, DeliveryTry, delivery_id=made.ids["delivery"])[0])


def _notice(person: str, at: str, n: int) -> Notice:
    facts = {"site": f"Site {n}", "seen": "2026-11-25 10:00", "path": "/home"}
    kind, about = NoticeKind.SITE_OFFLINE, f"site {n}"
    return Notice(
        id=new_id("notice"),
        person_id=person,
        institution_id=at,
        kind=kind,
        subject=about,
        facts=facts,
        created=now(),
    )


def _institutions(session: Session, made: Populated, n: int) -> None:
    """Verified and outside, verified and a member, and one that waits for the operators."""
    cast.make_institution(session, f"Outside {n}", f"outside{n}.example")
    waiting = cast.make_institution(
        session, f"Waiting {n}", f"waiting{n}.example", state=InstitutionState.REGISTERED
    )
    proof = all_of(session, Proof)[0]
    again(session, proof, institution_id=waiting.id)
    home = cast.make_institution(session, f"Member {n}", f"member{n}.example")
    for state in (MembershipState.ACTIVE, MembershipState.REQUESTED, MembershipState.INVITED):
        if state is not MembershipState.ACTIVE:
            home = cast.make_institution(session, f"{state} {n}", f"{state}{n}.example")
        like = all_of(session, Membership, federation_id=made.world.federation)[0]
        again(session, like, institution_id=home.id, state=state)
        version = all_of(session, PolicyVersion, state=PolicyState.APPROVED)[0]
        policy = again(session, version, institution_id=home.id, number=1)
        session.flush()
        like_site = session.get_one(Site, made.world.members[1].site)
        site = again(session, like_site, institution_id=home.id, policy_version_id=policy.id)
        session.flush()
        _fit(session, made, site)
    again(session, all_of(session, BaseModelFile)[0], name=f"Model {n}", digest=f"{n:064d}")


def _districts(session: Session, made: Populated) -> None:
    """One more offer, and one more floor, on either side."""
    again(session, session.get_one(Tie, made.ids["tie"]), state=TieState.DECLINED)
    floor = session.get_one(PolicyFloor, made.ids["floor"])
    again(session, floor)
    again(session, floor, district_id=floor.school_id, school_id=floor.district_id)


def _fit(session: Session, made: Populated, site: Site) -> None:
    """What the site tells of its records."""
    (sheet,) = all_of(session, SheetVersion, federation_id=made.world.federation, current=True)
    said = {"sheet": sheet.digest, "fitness": "fits", "records_band": "50-99"}
    row = SheetFitRow(id=new_id("fit"), site_id=site.id, sheet_id=sheet.id, at=now())
    row.said = {**said, "modalities": {"table": "50-99"}}
    session.add(row)


def _sites(session: Session, made: Populated, n: int) -> None:
    """Ready and at work in the open round, waiting for its words, and one that has not joined."""
    like = session.get_one(Site, made.world.lead.site)
    version = session.get_one(PolicyVersion, like.policy_version_id)
    policy = again(session, version, number=2000 + n, state=PolicyState.REPLACED)
    session.flush()
    site = again(session, like, name=f"Ready {n}", policy_version_id=policy.id)
    again(session, like, name=f"Joined {n}", state=SiteState.JOINED)
    invited = again(session, like, name=f"Invited {n}", state=SiteState.INVITED, key=None)
    session.flush()
    token = all_of(session, EnrolmentToken)[0]
    again(session, token, token_hash=f"e{n}", site_id=invited.id)
    open_ = all_of(session, Round, run_id=made.ids["run_id"], state=RoundState.TRAINING)[0]
    open_.cohort = [*open_.cohort, site.id]
    job = again(session, all_of(session, Job, round_id=open_.id)[0], site_id=site.id)
    session.flush()
    update = all_of(session, Update, round_id=open_.id)[0]
    again(session, update, site_id=site.id, job_id=job.id)


def _classes(session: Session, made: Populated, n: int) -> None:
    like = session.get_one(SchoolClass, made.ids["class_id"])
    again(session, like, code=f"NEW-{n}", confirmed=None, offered_by=made.world.lead.site)
    taught = again(session, like, code=f"OLD-{n}")
    session.flush()
    again(session, all_of(session, Teaching)[0], class_id=taught.id)
    report = again(session, all_of(session, ClassReport)[0], class_id=taught.id)
    session.flush()
    first = all_of(session, ClassReport, class_id=like.id)[0]
    person = made.world.lead.instructor.person
    for seen in (first, report):
        session.add(ReportView(id=new_id("view"), report_id=seen.id, person_id=person, at=now()))
    other = all_of(session, Person, email=f"instructor{n}@grown.example")[0]
    again(session, all_of(session, ReportFeedback)[0], person_id=other.id)


def _federations(session: Session, made: Populated, n: int) -> None:
    """Led by ours, led by another and joined, led by another and invited to, open to us."""
    like = session.get_one(Federation, made.world.federation)
    at, other = made.ids["institution"], made.world.members[1].institution
    sheet = all_of(session, SheetVersion, federation_id=like.id)[0]
    ways = (("led", at, None), ("joined", other, MembershipState.ACTIVE))
    for word, lead, state in (
        *ways,
        ("invited", other, MembershipState.INVITED),
        ("open", other, None),
    ):
        federation = again(session, like, name=f"{word} {n}", lead_id=lead)
        session.flush()
        again(session, sheet, federation_id=federation.id)
        if state is not None:
            member = all_of(session, Membership, federation_id=like.id)[0]
            again(session, member, federation_id=federation.id, institution_id=at, state=state)


def _rounds(session: Session, made: Populated, n: int) -> None:
    """Of the run that goes on, and of the one that is finished."""
    for run_id in (made.ids["run_id"], made.ids["finished"]):
        _one_round(session, run_id, 100 + n)


def _one_round(session: Session, run_id: str, number: int, into: str = "") -> None:
    """A closed round with its updates, states and figures; of another run when `into` names one."""
    like = all_of(session, Round, run_id=run_id, number=1)[0]
    made = again(session, like, run_id=into or run_id, number=number)
    session.flush()
    for update in all_of(session, Update, round_id=like.id):
        job = again(
            session, session.get_one(Job, update.job_id), run_id=made.run_id, round_id=made.id
        )
        session.flush()
        again(session, update, round_id=made.id, job_id=job.id)
    for state in all_of(session, ModuleState, run_id=run_id, round=1):
        again(session, state, run_id=made.run_id, round=number)
    for figure in all_of(session, Measurement, run_id=run_id, round=1):
        again(session, figure, run_id=made.run_id, round=number)


def _runs(session: Session, made: Populated, n: int) -> None:
    """Finished with a release, going on in an open round, and proposed with answers that wait."""
    like = session.get_one(Run, made.ids["finished"])
    at = made.ids["institution"]
    for place, state in enumerate((RunState.COMPLETED, RunState.RUNNING, RunState.PROPOSED)):
        run = again(session, like, number=1000 + 10 * n + place, state=state)
        session.flush()
        _one_round(session, like.id, 1, into=run.id)
        for home in (at, made.world.members[1].institution):
            asked = session.get_one(RunApproval, made.ids["approval"])
            again(session, asked, run_id=run.id, institution_id=home)
        if state is RunState.RUNNING:
            round_ = all_of(session, Round, run_id=run.id)[0]
            round_.state, round_.deadline = RoundState.TRAINING, now() + timedelta(days=1)
        if state is RunState.COMPLETED:
            release = all_of(session, Release, run_id=like.id)[0]
            again(session, release, run_id=run.id, number=1000 + n, current=False)


def _records(session: Session, made: Populated) -> None:
    """Another event of every kind there is in the chains that people read, and lines of what left."""
    runs, sites = all_of(session, Run), all_of(session, Site)
    for line in list(itertools.islice(all_of(session, SentLine), 3)):
        again(session, line, run_id=runs[-1].id, site_id=sites[-1].id)
    for chain in (made.ids["institution"], "hub"):
        head = session.get_one(Chain, chain)
        for event in _one_of_each(all_of(session, Event, chain_id=chain)):
            head.length += 1
            again(session, event, number=head.length, at=now())


def _one_of_each(events: list[Event]) -> Iterator[Event]:
    """By kind and subject."""
    yield from {(e.kind, e.subject.partition("_")[0]): e for e in events}.values()


__all__ = ["Institution", "grow"]
