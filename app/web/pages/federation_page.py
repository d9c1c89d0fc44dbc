"""What stands on a federation's page: its runs, its members, whom to invite."""

from app.federations.models import Federation
from app.federations.queries import Member
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.runs import queries as runs
from app.runs.models import Run
from app.text import _
from app.web import site_words
from app.web.pages import federation_words, run_words
from app.web.parts import (
    Act,
    Acts,
    Button,
    Cell,
    Column,
    Empty,
    Field,
    Form,
    Heading,
    Link,
    Links,
    Nothing,
    Option,
    Part,
    Progress,
    Table,
    Text,
)
from app.web.visit import Visit


def happens(visit: Visit, federation: Federation) -> tuple[Part, ...]:
    """The newest run in full, those before it in a line each, the model in use."""
    found = list(runs.visible_to(visit.session, visit.who, federation.id))
    if not found:
        return (Empty(_("No run yet. The lead proposes one.")),)
    newest, briefs = found[0], run_words.briefs(visit.session, found[:4])
    brief = briefs[newest.id]
    name = _("Run {n}").format(n=newest.number)
    parts: list[Part] = [
        brief.status,
        Text(f"{name}. {brief.sentence}"),
        Progress(f"p-{newest.id}", brief.done, brief.rounds, run_words.rounds_done(brief)),
        Links((Link(_("See run {n}").format(n=newest.number), f"/runs/{newest.id}"),)),
    ]
    if found[1:]:
        rows = tuple(_earlier(run, briefs[run.id]) for run in found[1:4])
        columns = (Column(_("Run")), Column(_("State")), Column(_("Rounds")))
        parts += [Heading(_("Before")), Table(_("Earlier runs, newest first"), columns, rows)]
    return tuple(parts)


def _earlier(run: Run, brief: run_words.Brief) -> tuple[Cell, ...]:
    name = Link(_("Run {n}").format(n=run.number), f"/runs/{run.id}")
    return (name, brief.status, _("{done} of {all}").format(done=brief.done, all=brief.rounds))


def members(
    visit: Visit, federation: Federation, inside: list[Member], leads: bool
) -> tuple[Part, ...]:
    if not inside:
        return (Empty(_("No member yet. Invite one.")),)
    asked = [m for m in inside if m.membership.state is MembershipState.REQUESTED]
    columns = [
        Column(_("Institution")),
        Column(_("Kind")),
        Column(_("Verified")),
        Column(_("Part")),
    ]
    if leads and asked:
        columns.append(Column(""))
    rows = []
    for m in inside:
        mine = m.institution.id in visit.who.institutions
        cells: list[Cell] = [
            _("{name} (yours)").format(name=m.institution.name) if mine else m.institution.name,
            site_words.kind(m.institution.kind),
            site_words.how_verified(m.institution),
            federation_words.membership(m.membership),
        ]
        if leads and asked:
            cells.append(_answers(visit, federation, m) if m in asked else Nothing())
        rows.append(tuple(cells))
    return (Table(_("Who is in, and how each was verified"), tuple(columns), tuple(rows)),)


def _answers(visit: Visit, federation: Federation, member: Member) -> Acts:
    """What the lead says to one that asks to join."""
    path, who = f"/federations/{federation.id}/members/invite", member.institution
    given = (("institution", who.id),)
    decline = Act(path, _("Decline"), who.name, (*given, ("decline", "1")))
    if federation.lead_id in visit.who.holds:
        return Acts((decline,))
    return Acts((Act(path, _("Let it in"), who.name, given), decline))


def invite(visit: Visit, federation: Federation, found: list[Member]) -> Part:
    inside = {m.institution.id for m in found}
    free = tuple(Option(i.id, i.name) for i in institutions.verified_others(visit.session, inside))
    if not free:
        return Empty(_("Every verified institution of this hub is in, or invited."))
    field = Field("institution", _("Verified institution"), "select", options=free)
    path = f"/federations/{federation.id}/members/invite"
    return Form(path, (field,), (Button(_("Invite it")),), row=True)
