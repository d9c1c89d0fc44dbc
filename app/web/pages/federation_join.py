"""What do we sign, and what happens if we go?"""

from starlette.responses import Response

from app.access.actor import allows, institutions_where
from app.access.permissions import Permission
from app.errors import NotAllowed
from app.federations import compatibility, queries, service
from app.federations.models import Federation, Membership
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import fit
from app.text import _
from app.web import refusals, render
from app.web.moments import as_of, day
from app.web.pages import federation_words, records_fit, task_words
from app.web.pages.federations import crumbs
from app.web.parts import (
    Bullets,
    Button,
    Code,
    Column,
    Facts,
    Field,
    Form,
    Link,
    Links,
    No,
    Note,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/federations/{federation_id}")


def _mine(visit: Visit, federation: Federation) -> str:
    """The institution one acts for: the switcher's, if it can be in this; else one that is."""
    session, own = visit.session, visit.who.institutions
    inside = queries.inside(session, federation, own)
    at = visit.institution
    if at and (at in inside or not inside):
        return at
    return min(inside)


@router.get("/join")
def show(visit: Here, federation_id: str) -> Response:
    federation = federation_words.readable(visit, federation_id)
    at = _mine(visit, federation)
    member = queries.membership(visit.session, federation.id, at)
    name = institutions.names(visit.session, {at}).get(at, "")
    sees = (
        _("your name and kind, and by how many operators you were verified"),
        _("whether you take part in a run, yes or no"),
        _("the lead also sees whether your site is ready, and the name of the rule that refuses"),
    )
    paragraphs = federation_words.paragraphs(federation.agreement)
    sheet = Sheet(
        title=_("What {name} signs").format(name=name),
        says=_standing(visit, member),
        asof=_("Agreement dated {day}").format(day=day(federation.agreement_dated)),
        crumbs=crumbs(federation, _("Agreement")),
        panels=(
            Panel(
                _("What it is for"),
                (
                    Text(federation.purpose),
                    Links((Link(_("Task sheets"), f"/federations/{federation.id}/task"),)),
                ),
            ),
            Panel(_("Fit with our policy, rule by rule"), _fit(visit, federation, at)),
            Panel(_("Our records against the task sheets"), _records(visit, federation, at)),
            Panel(_("Agreement"), paragraphs),
            Panel(_("Terms"), (federation_words.terms(queries.terms(federation)),)),
        ),
        aside=(
            Panel(_("Your answer"), _answer(visit, federation, member, at)),
            Panel(_("What others will see of us"), (Bullets(sees),)),
        ),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _standing(visit: Visit, member: Membership | None) -> str:
    if member is None:
        return _("You are not in it. You may ask to join.")
    if member.state is MembershipState.ACTIVE and member.accepted:
        names = people.names(visit.session, {member.accepted_by or ""})
        who = names.get(member.accepted_by or "", _("Someone"))
        return _("{who} accepted it on {day}.").format(who=who, day=day(member.accepted))
    return {
        MembershipState.INVITED: _("You are invited. Read it, then accept or decline."),
        MembershipState.REQUESTED: _("You have asked. The lead answers."),
        MembershipState.PAUSED: _("The terms changed. Your part is paused until you accept them."),
        MembershipState.LEFT: _("You have left. The lead may invite you again."),
        MembershipState.DECLINED: _("It was declined. The lead may invite you again."),
    }.get(member.state, _("You are a member."))


def _fit(visit: Visit, federation: Federation, at: str) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.POLICY_READ, at):
        return (Note(_("Your role does not show the policy.")),)
    row = compatibility.row_of(visit.session, federation, at)
    link = Link(_("Our policy"), f"/i/{at}/policy")
    if row.allows:
        stays = task_words.flows(row.stays or ())
        more = _("It keeps at home: {flows}.").format(flows=stays) if row.stays else ""
        return (Note(" ".join((_("Every rule of your policy fits."), more)).strip(), link),)
    reasons = row.objections or ()
    rows = tuple(
        (
            No(fit.sentence(o.code, o.detail)),
            fit.change(o.code, o.detail) or _("no change of yours helps"),
        )
        for o in reasons
    )
    columns = (Column(_("Rule")), Column(_("Smallest change that helps")))
    note = Note(_("You may join, and your sites refuse until it fits."), link)
    return (Table(_("Rules of your policy that refuse"), columns, rows), note)


def _records(visit: Visit, federation: Federation, at: str) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.SITE_READ, at):
        return (Note(_("Your role does not show the sites.")),)
    return records_fit.parts(visit, federation, at)


