"""Which sites a round can ask, and why the others cannot: a forecast from what the hub knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from app.federations import cohort
from app.federations import queries as federation_queries
from app.federations.queries import Member
from app.institutions.models import Institution
from app.institutions.states import InstitutionState
from app.runs import queries, tallies
from app.runs.models import Run, RunApproval
from app.runs.schemas import Plan
from app.runs.states import Choice
from app.sites import queries as site_queries
from app.sites import tallies as site_tallies
from app.sites.models import Job, Site
from worker.protocol import rules
from worker.protocol.codes import Refusal
from worker.protocol.policy import PolicyDocument

_LARGEST = 10**6
_PASSING = frozenset(
    {
        Refusal.APPROVAL_MISSING,
        Refusal.EXPIRED,
        Refusal.OTHER_POLICY,
        Refusal.RANK,
        Refusal.ROUND_REPLAYED,
    }
)
"""The next job may be another matter: a person says yes, a site tells its tier anew, the hub learns the policy."""


class Outside(StrEnum):
    """Why a site, or an institution without one, is not asked."""

    NO_SITE = "no-site"
    OFFLINE = "offline"
    REFUSES = "refuses"
    """By the hub's forecast from the policy in force there."""
    REFUSED = "refused"
    """The site itself said no in this run, and its policy has not changed since."""
    APPROVAL_WAITS = "approval-waits"
    DECLINED = "declined"
    SUSPENDED = "suspended"
    """The operators suspended the institution."""


@dataclass(frozen=True)
class Candidate:
    """A site that may be asked. `approved` is the institution's recorded yes at the hub."""

    site: Site
    institution: Institution
    policy: PolicyDocument
    approved: bool


@dataclass(frozen=True)
class LeftOut:
    """`site` is None for an institution without a ready site. `objection` goes with REFUSES and REFUSED."""

    institution: Institution
    site: Site | None
    why: Outside
    objection: rules.Objection | None = None


@dataclass(frozen=True)
class Survey:
    """`cohort` counts the eligible institutions, those under one parent once. `present` and `present_cohort` count
    those, too, whose policy only asks for a larger cohort than is here now."""

    eligible: tuple[Candidate, ...]
    left_out: tuple[LeftOut, ...]
    cohort: int
    present: int
    present_cohort: int
    countries: tuple[str, ...] = ()
    """Of the hub and of every active member."""

    def enough(self, plan: Plan) -> bool:
        return len(self.eligible) >= plan.quorum and self.cohort >= plan.minimum_cohort


def survey(
    session: Session,
    run: Run,
    at: datetime,
    seen_recently_s: int,
    answers: Sequence[RunApproval] | None = None,
) -> Survey:
    """Every active member's sites, sorted by what the hub knows now. `answers`: the run's, if they were read."""
    plan = queries.plan_of(run)
    members = federation_queries.active_or_suspended(session, run.federation_id)
    asked_of = queries.approvals(session, run.id) if answers is None else answers
    given = {a.institution_id: a for a in asked_of}
    refused = {job.site_id: job for job in tallies.refused_training(session, run.id)}
    asked: list[Candidate] = []
    out: list[LeftOut] = []
    ready = site_tallies.ready_of(session, [m.institution.id for m in members])
    policies = {
        version.id: PolicyDocument.model_validate(version.document)
        for version in site_queries.policies_in_force(session, ready)
    }
    for member in members:
        mine = [s for s in ready if s.institution_id == member.institution.id]
        if not mine:
            out.append(LeftOut(member.institution, None, Outside.NO_SITE))
        for site in mine:
            policy = policies.get(site.policy_version_id or "")
            found = _judge(member, site, policy, given.get(member.institution.id))
            if isinstance(found, Candidate):
                found = _present(found, refused.get(site.id), at, seen_recently_s)
            (asked if isinstance(found, Candidate) else out).append(found)  # type: ignore[arg-type]
    countries = cohort.countries(session, (m.institution.country for m in members))
    return _settle(session, plan, asked, out, countries)


def _judge(
    member: Member, site: Site, policy: PolicyDocument | None, given: RunApproval | None
) -> Candidate | LeftOut:
    if member.institution.state is InstitutionState.SUSPENDED:
        return LeftOut(member.institution, site, Outside.SUSPENDED)
    if policy is None:
        objection = rules.Objection(Refusal.NO_POLICY)
        return LeftOut(member.institution, site, Outside.REFUSES, objection)
    choice = None if given is None else given.choice
    if choice is Choice.DECLINE:
        return LeftOut(member.institution, site, Outside.DECLINED)
    if policy.approval == "hub" and choice is None:
        return LeftOut(member.institution, site, Outside.APPROVAL_WAITS)
    return Candidate(site, member.institution, policy, choice is Choice.APPROVE)


def _present(
    found: Candidate, refused: Job | None, at: datetime, seen_recently_s: int
) -> Candidate | LeftOut:
    site = found.site
    if refused is not None and refused.refusal is not None and _stands(refused, site):
        objection = rules.Objection(refused.refusal, refused.refusal_detail or "")
        return LeftOut(found.institution, site, Outside.REFUSED, objection)
    if not site_queries.is_recent(site, seen_recently_s, at):
        return LeftOut(found.institution, site, Outside.OFFLINE)
    return found


def _stands(refused: Job, site: Site) -> bool:
    """Any rule but a passing one stands until the policy changes."""
    if refused.refusal in _PASSING or refused.ended is None:
        return False
    return site.policy_accepted is None or site.policy_accepted <= refused.ended


def _settle(
    session: Session,
    plan: Plan,
    asked: Sequence[Candidate],
    out: list[LeftOut],
    countries: tuple[str, ...],
) -> Survey:
    """A policy may ask for a larger cohort than is left: such a site goes, which may make another one go."""
    parents = federation_queries.parents(session)
    whole = training_terms(plan, _LARGEST, countries)
    staying = [c for c in asked if not rules.objections(c.policy, whole)]
    present = tuple(staying)
    out += [_refusing(c, whole) for c in asked if c not in present]
    while True:
        size = cohort.count([c.institution.id for c in staying], parents)
        terms = training_terms(plan, size, countries)
        objected = {c.site.id: rules.objections(c.policy, terms) for c in staying}
        leaving = [c for c in staying if objected[c.site.id]]
        if not leaving:
            here = cohort.count([c.institution.id for c in present], parents)
            return Survey(tuple(staying), tuple(out), size, len(present), here, countries)
        out += [
            LeftOut(c.institution, c.site, Outside.REFUSES, objected[c.site.id][0]) for c in leaving
        ]
        staying = [c for c in staying if not objected[c.site.id]]


def _refusing(candidate: Candidate, whole: rules.Terms) -> LeftOut:
    """Of a rule that refuses whatever the size of the cohort."""
    objection = rules.objections(candidate.policy, whole)[0]
    return LeftOut(candidate.institution, candidate.site, Outside.REFUSES, objection)


def training_terms(plan: Plan, size: int, countries: tuple[str, ...]) -> rules.Terms:
    """What a training job of this plan asks of a policy, approval apart."""
    return rules.Terms(
        tasks=plan.sheets,
        cohort=max(size, 1),
        minimum_cell=plan.minimum_cell,
        protections=(),
        leaves=("updates",),
        models=plan.model.digests,
        approved_at_hub=True,
        countries=countries,
    )
