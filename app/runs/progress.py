"""The run page's tree: loaded once, cut down to what the reader may see."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.clock import now
from app.federations import queries as federation_queries
from app.institutions import queries as institution_queries
from app.people import queries as people_queries
from app.policies import queries as policy_queries
from app.runs import (
    module_states,
    queries,
    receipts,
    series,
    site_rows,
    tallies,
    updates,
    words,
)
from app.runs.models import ModuleState, Round, Run, RunApproval, Update
from app.runs.participation import participation
from app.runs.queries import Seen
from app.runs.schemas import Plan
from app.runs.standings import Stage, opened
from app.runs.states import RoundState, RunState, UpdateState
from app.runs.tallies import RoundLine, Tally
from app.runs.views import (
    ApprovalView,
    ModuleLine,
    Progress,
    RefusedCount,
    RoundView,
    Series,
    SiteRow,
    UpdateLine,
)
from app.sites import tallies as site_tallies
from app.sites.models import Site
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS


@dataclass(frozen=True)
class Look:
    """What one look at a run found: its tree, and the rows beside it that its page names."""

    progress: Progress
    stage: Stage


def progress(session: Session, run: Run, actor: Actor, *, seen_recently_s: int) -> Progress:
    """For a run the actor got from `queries.get`: with the figures of the reader's own sites."""
    federation = queries.federation_of(session, run)
    own = federation_queries.inside(
        session, federation, institutions_where(actor, Permission.RUN_READ)
    )
    seen = Seen(run, federation, own, federation.lead_id in own)
    return look(session, seen, seen_recently_s=seen_recently_s, figures_of=own).progress


def look(
    session: Session, seen: Seen, *, seen_recently_s: int, figures_of: frozenset[str] = frozenset()
) -> Look:
    """`figures_of`: institutions whose own sites' figures are wanted beside everybody's."""
    run, own, at = seen.run, seen.inside, now()
    plan, leads = queries.plan_of(run), seen.leads
    found = tallies.rounds_shown(session, run.id)
    sent = tallies.updates_by_round(session, run.id)
    in_work = any(r.state in queries.OPEN_ROUND for r in found)
    current = queries.open_round(session, run.id) if in_work else None
    open_ = None if current is None else opened(session, current)
    stands = None if open_ is None else open_.standing
    given = queries.approvals(session, run.id)
    sites = site_rows.rows(session, seen, open_, given, at, seen_recently_s)
    tree = Progress(
        run_id=run.id,
        number=run.number,
        federation_id=run.federation_id,
        state=run.state,
        reason=words.reason(run.reason),
        pause_asked=run.pause_asked,
        leads=leads,
        rounds_planned=plan.rounds,
        rounds=tuple(_round(r, sent.get(r.id, [])) for r in found),
        current=None if current is None else _round(current, sent.get(current.id, [])),
        awaited=0 if stands is None else stands.awaited,
        missing=0 if stands is None else max(stands.quorum - stands.updates, 0),
        wait_until=None if current is None else current.deadline,
        sites=sites,
        participation=participation(session, run.id, found, own, leads=leads),
        series=_series(session, run, plan, figures_of, own),
        approvals=_approvals(session, given, own, sites, leads=leads),
        release_ready=run.state is RunState.COMPLETED,
        changed=run.changed,
        as_of=at,
    )
    unanswered = sum(a.choice is None for a in given)
    over = sum(r.state in (RoundState.CLOSED, RoundState.VOID) for r in found)
    return Look(tree, Stage(over, current, stands, unanswered))


def _series(
    session: Session, run: Run, plan: Plan, own: frozenset[str], inside: frozenset[str]
) -> tuple[Series, ...]:
    mine = tallies.sums(session, run.id, own) if own else []
    every = tallies.sums(session, run.id)
    chosen = tallies.choices(session, run.id) if plan.training.personal is not None else []
    return series.of_plan(plan, every, mine, run.reference, chosen, inside)


def round_view(session: Session, run: Run, round_: Round, actor: Actor) -> RoundView:
    """The page of one round: with digests, and the updates the reader may see one by one."""
    return round_views(session, run, (round_,), actor)[round_.id]


