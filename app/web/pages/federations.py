"""Which federations are ours, which could be? One of them: who is in, what happens; its tasks; who can take part."""

from starlette.responses import Response

from app.access.actor import allows, institutions_where
from app.access.permissions import Permission
from app.federations import compatibility, queries, service, tallies
from app.federations.models import Federation
from app.federations.queries import Member
from app.federations.states import FederationState, MembershipState
from app.institutions import queries as institutions
from app.policies import fit
from app.text import _, ngettext
from app.web import refusals, render
from app.web.moments import as_of, in_words, sentence
from app.web.pages import federation_about, federation_page, federation_words
from app.web.parts import (
    Cell,
    Column,
    Empty,
    Link,
    No,
    Panel,
    Part,
    Sheet,
    Table,
    Task,
    Tasks,
    Yes,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/federations")


@router.get("")
def every(visit: Here) -> Response:
    ours = queries.visible_to(visit.session, visit.who)
    could = queries.open_to(visit.session, visit.who)
    may_found = bool(institutions_where(visit.who, Permission.FEDERATION_FOUND))
    mine = tallies.states_of(visit.session, [f.id for f in ours], visit.who.institutions)
    invited = [f for f in ours if _waits_for_us(visit, f, mine[f.id])]
    panels = [Panel(_("Ours"), (_ours(visit, [f for f in ours if f not in invited]),))]
    if invited:
        panels.insert(0, Panel(_("Invitations"), (_invitations(visit, invited),)))
    panels.append(Panel(_("Open to us"), (_open(visit, list(could)),)))
    found = Link(_("Found one"), "/federations/new", "btn" if ours else "primary")
    sheet = Sheet(
        title=_("Federations"),
        says=_says(len(ours), len(invited)),
        asof=as_of(),
        actions=(found,) if may_found else (),
        note=_note(visit, may_found),
        panels=tuple(panels),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _note(visit: Visit, may_found: bool) -> str:
    stopped = refusals.unverified(visit, visit.institution) if visit.institution else None
    if stopped:
        return stopped.text
    return "" if may_found else _("Founding one takes the role of administrator.")


def _says(ours: int, invited: int) -> str:
    about = _("Institutions that train one model together, on terms each has accepted.")
    if invited:
        said = ngettext("{n} invitation waits for you.", "{n} invitations wait for you.", invited)
        return sentence(said.format(n=in_words(invited)))
    if not ours:
        return about
    said = ngettext("You are in {n} federation.", "You are in {n} federations.", ours)
    return said.format(n=in_words(ours))


def _ours(visit: Visit, found: list[Federation]) -> Part:
    names = institutions.names(visit.session, {f.lead_id for f in found})
    counts = tallies.active_counts(visit.session, [f.id for f in found])
    rows = []
    for federation in found:
        href = f"/federations/{federation.id}"
        if federation.state is FederationState.DRAFT:
            href += "/edit/purpose"
        rows.append(
            (
                Link(federation.name, href),
                federation_words.state(federation),
                names.get(federation.lead_id, "–"),
                str(counts.get(federation.id, 0)),
            )
        )
    if not rows:
        return Empty(_("You are in no federation yet. Found one, or ask to join one below."))
    columns = (
        Column(_("Federation")),
        Column(_("State")),
        Column(_("Lead")),
        Column(_("Members"), True),
    )
    return Table(_("Federations you lead, are in, or are invited to"), columns, tuple(rows))


def _waits_for_us(visit: Visit, federation: Federation, mine: list[MembershipState]) -> bool:
    """Invited, and not yet answered, by one of this person's institutions; none of them is in it already."""
    if federation.lead_id in visit.who.institutions:
        return False
    return bool(mine) and all(state is MembershipState.INVITED for state in mine)


def _invitations(visit: Visit, found: list[Federation]) -> Part:
    names = institutions.names(visit.session, {f.lead_id for f in found})
    return Tasks(
        tuple(
            Task(
                f.name,
                _("{lead} invites you. {purpose}").format(
                    lead=names.get(f.lead_id, "–"), purpose=f.purpose
                ),
                f"/federations/{f.id}/join",
                _("Read the agreement"),
            )
            for f in found
        )
    )


def _open(visit: Visit, found: list[Federation]) -> Part:
    at = visit.institution
    if not found or at is None:
        return Empty(_("No other federation is open to you now."))
    names = institutions.names(visit.session, {f.lead_id for f in found})
    fitting = compatibility.rows_of(visit.session, found, at)
    rows = []
    for federation in found:
        row = fitting[federation.id]
        fits: Cell = Yes(_("Your policy allows it"))
        if not row.allows:
            reasons = row.objections or ()
            fits = No(" ".join(fit.sentence(o.code, o.detail) for o in reasons))
        rows.append(
            (
                Link(federation.name, f"/federations/{federation.id}/join"),
                names.get(federation.lead_id, "–"),
                fits,
            )
        )
    columns = (Column(_("Federation")), Column(_("Lead")), Column(_("Your policy")))
    return Table(_("You could ask to join"), columns, tuple(rows))


def _get(visit: Visit, federation_id: str, permission: Permission) -> Federation:
    return queries.get(visit.session, visit.who, permission, federation_id)


def crumbs(federation: Federation, last: str = "") -> tuple[Link, ...]:
    first = (
        Link(_("Federations"), "/federations"),
        Link(federation.name, f"/federations/{federation.id}"),
    )
    return (*first, Link(last, "")) if last else first


@router.get("/{federation_id}")
def one(visit: Here, federation_id: str) -> Response:
    federation = _get(visit, federation_id, Permission.FEDERATION_READ)
    leads = allows(visit.who.unheld, Permission.FEDERATION_LEAD, federation.lead_id)
    members = queries.members(visit.session, federation)
    panels = [
        Panel(_("What happens"), federation_page.happens(visit, federation)),
        Panel(_("Members"), federation_page.members(visit, federation, members, leads)),
    ]
    if leads and federation.state is FederationState.OPEN:
        stopped = refusals.unverified(visit, federation.lead_id)
        part = stopped or federation_page.invite(visit, federation, members)
        panels.append(Panel(_("Invite an institution"), (part,)))
    sheet = Sheet(
        title=federation.name,
        says=federation.purpose,
        asof=as_of(),
        crumbs=crumbs(federation),
        actions=_actions(visit, federation, members),
        panels=tuple(panels),
        aside=(federation_about.panel(visit, federation, members),),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _actions(visit: Visit, federation: Federation, members: list[Member]) -> tuple[Link, ...]:
    """The one next step of whoever looks."""
    path = f"/federations/{federation.id}"
    if _invited(visit, members):
        return (Link(_("Answer the invitation"), f"{path}/join", "primary"),)
    if not allows(visit.who, Permission.RUN_LEAD, federation.lead_id):
        return ()
    if federation.state is FederationState.DRAFT:
        return (Link(_("Go on with the draft"), f"{path}/edit/purpose", "primary"),)
    if federation.state is FederationState.OPEN:
        return (Link(_("Propose a run"), f"{path}/runs/new", "primary"),)
    return ()


def _invited(visit: Visit, members: list[Member]) -> bool:
    mine = institutions_where(visit.who, Permission.FEDERATION_JOIN)
    waits = (MembershipState.INVITED, MembershipState.PAUSED)
    return any(m.institution.id in mine and m.membership.state in waits for m in members)


@router.post("/{federation_id}/members/invite")
def invite(visit: Here, federation_id: str) -> Response:
    federation = queries.get(
        visit.session, visit.who.unheld, Permission.FEDERATION_LEAD, federation_id
    )
    institution = visit.form.text("institution")
    if visit.form.has("decline"):
        service.decline(visit.session, visit.who, federation, institution)
        return see_other(f"/federations/{federation.id}", "declined")
    service.invite(visit.session, visit.who, federation, institution)
    return see_other(f"/federations/{federation.id}", "sent")
