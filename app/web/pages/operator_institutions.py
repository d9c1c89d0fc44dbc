"""Whom may I trust? Proofs, look-alikes, the word of two operators, suspending and restoring."""

from starlette.responses import Response

from app.clock import now
from app.errors import Invalid
from app.institutions import domain_records, queries, renewals
from app.institutions import service as institutions
from app.institutions.models import Institution
from app.institutions.states import Decision, InstitutionState, ProofKind
from app.people import queries as people
from app.text import _
from app.web import render, site_words
from app.web.forms import trying
from app.web.moments import as_of, day, day_clock, full, since
from app.web.pages import operator_notes
from app.web.pages.institution import proof_words, state
from app.web.pages.second_factor import helping
from app.web.parts import (
    Button,
    Cell,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Note,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
    Text,
    When,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/operator/institutions")


@router.get("")
def every(visit: Here) -> Response:
    waiting = queries.waiting(visit.session, visit.who)
    rest = [
        row
        for row in queries.visible(visit.session, visit.who)
        if row.state is not InstitutionState.REGISTERED
    ]
    sheet = Sheet(
        title=_("Institutions"),
        says=site_words.waiting_for_decision(len(waiting)),
        asof=as_of(),
        crumbs=(Link(_("Hub"), "/operator"), Link(_("Institutions"), "")),
        panels=(
            Panel(_("Waiting, oldest first"), (_table(_("Not yet verified"), waiting),)),
            Panel(_("Decided"), (_table(_("By name"), rest),)),
        ),
        menu="hub",
    )
    return render.sheet(visit, sheet)


def _state(row: Institution) -> Status:
    """For operators, who are the ones it waits for."""
    if row.state is InstitutionState.REGISTERED:
        return Status("act", _("Undecided"), since(row.created))
    ends = renewals.due(row)
    if ends is not None and renewals.overdue(row, now()):
        return Status("act", _("Verification ended"), since(ends))
    return state(row)


def _table(caption: str, rows: list[Institution]) -> Part:
    if not rows:
        return Empty(_("None."))
    columns = (
        Column(_("Institution")),
        Column(_("State")),
        Column(_("Kind")),
        Column(_("Domain")),
        Column(_("Registered")),
    )
    shown: list[tuple[Cell, ...]] = [
        (
            Link(row.name, f"/operator/institutions/{row.id}"),
            _state(row),
            f"{site_words.kind(row.kind)}, {row.country}",
            row.domain or Nothing(),
            When(row.created, day(row.created)),
        )
        for row in rows
    ]
    return Table(caption, columns, tuple(shown))


@router.get("/{institution}")
def show(visit: Here, institution: str) -> Response:
    return _page(visit, institution)


def _page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = queries.get_as_operator(visit.session, visit.who, institution)
    errors = errors or {}
    panels = [Panel(_("Who they say they are"), (_details(visit, row),))]
    alike = queries.lookalikes(visit.session, row)
    if alike:
        panels.insert(0, operator_notes.look_alike(alike))
    panels += [
        Panel(_("Proofs"), _proofs(visit, row, errors)),
        Panel(_("Decisions so far"), (_decisions(visit, row),)),
        Panel(_("Your decision"), _decide(visit, row, errors)),
    ]
    alone = people.only_administrator(visit.session, row.id)
    if alone is not None:
        path = f"/operator/people/{alone.id}/reset-factor"
        title = _("Is {name}, its only administrator, locked out?").format(name=alone.name)
        resets = people.open_factor_resets(visit.session, (alone.id,))
        panels.append(Panel(title, helping(visit, alone, path, resets), id="h-locked"))
    sheet = Sheet(
        title=row.name,
        says=_says(visit, row),
        asof=as_of(),
        crumbs=(
            Link(_("Hub"), "/operator"),
            Link(_("Institutions"), "/operator/institutions"),
            Link(row.name, ""),
        ),
        panels=tuple(panels),
        errors=tuple(errors.items()),
        menu="hub",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _says(visit: Visit, row: Institution) -> str:
    if row.state is InstitutionState.REGISTERED:
        if domain_records.holds(visit.session, row, now()):
            return _("The domain’s own record names it. One yes verifies it.")
        said = queries.verifying_now(visit.session, row.id)
        if visit.who.person in said:
            return _("You have said yes. Another operator must decide too.")
        if said:
            return _("One operator has said yes. A second yes verifies it.")
        return _("Nobody has decided yet. Two operators must say yes.")
    return site_words.verified(row)


def _details(visit: Visit, row: Institution) -> Facts:
    parent = queries.find(visit.session, row.parent_id) if row.parent_id else None
    register = f"{row.register} {row.register_id}" if row.register_id else "–"
    return Facts(
        (
            (_("State"), _state(row)),
            (_("Kind"), site_words.kind(row.kind)),
            (_("Country"), row.country),
            (_("Domain"), row.domain or "–"),
            (_("Public register"), register),
            (_("Belongs to"), parent.name if parent else "–"),
            (_("Registered"), full(row.created)),
            (_("Administrators"), site_words.administrators(visit.session, row) or "–"),
            *(((_("Reason"), row.state_reason),) if row.state_reason else ()),
        )
    )


def _proofs(visit: Visit, row: Institution, errors: dict[str, str]) -> tuple[Part, ...]:
    found = queries.proofs(visit.session, row.id)
    columns = (Column(_("Proof")), Column(_("What it says")), Column(_("Seen")))
    rows = tuple((proof_words(p.kind), p.value, When(p.seen, day_clock(p.seen))) for p in found)
    table: Part = Empty(_("None given."))
    if row.state is InstitutionState.REGISTERED:
        table = Empty(_("None given. Ask them for one before you say yes."))
    if rows:
        table = Table(_("Evidence. None of it is enough without an operator’s yes."), columns, rows)
    seen = Form(
        f"/operator/institutions/{row.id}/proof",
        (
            Field(
                "value",
                _("A document you have seen yourself"),
                value=visit.form.text("value"),
                help=_("What it is and who issued it, on one line."),
                error=errors.get("value", ""),
            ),
        ),
        (Button(_("Add this proof")),),
    )
    return (table, seen)


def _decisions(visit: Visit, row: Institution) -> Part:
    found = queries.decisions(visit.session, row.id)
    if not found:
        return Empty(_("No operator has decided yet."))
    names = people.names(visit.session, {d.operator_id for d in found})
    words = {
        Decision.VERIFY: _("said yes"),
        Decision.REFUSE: _("refused"),
        Decision.SUSPEND: _("suspended it"),
        Decision.RESTORE: _("restored it"),
        Decision.RENEW: _("looked again, and renewed it"),
    }
    columns = (Column(_("When")), Column(_("Who")), Column(_("Decision")), Column(_("Reason")))
    rows: list[tuple[Cell, ...]] = [
        (
            When(d.decided, day_clock(d.decided)),
            names.get(d.operator_id, _("someone")),
            words[d.decision],
            d.reason or Nothing(),
        )
        for d in found
    ]
    return Table(_("Oldest first"), columns, tuple(rows))


def _decide(visit: Visit, row: Institution, errors: dict[str, str]) -> tuple[Part, ...]:
    if row.id in people.roles_of(visit.session, visit.who.person):
        return (Note(_("You belong to this institution. Another operator must look at it.")),)
    if row.state is InstitutionState.REFUSED:
        return (Text(_("They can correct their details and ask again.")),)
    path = f"/operator/institutions/{row.id}/decide"
    if row.state is InstitutionState.VERIFIED:
        why = _(
            "Its sites’ open jobs are taken back at once, runs go on without it and it can join nothing. "
            "Its people read why."
        )
        suspend = (Text(why), _with_reason(visit, path, Decision.SUSPEND, errors))
        return (*operator_notes.renewing(path, row), *suspend)
    if row.state is InstitutionState.SUSPENDED:
        button = Button(_("Restore"), "decision", Decision.RESTORE.value, look="primary")
        return (Form(path, (), (button,), inline=True),)
    parts: list[Part] = []
    if visit.who.person in queries.verifying_now(visit.session, row.id):
        parts.append(Note(_("You have said yes. Another operator must decide too.")))
    else:
        button = Button(
            _("Yes, this is who they say"), "decision", Decision.VERIFY.value, look="primary"
        )
        parts.append(Form(path, (), (button,), inline=True))
    return (*parts, _with_reason(visit, path, Decision.REFUSE, errors))


def _with_reason(visit: Visit, path: str, decision: Decision, errors: dict[str, str]) -> Form:
    """Refusing and suspending take a sentence the institution can act on."""
    refuse = decision is Decision.REFUSE
    reason = Field(
        "reason",
        _("Or refuse, with a reason they can act on") if refuse else _("Reason"),
        "area",
        value=visit.form.text("reason"),
        help=_("At most 200 characters. The institution reads it."),
        error=errors.get("reason", ""),
        rows=2,
    )
    button = Button(_("Refuse") if refuse else _("Suspend"), "decision", decision.value)
    return Form(path, (reason,), (button,))


@router.post("/{institution}/decide")
def decide(visit: Here, institution: str) -> Response:
    wanted = visit.form.text("decision")
    if wanted not in set(Decision):
        return _page(visit, institution, {"": _("Choose one of the decisions below.")})
    try:
        with trying(visit.session):
            institutions.decide(
                visit.session,
                visit.who,
                institution,
                Decision(wanted),
                visit.form.text("reason"),
            )
    except Invalid as error:
        return _page(visit, institution, error.errors)
    return see_other(f"/operator/institutions/{institution}", "decided")


@router.post("/{institution}/proof")
def add_proof(visit: Here, institution: str) -> Response:
    try:
        with trying(visit.session):
            institutions.add_proof(
                visit.session,
                visit.who,
                institution,
                ProofKind.DOCUMENT_SEEN,
                visit.form.text("value"),
            )
    except Invalid as error:
        return _page(visit, institution, error.errors)
    return see_other(f"/operator/institutions/{institution}", "saved")