def round_views(
    session: Session, run: Run, rounds: Sequence[Round], actor: Actor
) -> dict[str, RoundView]:
    """As `round_view`, by round."""
    federation = queries.federation_of(session, run)
    own = federation_queries.inside(
        session, federation, institutions_where(actor, Permission.RUN_READ)
    )
    leads = federation.lead_id in own
    sent = tallies.updates_of_rounds(session, [r.id for r in rounds])
    states = tallies.states_of_rounds(session, run.id, [r.number for r in rounds])
    sites = site_tallies.by_ids(session, {u.site_id for found in sent.values() for u in found})
    names = institution_queries.names(session, {s.institution_id for s in sites.values()})
    made: dict[str, RoundView] = {}
    for one in rounds:
        found = sent.get(one.id, [])
        view = _round(one, [Tally(u.state, u.refusal) for u in found])
        lines = tuple(
            _line(one, u, sites[u.site_id], names, own)
            for u in found
            if leads or sites[u.site_id].institution_id in own
        )
        modules = _modules(one, states.get(one.number, {}))
        made[one.id] = replace(view, modules=modules, updates=lines)
    return made


def _modules(round_: Round, after: Mapping[str, ModuleState]) -> tuple[ModuleLine, ...]:
    kept = module_states.kept(after)
    return tuple(
        ModuleLine(
            module=name,
            base=base,
            digest=after[name].digest if name in after else None,
            bytes=after[name].bytes if name in after else None,
            sites=after[name].sites if name in after else None,
            held=after[name].held if name in after else False,
            kept=kept.get(name, NO_ROWS),
        )
        for name, base in sorted(round_.base.items())
    )


def _round(round_: Round | RoundLine, sent: Sequence[Tally]) -> RoundView:
    refused: Counter[UploadRefusal] = Counter()
    for tally in sent:
        if tally.refusal is not None:
            refused[tally.refusal] += tally.count
    return RoundView(
        id=round_.id,
        number=round_.number,
        state=round_.state,
        reason=words.reason(round_.reason),
        asked=len(round_.cohort),
        quorum=round_.quorum,
        received=sum(u.count for u in sent),
        taken=sum(u.count for u in sent if _taken(round_, u)),
        refused=tuple(RefusedCount(code, n) for code, n in sorted(refused.items())),
        opened=round_.opened,
        deadline=round_.deadline,
        complete=round_.complete,
        closed=round_.closed,
    )


def _taken(round_: Round | RoundLine, update: Update | Tally) -> bool:
    """Its share is in the next state: also after its bytes were deleted."""
    gone = update.state in (UpdateState.TAKEN, UpdateState.DELETED)
    return gone and update.refusal is None and round_.state is RoundState.CLOSED


def _line(
    round_: Round, update: Update, site: Site, names: dict[str, str], own: frozenset[str]
) -> UpdateLine:
    mine = site.institution_id in own
    return UpdateLine(
        institution_name=names.get(site.institution_id, ""),
        own=mine,
        digest=update.digest,
        bytes=update.bytes,
        received=update.received,
        taken=_taken(round_, update),
        refusal=update.refusal,
        refusal_detail=update.refusal_detail if mine else "",
        deleted=update.deleted,
        weights=dict(update.weights) if mine else {},
        late=bool(update.header) and updates.header_of(update.header).round != round_.number,
        receipt=receipts.of(update) if mine else None,
    )


def _approvals(
    session: Session,
    given: Sequence[RunApproval],
    own: frozenset[str],
    sites: Sequence[SiteRow],
    *,
    leads: bool,
) -> tuple[ApprovalView, ...]:
    names = {row.institution: row.institution_name for row in sites}
    if unnamed := {a.institution_id for a in given} - names.keys():
        names |= institution_queries.names(session, unnamed)
    deciders = {a.decided_by for a in given if a.decided_by and a.institution_id in own}
    people = people_queries.names(session, deciders) if deciders else {}
    mine_under = {a.policy_version_id or "" for a in given if a.institution_id in own}
    policies = policy_queries.by_ids(session, mine_under - {""})
    made: list[ApprovalView] = []
    for one in given:
        mine = one.institution_id in own
        policy = policies.get(one.policy_version_id or "") if mine else None
        open_ = mine or leads
        made.append(
            ApprovalView(
                institution=one.institution_id,
                institution_name=names.get(one.institution_id, ""),
                own=mine,
                answered=one.choice is not None,
                approved=None if one.choice is None or not open_ else one.choice == "approve",
                by=people.get(one.decided_by or "") if mine else None,
                policy_number=None if policy is None else policy.number,
                reason=one.reason if mine else None,
                asked=one.asked,
                expires=one.expires,
                decided=one.decided,
            )
        )
    return tuple(made)
