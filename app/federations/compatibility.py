"""Who can take part, before a run: every member's policy against the federation's terms, rule by rule.

A forecast by the hub's copy of each policy. The site's guard decides by the policy accepted there.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.federations import cohort, queries, tallies
from app.federations.models import Federation
from app.federations.queries import Member
from app.federations.states import MembershipState
from app.policies import queries as policy_queries
from app.policies.queries import Approved
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument
from worker.protocol.rules import Objection, Terms
from worker.protocol.rules import objections as judged
from worker.protocol.tasks import TaskSheet

_ACCEPTED = frozenset({MembershipState.ACTIVE, MembershipState.PAUSED})
"""Of these the lead reads the rules' names and how many sites are ready: they were told so before they accepted."""


@dataclass(frozen=True)
class Row:
    """One member. What the reader may not see is None, not empty.

    `allows`: the policy approved at the hub lets its sites train. `rules`: names of the rules that refuse, for the
    institution itself and the lead. `objections` (with details) and `stays` (flows of the terms its policy keeps
    at home, so that it trains but sends none of them) for the institution itself.
    """

    member: Member
    allows: bool
    rules: tuple[Refusal, ...] | None
    objections: tuple[Objection, ...] | None
    stays: tuple[str, ...] | None
    policy_number: int | None
    sites_ready: int | None
    """Sites with a policy in force, for the institution itself and the lead."""


@dataclass(frozen=True)
class Matrix:
    """`cohort` counts members whose policy allows it, those under one parent once."""

    rows: tuple[Row, ...]
    cohort: int
    minimum_cohort: int

    @property
    def enough(self) -> bool:
        return self.cohort >= self.minimum_cohort


def training_terms(
    federation: Federation,
    sheets: Sequence[TaskSheet],
    members: int,
    countries: tuple[str, ...] = (),
) -> Terms:
    """What a training job would ask. Other flows are jobs of their own: a policy may close those and still train."""
    terms = queries.terms(federation)
    return Terms(
        tasks=tuple(sheets),
        cohort=members,
        minimum_cell=terms.minimum_cell,
        protections=(),
        leaves=("updates",),
        models=queries.model(federation).digests,
        approved_at_hub=True,
        countries=countries,
    )


def matrix(
    session: Session, federation: Federation, actor: Actor, *, active: bool = False
) -> Matrix:
    """As this actor may see it: others' rows show yes or no, of those who are in the lead also the rules' names.

    `active`: only of members that a run could ask now, not of the invited, paused or suspended.
    """
    own = institutions_where(actor, Permission.FEDERATION_READ)
    members = queries.members(session, federation)
    if active:
        able = {m.institution.id for m in queries.active_members(session, federation.id)}
        members = [m for m in members if m.institution.id in able]
    counted = [m for m in members if m.membership.state is not MembershipState.REQUESTED]
    parents = queries.parents(session)
    asked = cohort.count([m.institution.id for m in counted], parents)
    sheets = queries.documents(session, federation.id)
    countries = cohort.countries(session, (m.institution.country for m in counted))
    terms = training_terms(federation, sheets, asked, countries)
    leads = federation.lead_id in own
    flows = queries.terms(federation).leaves
    homes = {m.institution.id for m in counted}
    versions = policy_queries.approved_of(session, homes)
    accepted = {m.institution.id for m in counted if m.membership.state in _ACCEPTED}
    shown = accepted | own if leads else homes & own
    ready = tallies.sites_in_force(session, shown)
    rows = tuple(
        _row(
            m,
            versions.get(m.institution.id),
            terms,
            flows,
            own,
            ready,
            leads=leads and m.institution.id in accepted,
        )
        for m in counted
    )
    willing = [r.member.institution.id for r in rows if r.allows]
    return Matrix(rows, cohort.count(willing, parents), queries.terms(federation).minimum_cohort)


def row_of(session: Session, federation: Federation, institution_id: str) -> Row:
    """An institution's own fit, also before it is a member: it counts itself in."""
    return rows_of(session, (federation,), institution_id)[federation.id]


def rows_of(
    session: Session, federations: Collection[Federation], institution_id: str
) -> dict[str, Row]:
    """As `row_of`, by federation."""
    institution = queries.institution(session, institution_id)
    if institution is None:
        raise LookupError(institution_id)
    ids = [federation.id for federation in federations]
    inside, mine = tallies.inside(session, ids), tallies.memberships(session, ids, institution_id)
    sheets, parents = tallies.documents(session, ids), queries.parents(session)
    version = policy_queries.approved_of(session, {institution_id}).get(institution_id)
    own, ready = frozenset({institution_id}), tallies.sites_in_force(session, {institution_id})
    made: dict[str, Row] = {}
    for federation in federations:
        asked = cohort.count({*inside[federation.id], institution_id}, parents)
        there = {*inside[federation.id].values(), institution.country}
        countries = cohort.countries(session, there)
        terms = training_terms(federation, sheets[federation.id], asked, countries)
        flows = queries.terms(federation).leaves
        found = mine.get(federation.id) or queries.nobody(federation, institution_id)
        member = Member(found, institution)
        made[federation.id] = _row(member, version, terms, flows, own, ready, leads=False)
    return made


def _row(
    member: Member,
    version: Approved | None,
    terms: Terms,
    flows: Sequence[str],
    own: frozenset[str],
    ready: Mapping[str, int],
    *,
    leads: bool,
) -> Row:
    document = None if version is None else version.document
    found = objections(document, terms)
    mine = member.institution.id in own
    return Row(
        member=member,
        allows=not found,
        rules=tuple(dict.fromkeys(o.code for o in found)) if mine or leads else None,
        objections=found if mine else None,
        stays=_stays(document, flows) if mine else None,
        policy_number=version.number if version is not None and mine else None,
        sites_ready=ready.get(member.institution.id, 0) if mine or leads else None,
    )


def objections(document: PolicyDocument | None, terms: Terms) -> tuple[Objection, ...]:
    """Every rule that refuses. No policy means refuse, not pass."""
    if document is None:
        return (Objection(Refusal.NO_POLICY),)
    return judged(document, terms)


def _stays(document: PolicyDocument | None, flows: Sequence[str]) -> tuple[str, ...]:
    if document is None:
        return tuple(flows)
    return tuple(flow for flow in flows if not getattr(document.leaves, flow))
