"""Reading sites, their jobs and what they sent. The hub's own code reads by id; people through an actor."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.loaders import require
from app.access.permissions import Permission
from app.clock import now
from app.errors import NotFound
from app.institutions.models import Institution
from app.paging import Cut, Order, Part
from app.people.models import Person
from app.policies.models import PolicyVersion
from app.policies.states import PolicyState
from app.sites import tallies
from app.sites.models import EnrolmentToken, Job, SentLine, Site, Upload
from app.sites.standing import may_work
from app.sites.states import ENDED, JobState, SiteState
from app.text import _
from worker.protocol.codes import Lane
from worker.protocol.policy import PolicyDocument
from worker.protocol.signatures import PublicKey, six_words


def visible_to(actor: Actor) -> Select[Site]:
    """Sites of every institution where the actor may read sites."""
    return (
        select(Site)
        .where(Site.institution_id.in_(institutions_where(actor, Permission.SITE_READ)))
        .order_by(Site.created, Site.id)
    )


def get(session: Session, actor: Actor, permission: Permission, site_id: str) -> Site:
    """Raises NotFound for a stranger, NotAllowed for a member without the permission."""
    site = session.get(Site, site_id)
    if site is None:
        raise NotFound(_("There is nothing here for you."))
    require(actor, permission, site.institution_id)
    return site


def of_institution(session: Session, institution_id: str) -> Sequence[Site]:
    """For the hub's own decisions; oldest first, revoked ones too."""
    wanted = select(Site).where(Site.institution_id == institution_id)
    return session.scalars(wanted.order_by(Site.created, Site.id)).all()


def by_id(session: Session, site_id: str) -> Site | None:
    """For the door and the hub's workers, which have no actor."""
    return session.get(Site, site_id)


def last_heard_before(session: Session, since: datetime) -> Sequence[Site]:
    """Confirmed sites, across every institution: for the hub's own looking."""
    query = select(Site).where(Site.state == SiteState.READY, Site.last_seen < since)
    return session.scalars(query.order_by(Site.id)).all()


@dataclass(frozen=True)
class Door:
    """The columns of a site that every request asks for: a plain row costs a third of the mapped one."""

    key: str | None
    next_key: str | None
    state: SiteState
    last_seen: datetime | None


def at_door(session: Session, site_id: str) -> Door | None:
    wanted = select(Site.key, Site.next_key, Site.state, Site.last_seen).where(Site.id == site_id)
    found = session.execute(wanted).first()
    return Door(*found) if found else None


def fingerprint(site: Site) -> str | None:
    """Of the key in force, as `collegium-site status` shows it; None before it joined."""
    return PublicKey(site.key).fingerprint if site.key else None


def words(hub_key: PublicKey, site: Site) -> tuple[str, ...]:
    """The six words the site shows too; empty before it joined."""
    return six_words(hub_key, PublicKey(site.key), site.id) if site.key else ()


def is_recent(site: Site, within_s: int, at: datetime | None = None) -> bool:
    """Seen within the last `within_s` seconds."""
    seen = site.last_seen
    return seen is not None and (at or now()) - seen <= timedelta(seconds=within_s)


def policy_in_force(session: Session, site: Site) -> PolicyVersion | None:
    """The version a person accepted at the site."""
    return session.get(PolicyVersion, site.policy_version_id) if site.policy_version_id else None


_VERSIONS = select(PolicyVersion).where(PolicyVersion.id.in_(bindparam("ids", expanding=True)))


def policies_in_force(session: Session, sites: Iterable[Site]) -> Sequence[PolicyVersion]:
    """Those of many sites in one read."""
    wanted = {site.policy_version_id for site in sites if site.policy_version_id}
    return session.scalars(_VERSIONS, {"ids": sorted(wanted)}).all()


def numbers_in_force(session: Session, sites: Iterable[Site]) -> dict[str, int]:
    """Site to the number of the policy version in force there; absent without one."""
    found = list(sites)
    numbers = {v.id: v.number for v in policies_in_force(session, found)}
    return {s.id: numbers[s.policy_version_id] for s in found if s.policy_version_id in numbers}


def document_in_force(session: Session, site: Site) -> PolicyDocument | None:
    version = policy_in_force(session, site)
    return PolicyDocument.model_validate(version.document) if version else None


def policy_offered(session: Session, institution_id: str) -> PolicyVersion | None:
    """The institution's newest approved version, whether any site accepted it or not."""
    return session.scalars(
        select(PolicyVersion)
        .where(
            PolicyVersion.institution_id == institution_id,
            PolicyVersion.state == PolicyState.APPROVED,
        )
        .order_by(PolicyVersion.number.desc())
        .limit(1)
    ).first()


def home(session: Session, site: Site) -> Institution:
    """The institution a site belongs to."""
    return session.get_one(Institution, site.institution_id)


def approver_name(session: Session, version: PolicyVersion) -> str:
    """Who approved a policy, for the person who accepts it at the site; empty when erased."""
    person = session.get(Person, version.decided_by) if version.decided_by else None
    return person.name if person else ""


