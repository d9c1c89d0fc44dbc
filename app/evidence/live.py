"""Everything documents are made from, read in one transaction: live rows and settings, nothing typed in for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import require
from app.access.permissions import Permission, Role
from app.audit import queries as audit
from app.clock import now
from app.evidence import hosts, queries
from app.evidence.parts import Stamp
from app.federations import tallies as federation_tallies
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.integrations.models import Webhook
from app.people import queries as people
from app.policies import district_queries, purposes
from app.policies import queries as policies
from app.policies.models import PolicyVersion, PurposeRecord
from app.releases.models import Release
from app.runs import queries as runs
from app.runs import series
from app.runs.models import Run
from app.runs.states import Choice
from app.runs.views import Series
from app.settings import Settings
from app.sites import queries as sites
from app.sites.models import Site
from app.sites.states import SiteState
from app.text import current_locale
from worker.protocol.codes import Refusal
from worker.protocol.policy import SUPPORTED_PROTECTIONS, PolicyDocument
from worker.protocol.tasks import TaskSheet

INSIDE = (MembershipState.ACTIVE, MembershipState.PAUSED)


@dataclass(frozen=True)
class Joined:
    """One federation the institution is in. `names`: active members, itself included."""

    federation: Federation
    membership: Membership
    names: tuple[str, ...]
    sheets: tuple[TaskSheet, ...]
    lead: str


@dataclass(frozen=True)
class Released:
    """The release in use in one federation, with the figures of its run."""

    federation: Federation
    release: Release
    run: Run
    figures: tuple[Series, ...]


@dataclass(frozen=True)
class Live:
    stamp: Stamp
    settings: Settings
    hosts: hosts.Hosts
    institution: Institution
    verified_by: int
    holders: tuple[queries.Holder, ...]
    version: PolicyVersion | None
    policy: PolicyDocument | None
    approver: str
    purposes: tuple[PurposeRecord, ...]
    """The register, entries in force."""
    floors: tuple[str, ...]
    """Districts whose floor the policy keeps to."""
    sites: tuple[Site, ...]
    in_force: dict[str, int]
    """Site to the number of the version accepted there."""
    documents: dict[str, PolicyDocument]
    """Site to that version."""
    joined: tuple[Joined, ...]
    left: tuple[Federation, ...]
    runs: tuple[queries.Part, ...]
    answers: dict[Choice | None, int]
    refusals: tuple[tuple[Refusal, int], ...]
    sent: tuple[queries.Sent, ...]
    receipts: queries.Receipts
    released: tuple[Released, ...]
    counts: queries.Counts
    hooks: tuple[Webhook, ...]

    @property
    def at(self) -> datetime:
        return self.stamp.at

    @property
    def home(self) -> str:
        """Where this institution's pages begin."""
        return f"/i/{self.institution.id}"

    def address(self, page: str) -> str:
        """Of one of them, whole: a file is read elsewhere."""
        return f"{self.settings.public_url}{self.home}/{page}"

    @property
    def noise(self) -> bool:
        """Whether this version can add noise at all; likewise `secure`."""
        return "noise" in SUPPORTED_PROTECTIONS

    @property
    def secure(self) -> bool:
        return "secure-aggregation" in SUPPORTED_PROTECTIONS

    def people(self, role: Role) -> tuple[queries.Holder, ...]:
        return tuple(h for h in self.holders if h.role is role)

    @property
    def sheets(self) -> tuple[TaskSheet, ...]:
        return tuple(sheet for one in self.joined for sheet in one.sheets)


def gather(session: Session, settings: Settings, actor: Actor, institution: str) -> Live:
    """Raises NotFound for a stranger, NotAllowed for a member without the right."""
    require(actor, Permission.EVIDENCE_READ, institution)
    row = institutions.by_id(session, institution)
    version = policies.current(session, institution)
    own = tuple(
        s for s in sites.of_institution(session, institution) if s.state is not SiteState.REVOKED
    )
    in_force = _in_force(session, own)
    every = queries.memberships(session, institution)
    joined = _joined(session, [(f, m) for f, m in every if m.state in INSIDE])
    return Live(
        stamp=_stamp(session, settings, row),
        settings=settings,
        hosts=hosts.of(settings),
        institution=row,
        verified_by=institutions.operators_of(row),
        holders=tuple(queries.holders(session, institution)),
        version=version,
        policy=policies.document(version) if version else None,
        floors=tuple(district_queries.keeping(session, institution)),
        approver=_name(session, version.decided_by if version else None),
        purposes=tuple(purposes.in_force(session, institution)),
        sites=own,
        in_force={site: found.number for site, found in in_force.items()},
        documents={site: policies.document(found) for site, found in in_force.items()},
        joined=joined,
        left=tuple(f for f, m in every if m.state is MembershipState.LEFT),
        runs=tuple(queries.parts(session, institution)),
        answers=queries.answers(session, institution),
        refusals=tuple(queries.refusals(session, institution)),
        sent=tuple(queries.sent(session, institution)),
        receipts=queries.receipts(session, institution),
        released=_released(session, joined),
        counts=queries.counts(session, institution, now()),
        hooks=tuple(queries.hooks(session, institution)),
    )


def _in_force(session: Session, own: tuple[Site, ...]) -> dict[str, PolicyVersion]:
    """Site to the version accepted there."""
    versions = {v.id: v for v in sites.policies_in_force(session, own)}
    return {s.id: versions[s.policy_version_id] for s in own if s.policy_version_id in versions}


def _stamp(session: Session, settings: Settings, row: Institution) -> Stamp:
    number, head = audit.head(session, row.id)
    return Stamp(now(), row.id, row.name, settings.hub_name, number, head, current_locale())


def _name(session: Session, person: str | None) -> str:
    return people.names(session, {person}).get(person, "") if person else ""


def _joined(session: Session, found: list[tuple[Federation, Membership]]) -> tuple[Joined, ...]:
    ids = [federation.id for federation, _m in found]
    names = queries.members(session, ids)
    sheets = federation_tallies.documents(session, ids)
    leads = institutions.names(session, {federation.lead_id for federation, _m in found})
    return tuple(
        Joined(f, m, tuple(names[f.id]), tuple(sheets.get(f.id, ())), leads.get(f.lead_id, ""))
        for f, m in found
    )


def _released(session: Session, joined: tuple[Joined, ...]) -> tuple[Released, ...]:
    named = {one.federation.id: one.federation for one in joined}
    found = queries.releases(session, list(named))
    sums = queries.sums(session, [run.id for _release, run in found])
    return tuple(
        Released(
            named[release.federation_id],
            release,
            run,
            series.of_plan(runs.plan_of(run), sums[run.id]),
        )
        for release, run in found
    )
