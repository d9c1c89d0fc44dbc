"""What people do with a run: propose, approve, decline, start, pause, resume, cancel."""

from typing import Any

from sqlalchemy.orm import Session

from app.access.actor import Actor
from app.access.loaders import fresh, require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit.events import Kind
from app.audit.service import record
from app.clock import now
from app.effects import Ring, Send, after_commit
from app.errors import Conflict, Invalid, NotFound
from app.federations import queries as federation_queries
from app.federations.models import Federation
from app.federations.states import FederationState
from app.ids import new_id
from app.jobs import HubTask
from app.policies import queries as policy_queries
from app.runs import approvals, beginning, endings, queries, rounds, words
from app.runs.models import Run, RunApproval
from app.runs.schemas import Plan, Proposal, beyond, plan
from app.runs.states import (
    RUN_ENDED,
    RUN_TRANSITIONS,
    Choice,
    RunState,
    VoidReason,
)
from app.sites import inbox
from app.states import move
from app.text import _
from worker.protocol.canonical import digest_of


def propose(session: Session, actor: Actor, federation: Federation, proposal: Proposal) -> Run:
    """Freezes the plan and asks the institutions whose policy wants approval at the hub."""
    require(actor, Permission.RUN_LEAD, federation.lead_id)
    _require_open(federation)
    frozen = _plan(session, federation, proposal)
    at = now()
    run = Run(
        id=new_id("run"),
        federation_id=federation.id,
        number=queries.last_number(session, federation.id) + 1,
        state=RunState.DRAFT,
        plan=frozen.model_dump(mode="json"),
        plan_digest=digest_of(frozen),
        proposed_by=actor.person,
        created=at,
        changed=at,
    )
    session.add(run)
    _move(session, run, RunState.PROPOSED)
    body = {"federation": federation.id, "number": run.number, "digest": run.plan_digest}
    record(
        session, actor.id, kinds.RUN_PROPOSED, chain=federation.lead_id, subject=run.id, body=body
    )
    approvals.ask(session, run)
    consider(session, run, actor.id)
    return run


def _plan(session: Session, federation: Federation, proposal: Proposal) -> Plan:
    terms = federation_queries.terms(federation)
    sheets = federation_queries.documents(session, federation.id)
    wanted = set(proposal.sheets if proposal.sheets is not None else [s.name for s in sheets])
    if not wanted or wanted - {s.name for s in sheets}:
        sentence = _("Choose at least one of the federation's task sheets.")
        raise Invalid(sentence, {"sheets": sentence})
    begin = beginning.of(session, federation, proposal)
    frozen = plan(proposal, terms, federation_queries.model(federation), sheets, begin)
    too_much = beyond(frozen, terms)
    if too_much:
        sentence = _("Members accepted less. Change the terms first, or stay within them.")
        raise Invalid(sentence, dict.fromkeys(too_much, sentence))
    return frozen


def approve(
    session: Session, actor: Actor, run: Run, institution_id: str, *, reason: str = ""
) -> RunApproval:
    """A named officer says yes for an institution. After the start, its sites join with the next round."""
    return _decide(session, actor, run, institution_id, Choice.APPROVE, reason)


def decline(
    session: Session, actor: Actor, run: Run, institution_id: str, *, reason: str = ""
) -> RunApproval:
    """A no; it also takes back an earlier yes, from the next round on."""
    return _decide(session, actor, run, institution_id, Choice.DECLINE, reason)


def _decide(
    session: Session, actor: Actor, run: Run, institution_id: str, choice: Choice, reason: str
) -> RunApproval:
    asks = actor if choice is Choice.APPROVE else actor.unheld
    require(asks, Permission.RUN_APPROVE, institution_id)
    fresh(actor)
    if run.state in RUN_ENDED:
        raise Conflict(_("This run has ended."), state=run.state.value)
    found = queries.approval(session, run.id, institution_id)
    if found is None:
        raise NotFound(_("This run does not ask your institution for approval at the hub."))
    if choice is Choice.APPROVE and found.choice is None and found.expires <= now():
        raise Conflict(_("The time to answer is over. Ask the lead to propose the run again."))
    version = policy_queries.current(session, institution_id)
    found.choice = choice
    found.reason = reason.strip()[:1000]
    found.policy_version_id = None if version is None else version.id
    found.decided_by = actor.person
    found.decided = now()
    session.flush()
    kind = kinds.RUN_APPROVED if choice is Choice.APPROVE else kinds.RUN_DECLINED
    body = {
        "federation": run.federation_id,
        "number": run.number,
        "policy": found.policy_version_id,
        **actor.as_officer_of(institution_id),
    }
    record(session, actor.id, kind, chain=institution_id, subject=run.id, body=body)
    consider(session, run, actor.id)
    _ring(session, run)
    return found


