"""May this run on our records? Purpose, task sheet, what leaves, digests, who else; approve, or decline."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.clock import now
from app.errors import NotFound
from app.federations import cohort, compatibility
from app.federations import queries as federations
from app.federations.models import Federation
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import fit
from app.policies import queries as policies
from app.runs import approvals, queries, service
from app.runs.models import Run, RunApproval
from app.runs.schemas import Plan
from app.runs.states import RUN_ENDED, Choice
from app.text import _
from app.web import refusals, render
from app.web.moments import as_of, day, full, number, size, span
from app.web.pages import run_words, task_words
from app.web.parts import (
    Bullets,
    Button,
    Code,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Note,
    Panel,
    Part,
    Sheet,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/approvals")


def _found(
    visit: Visit, institution: str, approval_id: str, permission: Permission
) -> tuple[Run, RunApproval]:
    """Raises NotFound for another institution's, NotAllowed for a member without the right."""
    institutions.get(visit.session, visit.who, permission, institution)
    found = approvals.question(visit.session, visit.who, institution, approval_id)
    if found is None:
        raise NotFound(_("There is no such question for you."))
    return found


@router.get("/{approval}")
def show(visit: Here, institution: str, approval: str) -> Response:
    run, row = _found(visit, institution, approval, Permission.RUN_READ)
    federation = queries.federation_of(visit.session, run)
    plan = queries.plan_of(run)
    title = _("May run {n} of {federation} use our records?").format(
        n=run.number, federation=federation.name
    )
    sheet = Sheet(
        title=title,
        says=_standing(visit, run, row),
        asof=as_of(),
        crumbs=(
            Link(federation.name, f"/federations/{federation.id}"),
            Link(_("Run {n}").format(n=run.number), f"/runs/{run.id}"),
            Link(_("Approval"), ""),
        ),
        panels=(
            *(task_words.panel(s) for s in plan.sheets),
            Panel(_("What leaves, and what it costs"), (_leaves(visit, run, plan),)),
            Panel(_("Who else takes part"), (_others(visit, federation, institution),)),
        ),
        aside=(
            Panel(_("Does our policy allow it?"), _fit(visit, institution, federation)),
            Panel(_("Your answer"), _answer(visit, run, row)),
        ),
        menu="runs",
    )
    return render.sheet(visit, sheet)


def _standing(visit: Visit, run: Run, row: RunApproval) -> str:
    names = people.names(visit.session, {row.decided_by} if row.decided_by else set())
    who = names.get(row.decided_by or "", _("Someone"))
    if row.choice is Choice.APPROVE and row.decided:
        return _("{who} approved it on {day}.").format(who=who, day=day(row.decided))
    if row.choice is Choice.DECLINE and row.decided:
        return _("{who} declined it on {day}.").format(who=who, day=day(row.decided))
    if run.state in RUN_ENDED:
        return _("The run has ended without an answer.")
    if row.expires <= now():
        return _("The time to answer is over. Ask the lead to propose the run again.")
    return _("It waits for your answer until {time}.").format(time=full(row.expires))


def _leaves(visit: Visit, run: Run, plan: Plan) -> Facts:
    states = queries.states_after(visit.session, run.id, 0)
    amount = _("known once the first weights are made")
    if states:
        amount = size(sum(s.bytes for s in states.values()))
    return Facts(
        (
            (
                _("Rounds"),
                _("{n}, each at most {span}").format(n=plan.rounds, span=span(plan.deadline_s)),
            ),
            (_("Begins from"), run_words.begins(plan)),
            *((_("Base model"), f"{one.name} {one.digest}") for one in plan.model.bases.values()),
            (_("Leaves each round"), amount),
            (_("Noise"), run_words.noise()),
            (
                _("One site’s update"),
                run_words.one_update(),
            ),
            (_("Also leaves"), task_words.flows(plan.leaves)),
            (_("Smallest group shown"), _("{n} students").format(n=number(plan.minimum_cell))),
            (_("Digest of the plan"), Code(run.plan_digest, True)),
        )
    )


def _fit(visit: Visit, institution: str, federation: Federation) -> tuple[Part, ...]:
    sheets = federations.documents(visit.session, federation.id)
    members = federations.members(visit.session, federation)
    countries = cohort.countries(visit.session, (m.institution.country for m in members))
    terms = compatibility.training_terms(federation, sheets, len(members), countries)
    judged = fit.fit(visit.session, institution, terms)
    current = policies.current(visit.session, institution)
    link = Link(_("Our policy"), f"/i/{institution}/policy")
    if judged.allowed:
        n = current.number if current else 0
        return (Note(_("Yes: version {n} has no rule against it.").format(n=n), link),)
    return (
        Note(_("No. Our sites would refuse, whatever you answer."), link),
        Bullets(tuple(r.sentence for r in judged.reasons)),
    )


def _others(visit: Visit, federation: Federation, own: str) -> Part:
    members = federations.active_members(visit.session, federation.id)
    names = tuple(m.institution.name for m in members if m.institution.id != own)
    return Bullets(names) if names else Empty(_("Nobody else has accepted the agreement yet."))


def _answer(visit: Visit, run: Run, row: RunApproval) -> tuple[Part, ...]:
    if run.state in RUN_ENDED:
        return (Text(_("The run has ended. Nothing is left to decide.")),)
    parts: list[Part] = []
    may = allows(visit.who, Permission.RUN_APPROVE, row.institution_id)
    if not may:
        takes = _("Approving a run needs the role of privacy officer.")
        parts.append(refusals.role(visit, row.institution_id, Permission.RUN_APPROVE, takes))
    if not allows(visit.who.unheld, Permission.RUN_APPROVE, row.institution_id):
        return tuple(parts)
    path = f"/i/{row.institution_id}/approvals/{row.id}"
    if row.choice is None and may:
        button = Button(_("Approve this run"), look="primary")
        parts.append(Form(f"{path}/approve", (), (button,), inline=True))
    label = (
        _("Take back the approval, with a reason")
        if row.choice is Choice.APPROVE
        else _("Or decline, with a reason")
    )
    if row.choice is not Choice.DECLINE:
        reason = Field("reason", label, "area", rows=3, optional=True)
        parts.append(Form(f"{path}/decline", (reason,), (Button(_("Decline")),)))
    elif may:
        parts.append(Form(f"{path}/approve", (), (Button(_("Approve after all")),), inline=True))
    return tuple(parts)


@router.post("/{approval}/approve")
def approve(visit: Here, institution: str, approval: str) -> Response:
    run, row = _found(visit, institution, approval, Permission.RUN_APPROVE)
    service.approve(visit.session, visit.who, run, row.institution_id)
    return see_other(f"/i/{institution}/approvals/{approval}", "approved")


@router.post("/{approval}/decline")
def decline(visit: Here, institution: str, approval: str) -> Response:
    run, row = _found(visit, institution, approval, Permission.RUN_READ)
    reason = visit.form.text("reason")
    service.decline(visit.session, visit.who, run, row.institution_id, reason=reason)
    return see_other(f"/i/{institution}/approvals/{approval}", "declined")