def _answer(
    visit: Visit, federation: Federation, member: Membership | None, at: str
) -> tuple[Part, ...]:
    path = f"/federations/{federation.id}"
    own = Field("institution", "", "hidden", value=at)
    invited = member is not None and member.state is MembershipState.INVITED
    decline = Form(f"{path}/decline", (own,), (Button(_("Decline")),), inline=True)
    if not allows(visit.who, Permission.FEDERATION_JOIN, at):
        takes = _("Accepting takes the role of administrator or privacy officer.")
        note = refusals.role(visit, at, Permission.FEDERATION_JOIN, takes)
        may_decline = invited and allows(visit.who.unheld, Permission.FEDERATION_JOIN, at)
        return (note, decline) if may_decline else (note,)
    if member is None:
        return (
            Form(
                f"{path}/request", (own,), (Button(_("Ask to join"), look="primary"),), inline=True
            ),
        )
    digest = Field("digest", "", "hidden", value=federation.agreement_digest)
    accept = Form(
        f"{path}/accept",
        (own, digest),
        (Button(_("Accept for our institution"), look="primary"),),
        inline=True,
    )
    known = Facts(
        ((_("Digest of all of it"), Code(federation.agreement_digest, True)),), stacked=True
    )
    if invited:
        return (accept, decline, known)
    if member.state is MembershipState.PAUSED:
        return (accept, known)
    if member.state is MembershipState.ACTIVE:
        return (Note(_("You have accepted this version.")), known)
    return (Text(_("Nothing is to be done here now.")),)


def _acting_for(visit: Visit) -> str:
    at = visit.form.text("institution")
    if at not in institutions_where(visit.who.unheld, Permission.FEDERATION_JOIN):
        raise NotAllowed(_("Accepting takes the role of administrator or privacy officer."))
    return at


@router.post("/request")
def request(visit: Here, federation_id: str) -> Response:
    federation = federation_words.readable(visit, federation_id)
    service.request(visit.session, visit.who, federation, _acting_for(visit))
    return see_other("/federations", "asked")


@router.post("/accept")
def accept(visit: Here, federation_id: str) -> Response:
    federation = federation_words.readable(visit, federation_id)
    digest = visit.form.text("digest")
    service.accept(visit.session, visit.who, federation, _acting_for(visit), digest=digest)
    return see_other(f"/federations/{federation.id}", "joined")


@router.post("/decline")
def decline(visit: Here, federation_id: str) -> Response:
    federation = federation_words.readable(visit, federation_id)
    service.decline(visit.session, visit.who, federation, _acting_for(visit))
    return see_other("/federations", "declined")


def _held_or_not(visit: Visit, permission: Permission, federation_id: str) -> Federation:
    """For leaving and closing, which an institution may whatever holds it back."""
    return queries.get(visit.session, visit.who.unheld, permission, federation_id)


@router.get("/leave")
def ask_leave(visit: Here, federation_id: str) -> Response:
    federation = _held_or_not(visit, Permission.FEDERATION_JOIN, federation_id)
    at = _mine(visit, federation)
    leads = federation.lead_id == at
    alone = not queries.others_in(visit.session, federation)
    sheet = Sheet(
        title=_("What happens if we leave {name}?").format(name=federation.name),
        says=_leading(alone)
        if leads
        else _("Leaving works at once. What releases have learnt stays in them."),
        asof=as_of(),
        crumbs=crumbs(federation, _("Leave")),
        panels=(
            Panel(_("At once"), (Bullets(_at_once(leads)),)),
            Panel(_("What remains"), (Bullets(_remains()),)),
            Panel(_("Your choice"), _going(federation, at, alone)),
        ),
        foot=(Link(_("Stay in it"), f"/federations/{federation.id}"),),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _leading(alone: bool) -> str:
    if alone:
        return _(
            "Your institution leads it and is its only member. If it leaves, the federation ends."
        )
    return _(
        "Your institution leads it. Hand the lead over to another member, then leave; or close it for everybody."
    )


def _at_once(leads: bool) -> tuple[str, ...]:
    if leads:
        return (
            _("No run can be proposed any more."),
            _("No institution can join it."),
        )
    return (
        _("Your sites get no more work of this federation, at once; open jobs are cancelled."),
        _("An update of yours in an open round is not combined."),
        _("You no longer see its runs."),
    )


def _remains() -> tuple[str, ...]:
    return (
        _("Past releases keep what they learnt from you. This version cannot take it out."),
        _("Your audit trail and what left stay yours to read."),
    )


def _going(federation: Federation, at: str, alone: bool) -> tuple[Part, ...]:
    """A member leaves; a lead only when nobody else is in it. Else it hands over, or closes what it leads."""
    path = f"/federations/{federation.id}"
    own = Field("institution", "", "hidden", value=at)
    button = Button(_("Leave this federation"), look="primary")
    leave = Form(f"{path}/leave", (own,), (button,), inline=True)
    if federation.lead_id != at:
        return (leave,)
    close = Form(f"{path}/close", (), (Button(_("Close this federation")),), inline=True)
    hand_over = Links((Link(_("Hand the lead over"), f"{path}/lead", "primary"),))
    return (leave,) if alone else (hand_over, close)


@router.post("/close")
def close(visit: Here, federation_id: str) -> Response:
    federation = _held_or_not(visit, Permission.FEDERATION_LEAD, federation_id)
    service.close(visit.session, visit.who, federation)
    return see_other(f"/federations/{federation.id}", "closed")


@router.post("/leave")
def leave(visit: Here, federation_id: str) -> Response:
    federation = _held_or_not(visit, Permission.FEDERATION_JOIN, federation_id)
    service.leave(visit.session, visit.who, federation, _acting_for(visit))
    return see_other("/federations", "left")