def consider(session: Session, run: Run, actor_id: str) -> None:
    """Approved, once everyone asked has answered (or let the time pass) and enough may take part."""
    if run.state is not RunState.PROPOSED:
        return
    if not approvals.answered(session, run, now()):
        return
    have, need = approvals.willing(session, run), queries.plan_of(run).quorum
    if have < need:
        run.reason = words.coded(words.TOO_FEW_APPROVALS, have, need)
        session.flush()
        return
    _approved(session, run, actor_id)


def start(session: Session, actor: Actor, run: Run) -> Run:
    """By the lead, before everyone answered, with enough approvals for the quorum."""
    federation = queries.federation_of(session, run)
    require(actor, Permission.RUN_LEAD, federation.lead_id)
    if run.state is not RunState.PROPOSED:
        raise Conflict(_("Only a proposed run can be started."), state=run.state.value)
    given = queries.approvals(session, run.id)
    waiting = sum(a.choice is None for a in given)
    have, need = approvals.willing(session, run), queries.plan_of(run).quorum
    if have < need:
        raise Conflict(
            _(
                "{have} of the {need} sites this run needs may take part, {waiting} have not answered."
            ).format(have=have, need=need, waiting=waiting)
        )
    _approved(session, run, actor.id)
    return run


def _approved(session: Session, run: Run, actor_id: str) -> None:
    _move(session, run, RunState.APPROVED, reason="")
    _record(session, actor_id, kinds.RUN_STARTED, run)
    after_commit(session, Send(HubTask.RUN_PREPARE.value, (run.id,)))


def pause(session: Session, actor: Actor, run: Run) -> Run:
    """After the round that is open now; at once when none is."""
    _require_lead(session, actor.unheld, run)
    if run.state is not RunState.RUNNING:
        raise Conflict(_("Only a running run can be paused."), state=run.state.value)
    run.pause_asked = True
    run.changed = now()
    session.flush()
    _record(session, actor.id, kinds.RUN_PAUSED, run)
    endings.pause_if_asked(session, run)
    _ring(session, run)
    return run


def resume(session: Session, actor: Actor, run: Run) -> Run:
    """Goes on with the next round, or takes back a pause that was only asked for."""
    _require_lead(session, actor, run)
    run.pause_asked = False
    session.flush()
    if run.state is RunState.PAUSED:
        _move(session, run, RunState.RUNNING, reason="")
    elif run.state is not RunState.RUNNING:
        raise Conflict(_("This run is not paused."), state=run.state.value)
    inbox.resume_jobs(session, run=run.id)
    _record(session, actor.id, kinds.RUN_RESUMED, run)
    after_commit(session, Send(HubTask.ROUND_OPEN.value, (run.id,)))
    _ring(session, run)
    return run


def cancel(session: Session, actor: Actor, run: Run) -> Run:
    """For good. Open jobs end at their sites' next renewal; nothing of the open round is kept."""
    _require_lead(session, actor.unheld, run)
    open_round = queries.open_round(session, run.id)
    if open_round is not None:
        # The round before its run, as a worker locks them when it closes one.
        queries.locked_round(session, open_round.id)
    _move(session, run, RunState.CANCELLED, ended=now())
    if open_round is not None:
        rounds.void(session, open_round, VoidReason.RUN_ENDED)
    inbox.cancel_jobs(session, run=run.id)
    _record(session, actor.id, kinds.RUN_CANCELLED, run)
    return run


def set_reference(session: Session, run: Run, figures: dict[str, float]) -> None:
    """Simulation only: central training's figure by task. No real federation has one."""
    run.reference = dict(figures)
    session.flush()
    _record(session, "hub", kinds.REFERENCE_SET, run)


def _require_lead(session: Session, actor: Actor, run: Run) -> None:
    require(actor, Permission.RUN_LEAD, queries.federation_of(session, run).lead_id)


def _require_open(federation: Federation) -> None:
    if federation.state is not FederationState.OPEN:
        raise Conflict(_("Open the federation first: only its members can be asked for a run."))


def _move(session: Session, run: Run, target: RunState, **values: Any) -> None:
    move(session, RUN_TRANSITIONS, run, Run.state, target, changed=now(), **values)
    _ring(session, run)


def _record(session: Session, actor_id: str, kind: Kind, run: Run) -> None:
    federation = queries.federation_of(session, run)
    body = {"federation": federation.id, "number": run.number}
    record(session, actor_id, kind, chain=federation.lead_id, subject=run.id, body=body)


def _ring(session: Session, run: Run) -> None:
    after_commit(session, Ring(f"run:{run.id}"))
