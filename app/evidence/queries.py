"""The live records behind a document, many rows at a time. Who asks was asked by `live.gather`."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.access.permissions import Role
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.institutions.models import Institution, SchoolClass
from app.integrations.models import Webhook
from app.integrations.states import WebhookState
from app.people.models import ApiToken, Person, RoleGrant
from app.releases.models import Release
from app.reports.models import ClassReport, ReportView
from app.runs.models import Measurement, Round, Run, RunApproval, Update
from app.runs.states import Choice
from app.runs.tallies import Sums
from app.sites.models import Job, SentLine, Site
from worker.protocol.codes import Refusal, UploadRefusal

RUNS = 50


class Holder(NamedTuple):
    """One role of one person."""

    person: str
    name: str
    role: Role
    second_factor: bool


def holders(session: Session, institution: str) -> list[Holder]:
    rows = session.execute(
        select(Person.id, Person.name, RoleGrant.role, Person.totp_secret.is_not(None))
        .join(RoleGrant, RoleGrant.person_id == Person.id)
        .where(RoleGrant.institution_id == institution)
        .order_by(Person.name, Person.id)
    )
    return [Holder(*row) for row in rows]


class Sent(NamedTuple):
    """What left by kind, as the hub received it."""

    kind: str
    times: int
    bytes: int
    last: datetime


def sent(session: Session, institution: str) -> list[Sent]:
    rows = session.execute(
        select(SentLine.kind, func.count(), func.sum(SentLine.bytes), func.max(SentLine.at))
        .where(SentLine.institution_id == institution)
        .group_by(SentLine.kind)
        .order_by(SentLine.kind)
    )
    return [Sent(kind, count, int(total), last) for kind, count, total, last in rows]


def memberships(session: Session, institution: str) -> list[tuple[Federation, Membership]]:
    """Of today and before, by the federation's name."""
    rows = session.execute(
        select(Federation, Membership)
        .join(Membership, Membership.federation_id == Federation.id)
        .where(Membership.institution_id == institution)
        .order_by(Federation.name)
    )
    return [(federation, membership) for federation, membership in rows]


def members(session: Session, federations: Collection[str]) -> dict[str, list[str]]:
    """Names of active members by federation: what every member sees."""
    rows = session.execute(
        select(Membership.federation_id, Institution.name)
        .join(Institution, Institution.id == Membership.institution_id)
        .where(
            Membership.federation_id.in_(federations),
            Membership.state == MembershipState.ACTIVE,
        )
        .order_by(Institution.name)
    )
    found: dict[str, list[str]] = {id_: [] for id_ in federations}
    for federation, name in rows:
        found[federation].append(name)
    return found


class Part(NamedTuple):
    """An institution's part in one run."""

    run: str
    federation: str
    number: int
    state: str
    updates: int
    bytes: int
    last: datetime


def parts(session: Session, institution: str) -> list[Part]:
    """Runs its sites sent updates for, newest first, `RUNS` at most."""
    last = func.max(Update.received)
    rows = session.execute(
        select(
            Run.id,
            Run.federation_id,
            Run.number,
            Run.state,
            func.count(),
            func.sum(Update.bytes),
            last,
        )
        .join(Round, Round.run_id == Run.id)
        .join(Update, Update.round_id == Round.id)
        .join(Site, Site.id == Update.site_id)
        .where(Site.institution_id == institution)
        .group_by(Run.id, Run.federation_id, Run.number, Run.state)
        .order_by(last.desc())
        .limit(RUNS)
    )
    return [Part(r[0], r[1], r[2], r[3].value, r[4], int(r[5]), r[6]) for r in rows]


class Receipts(NamedTuple):
    """`checked`: signed headers that fit when they came, whatever became of the update. `unfit`: refused for it."""

    checked: int
    unfit: int
    last: datetime | None


def receipts(session: Session, institution: str) -> Receipts:
    """Of its sites' updates. One that was refused at the door has no bytes."""
    came = Update.bytes > 0
    row = session.execute(
        select(
            func.count(case((came, Update.id))),
            func.count(case((Update.refusal == UploadRefusal.WRONG_RECEIPT, Update.id))),
            func.max(case((came, Update.received))),
        )
        .join(Site, Site.id == Update.site_id)
        .where(Site.institution_id == institution)
    ).one()
    return Receipts(*row)


def answers(session: Session, institution: str) -> dict[Choice | None, int]:
    """How often this institution said yes, no, or has not answered yet."""
    rows = session.execute(
        select(RunApproval.choice, func.count())
        .where(RunApproval.institution_id == institution)
        .group_by(RunApproval.choice)
    )
    return {row[0]: row[1] for row in rows}


def refusals(session: Session, institution: str) -> list[tuple[Refusal, int]]:
    """What its sites refused, by rule."""
    rows = session.execute(
        select(Job.refusal, func.count())
        .join(Site, Site.id == Job.site_id)
        .where(Site.institution_id == institution, Job.refusal.is_not(None))
        .group_by(Job.refusal)
        .order_by(Job.refusal)
    )
    return [(code, count) for code, count in rows if code is not None]


def releases(session: Session, federations: Collection[str]) -> list[tuple[Release, Run]]:
    """The current release of each, with the run that made it."""
    rows = session.execute(
        select(Release, Run)
        .join(Run, Run.id == Release.run_id)
        .where(Release.federation_id.in_(federations), Release.current.is_(True))
        .order_by(Release.federation_id, Release.number.desc())
    )
    return [(release, run) for release, run in rows]


def sums(session: Session, runs: Collection[str]) -> dict[str, list[Sums]]:
    """As `app.runs.tallies.sums`, without intervals, of many runs in one read."""
    m = Measurement
    rows = session.execute(
        select(
            m.run_id,
            m.task,
            m.model,
            m.round,
            func.sum(m.weight),
            func.sum(m.weight * m.value),
            func.count(),
            func.max(m.at),
        )
        .where(m.run_id.in_(runs))
        .group_by(m.run_id, m.task, m.model, m.round)
        .order_by(m.run_id, m.task, m.model, m.round)
    )
    found: dict[str, list[Sums]] = {id_: [] for id_ in runs}
    for run, task, model, round_, weight, weighted, sites, at in rows:
        found[run].append(Sums(task, model, round_, weight, weighted, None, sites, at))
    return found


class Counts(NamedTuple):
    classes: int
    reports: int
    views: int
    tokens: int


def counts(session: Session, institution: str, at: datetime) -> Counts:
    """Classes, stored class reports, how often reports were read, living API tokens: one read."""
    reports = select(func.count()).select_from(ClassReport).join(SchoolClass)
    views = select(func.count()).select_from(ReportView).join(ClassReport).join(SchoolClass)
    row = session.execute(
        select(
            select(func.count())
            .select_from(SchoolClass)
            .where(SchoolClass.institution_id == institution)
            .scalar_subquery(),
            reports.where(SchoolClass.institution_id == institution).scalar_subquery(),
            views.where(SchoolClass.institution_id == institution).scalar_subquery(),
            select(func.count())
            .select_from(ApiToken)
            .where(
                ApiToken.institution_id == institution,
                ApiToken.revoked.is_(None),
                ApiToken.expires > at,
            )
            .scalar_subquery(),
        )
    ).one()
    return Counts(*row)


def hooks(session: Session, institution: str) -> list[Webhook]:
    """Where this institution has itself told of events."""
    wanted = select(Webhook).where(
        Webhook.institution_id == institution, Webhook.state != WebhookState.REMOVED
    )
    return list(session.scalars(wanted.order_by(Webhook.created)))
