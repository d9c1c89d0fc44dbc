"""Who is asked whether a run may use their records, what they said, and whether that is enough."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.actor import Actor, institutions_where
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.service import record
from app.clock import now
from app.effects import Ring, after_commit
from app.federations import queries as federation_queries
from app.federations.queries import Member
from app.ids import new_id
from app.policies import queries as policy_queries
from app.runs import queries
from app.runs.models import Run, RunApproval
from app.runs.states import Choice
from app.sites import tallies as site_tallies
from worker.protocol.policy import PolicyDocument


def ask(session: Session, run: Run) -> list[RunApproval]:
    """Asks every active member whose policy wants approval at the hub and that was not asked yet."""
    plan = queries.plan_of(run)
    asked = {a.institution_id for a in queries.approvals(session, run.id)}
    made = []
    for member in _members_asked(session, run, but=asked):
        approval = RunApproval(
            id=new_id("approval"),
            run_id=run.id,
            institution_id=member.institution.id,
            asked=now(),
            expires=now() + timedelta(days=plan.approval_days),
        )
        session.add(approval)
        session.flush()
        record(
            session,
            "hub",
            kinds.RUN_ASKED,
            chain=member.institution.id,
            subject=run.id,
            body={"federation": run.federation_id, "number": run.number},
        )
        after_commit(session, Ring(f"institution:{member.institution.id}"))
        made.append(approval)
    return made


def _members_asked(
    session: Session, run: Run, but: Collection[str] = frozenset()
) -> Iterable[Member]:
    for member in federation_queries.active_members(session, run.federation_id):
        if member.institution.id in but:
            continue
        version = policy_queries.current(session, member.institution.id)
        if version is None:
            continue
        if PolicyDocument.model_validate(version.document).approval == "hub":
            yield member


def answered(session: Session, run: Run, at: datetime) -> bool:
    """Everyone asked said yes or no, let their time pass, or cannot answer any more: left, or suspended."""
    silent = {
        a.institution_id
        for a in queries.approvals(session, run.id)
        if a.choice is None and a.expires > at
    }
    if not silent:
        return True
    members = federation_queries.active_members(session, run.federation_id)
    return silent.isdisjoint(m.institution.id for m in members)


def yes(approvals: Iterable[RunApproval]) -> int:
    return sum(a.choice is Choice.APPROVE for a in approvals)


def willing(session: Session, run: Run) -> int:
    """Sites that may take part as far as approval goes; an institution without one counts as one to come.

    Counted: those that said yes, and those whose policy asks for approval at the site.
    """
    given = {a.institution_id: a.choice for a in queries.approvals(session, run.id)}
    members = federation_queries.active_members(session, run.federation_id)
    ids = [m.institution.id for m in members]
    going = [i for i in ids if i not in given or given[i] is Choice.APPROVE]
    sites = Counter(s.institution_id for s in site_tallies.ready_of(session, going))
    return sum(max(sites[i], 1) for i in going)


def question(
    session: Session, actor: Actor, institution_id: str, approval_id: str
) -> tuple[Run, RunApproval] | None:
    """What an institution was asked about a run that the actor sees."""
    ids = sorted(institutions_where(actor, Permission.RUN_READ))
    found = session.execute(
        select(Run, RunApproval)
        .join(RunApproval, RunApproval.run_id == Run.id)
        .where(
            RunApproval.id == approval_id,
            RunApproval.institution_id == institution_id,
            queries.seen_by(ids),
        )
    ).first()
    return (found[0], found[1]) if found else None
