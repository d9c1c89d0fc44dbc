"""The run page's tree: loaded once, cut down to what the reader may see."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.clock import now
from app.federations import queries as federation_queries
from app.federations.models import Federation
from app.institutions import queries as institution_queries
from app.people import queries as people_queries
from app.policies import queries as policy_queries
from app.runs import (
    module_states,
    queries,
    series,
    site_rows,
    tallies,
    updates,
    words,
)
from app.runs.models import Round, Run, RunApproval, Update
from app.runs.schemas import Plan
from app.runs.standings import Stage, standing
from app.runs.states import RoundState, RunState, UpdateState
from app.runs.tallies import Tally
from app.runs.views import (
    ApprovalView,
    ModuleLine,
    Progress,
    RefusedCount,
    RoundView,
    Series,
    UpdateLine,
)
from app.sites.models import Site
from worker.protocol.codes import UploadRefusal
from worker.protocol.kept import NO_ROWS


@dataclass(frozen=True)
class Look:
    """What one look at a run found: its tree, and the rows beside it that its page names."""

    progress: Progress
    stage: Stage
    federation: Federation


def progress(session: Session, run: Run, actor: Actor, *, seen_recently_s: int) -> Progress:
    """For a run the actor got from `queries.get`."""
    return look(session, run, actor, seen_recently_s=seen_recently_s).progress


def look(session: Session, run: Run, actor: Actor, *, seen_recently_s: int) -> Look:
    """As `progress`."""
    at, plan = now(), queries.plan_of(run)
    federation = queries.federation_of(session, run)
    own = federation_queries.inside(
        session, federation, institutions_where(actor, Permission.RUN_READ)
    )
    leads = federation.lead_id in own
    found = tallies.rounds_shown(session, run.id)
    sent = tallies.updates_by_round(session, run.id)
    current = next((r for r in found if r.state in queries.OPEN_ROUND), None)
    stands = None if current is None else standing(session, current)
    given = queries.approvals(session, run.id)
    seen = Progress(
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
        sites=site_rows.rows(
            session, run, current, own, leads=leads, at=at, seen_recently_s=seen_recently_s
        ),
        series=_series(session, run, plan, own),
        approvals=_approvals(session, given, own, leads=leads),
        release_ready=run.state is RunState.COMPLETED,
        changed=run.changed,
        as_of=at,
    )
    unanswered = sum(a.choice is None for a in given)
    over = sum(r.state in (RoundState.CLOSED, RoundState.VOID) for r in found)
    return Look(seen, Stage(over, current, stands, unanswered), federation)


def _series(session: Session, run: Run, plan: Plan, own: frozenset[str]) -> tuple[Series, ...]:
    every, mine = tallies.sums(session, run.id), tallies.sums(session, run.id, own)
    return series.of_plan(plan, every, mine, run.reference)


def round_view(session: Session, run: Run, round_: Round, actor: Actor) -> RoundView:
    """The page of one round: with digests, and the updates the reader may see one by one."""
    federation = queries.federation_of(session, run)
    own = federation_queries.inside(
        session, federation, institutions_where(actor, Permission.RUN_READ)
    )
    leads = federation.lead_id in own
    sent = queries.updates(session, round_.id)
    view = _round(round_, [Tally(u.state, u.refusal) for u in sent])
    after = {s.module: s for s in queries.states_of_round(session, run.id, round_.number)}
    kept = module_states.kept(after)
    modules = tuple(
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
    lines = _update_lines(session, round_, sent, own, leads=leads)
    return RoundView(**{**view.__dict__, "modules": modules, "updates": lines})


def _round(round_: Round, sent: Sequence[Tally]) -> RoundView:
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


def _taken(round_: Round, update: Update | Tally) -> bool:
    """Its share is in the next state: also after its bytes were deleted."""
    gone = update.state in (UpdateState.TAKEN, UpdateState.DELETED)
    return gone and update.refusal is None and round_.state is RoundState.CLOSED


def _update_lines(
    session: Session, round_: Round, sent: Sequence[Update], own: frozenset[str], *, leads: bool
) -> tuple[UpdateLine, ...]:
    sites = queries.sites(session, [u.site_id for u in sent])
    names = institution_queries.names(session, {s.institution_id for s in sites.values()})
    return tuple(
        _line(round_, u, sites[u.site_id], names, own)
        for u in sent
        if leads or sites[u.site_id].institution_id in own
    )


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
    )


def _approvals(
    session: Session, given: Sequence[RunApproval], own: frozenset[str], *, leads: bool
) -> tuple[ApprovalView, ...]:
    names = institution_queries.names(session, {a.institution_id for a in given})
    people = people_queries.names(session, {a.decided_by for a in given if a.decided_by})
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