def token_waiting(session: Session, site: Site) -> EnrolmentToken | None:
    """The unused, unexpired token of a site that has not joined."""
    return tallies.tokens_waiting(session, (site,)).get(site.id)


def job(session: Session, job_id: str) -> Job | None:
    return session.get(Job, job_id)


def round_of_job(session: Session, job_id: str) -> str | None:
    return session.scalar(select(Job.round_id).where(Job.id == job_id))


def jobs_of_round(session: Session, round_id: str) -> Sequence[Job]:
    wanted = select(Job).where(Job.round_id == round_id)
    return session.scalars(wanted.order_by(Job.created, Job.id)).all()


def open_jobs(session: Session, site: Site) -> Sequence[Job]:
    """Not ended, oldest first."""
    return session.scalars(
        select(Job).where(Job.site_id == site.id, tallies.is_open()).order_by(Job.created, Job.id)
    ).all()


_NEXT_DUE = select(func.min(func.coalesce(Job.not_before, Job.created))).where(
    Job.site_id == bindparam("site"),
    Job.lane == bindparam("lane"),
    Job.state == JobState.WAITING,
    Job.cancel_asked.is_(False),
    Job.pause_asked.is_(False),
)
"""Built once: a thousand waiting sites ask it."""


def next_due(reader: Session | Connection, site_id: str, lane: Lane) -> datetime | None:
    """When the earliest job of this inbox may be handed out; None when nothing waits. May lie in the past."""
    return reader.scalar(_NEXT_DUE, {"site": site_id, "lane": lane})


def due(site_id: str, lane: Lane, at: datetime) -> Select[str]:
    """Ids of jobs to hand out now, oldest first: none to a site of a suspended institution."""
    return (
        select(Job.id)
        .where(
            Job.site_id == site_id,
            Job.lane == lane,
            Job.state == JobState.WAITING,
            Job.cancel_asked.is_(False),
            Job.pause_asked.is_(False),
            or_(Job.not_before.is_(None), Job.not_before <= at),
            may_work(site_id),
        )
        .order_by(Job.created, Job.id)
    )


def uploads_of(session: Session, job_id: str) -> Sequence[Upload]:
    return session.scalars(select(Upload).where(Upload.job_id == job_id)).all()


def upload(session: Session, upload_id: str) -> Upload | None:
    return session.get(Upload, upload_id)


def wants_bytes(session: Session, upload_id: str) -> bool:
    """Whether an upload is unfinished and its job still open, so that its site may go on with it."""
    found = session.scalar(
        select(Upload.id)
        .join(Job, Job.id == Upload.job_id)
        .where(Upload.id == upload_id, Upload.completed.is_(None), Job.state.not_in(ENDED))
    )
    return found is not None


def sent(
    session: Session,
    actor: Actor,
    institution_id: str,
    *,
    limit: int = 200,
    after: str | None = None,
) -> Sequence[SentLine]:
    """What left the sites of an institution, newest first, as the hub received it.

    `after` is the id of the last line of the page before. Raises NotFound for one that is not the institution's.
    """
    require(actor, Permission.SENT_READ, institution_id)
    wanted = select(SentLine).where(SentLine.institution_id == institution_id)
    if after is not None:
        last = session.get(SentLine, after)
        if last is None or last.institution_id != institution_id:
            raise NotFound(_("There is no such line."))
        earlier = and_(SentLine.at == last.at, SentLine.id < last.id)
        wanted = wanted.where(or_(SentLine.at < last.at, earlier))
    ordered = wanted.order_by(SentLine.at.desc(), SentLine.id.desc())
    return session.scalars(ordered.limit(limit)).all()


def sent_since(
    session: Session, actor: Actor, institution_id: str, since: datetime
) -> tuple[int, int]:
    """How many transfers left the sites of an institution since then, and their bytes."""
    require(actor, Permission.SENT_READ, institution_id)
    query = select(func.count(SentLine.id), func.coalesce(func.sum(SentLine.bytes), 0)).where(
        SentLine.institution_id == institution_id, SentLine.at >= since
    )
    count, total = session.execute(query).one()
    return count, int(total)


@dataclass(frozen=True)
class SentFilter:
    """Everything given must fit."""

    site: str | None = None
    run: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def sent_part(
    session: Session, actor: Actor, institution_id: str, wanted: SentFilter, cut: Cut
) -> Part[SentLine]:
    """What left the sites of an institution, newest first. Raises Invalid for a cursor of another list."""
    require(actor, Permission.SENT_READ, institution_id)
    query = select(SentLine).where(SentLine.institution_id == institution_id)
    if wanted.site:
        query = query.where(SentLine.site_id == wanted.site)
    if wanted.run:
        query = query.where(SentLine.run_id == wanted.run)
    if wanted.kind:
        query = query.where(SentLine.kind == wanted.kind)
    if wanted.since:
        query = query.where(SentLine.at >= wanted.since)
    if wanted.until:
        query = query.where(SentLine.at < wanted.until)
    order = (Order(SentLine.at, falling=True), Order(SentLine.id, falling=True))
    return cut.cut(session.scalars(cut.select(query, *order)).all(), *order)
