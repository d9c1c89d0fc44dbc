"""Who leads it next? The lead offers, a member takes over or does not."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.federations import handover, queries
from app.federations.models import Federation
from app.federations.states import FederationState
from app.institutions import queries as institutions
from app.text import _
from app.web import refusals, render
from app.web.moments import as_of, since
from app.web.pages.federations import crumbs
from app.web.parts import (
    Bullets,
    Button,
    Empty,
    Field,
    Form,
    Link,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/federations/{federation_id}/lead")


@router.get("")
def show(visit: Here, federation_id: str) -> Response:
    federation = _found(visit, federation_id)
    names = institutions.names(
        visit.session, {federation.lead_id, federation.offered_to or federation.lead_id}
    )
    lead = names.get(federation.lead_id, "–")
    means = (
        _(
            "The new lead proposes runs, invites members and changes terms. The old one stays a member."
        ),
        _(
            "What members accepted stays as it is. A run that is under way goes on, led by the new lead."
        ),
        _("Both institutions keep it in their audit trail."),
    )
    sheet = Sheet(
        title=_("Who leads {name}?").format(name=federation.name),
        says=_("{lead} leads it.").format(lead=lead),
        asof=as_of(),
        crumbs=crumbs(federation, _("Lead")),
        panels=(
            Panel(_("Hand it over"), _choice(visit, federation, names)),
            Panel(_("What it means"), (Bullets(means),)),
        ),
        foot=(Link(_("Back to the federation"), f"/federations/{federation.id}"),),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _found(visit: Visit, federation_id: str) -> Federation:
    return queries.get(visit.session, visit.who, Permission.FEDERATION_READ, federation_id)


def _choice(visit: Visit, federation: Federation, names: dict[str, str]) -> tuple[Part, ...]:
    """What whoever looks can do now; the offer itself is shown to the two it concerns."""
    own, to = visit.who.institutions, federation.offered_to
    if federation.state is not FederationState.OPEN:
        return (Note(_("Only the lead of an open federation can be handed over.")),)
    if to is not None and to in own:
        return _answer(visit, federation, to, names)
    if federation.lead_id in own:
        return _offered(visit, federation, names) if to else _offer(visit, federation)
    return (Text(_("Only the institution that leads it can offer the lead to another member.")),)


def _offer(visit: Visit, federation: Federation) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.FEDERATION_LEAD, federation.lead_id):
        takes = _("Handing the lead over takes the role of administrator.")
        return (refusals.role(visit, federation.lead_id, Permission.FEDERATION_LEAD, takes),)
    able = tuple(
        Option(m.institution.id, m.institution.name)
        for m in queries.active_members(visit.session, federation.id)
        if m.institution.id != federation.lead_id
    )
    if not able:
        return (Empty(_("No other institution is an active member yet.")),)
    field = Field("institution", _("Active member"), "select", options=able)
    button = Button(_("Offer it the lead"), look="primary")
    text = Text(
        _("It leads once an administrator there accepts. Until then you can take the offer back.")
    )
    return (text, Form(f"/federations/{federation.id}/lead/offer", (field,), (button,), row=True))


def _offered(visit: Visit, federation: Federation, names: dict[str, str]) -> tuple[Part, ...]:
    said = _("It is offered to {name}, {since}.").format(
        name=names.get(federation.offered_to or "", "–"),
        since=since(federation.offered or federation.created),
    )
    if not allows(visit.who.unheld, Permission.FEDERATION_LEAD, federation.lead_id):
        return (Note(said),)
    path = f"/federations/{federation.id}/lead/withdraw"
    return (Note(said), Form(path, (), (Button(_("Take the offer back")),), inline=True))


def _answer(
    visit: Visit, federation: Federation, to: str, names: dict[str, str]
) -> tuple[Part, ...]:
    said = _("{lead} offers the lead to {name}, {since}.").format(
        lead=names.get(federation.lead_id, "–"),
        name=names.get(to, "–"),
        since=since(federation.offered or federation.created),
    )
    parts: list[Part] = [Note(said)]
    path = f"/federations/{federation.id}/lead"
    if allows(visit.who, Permission.FEDERATION_LEAD, to):
        button = Button(_("Take over the lead"), look="primary")
        parts.append(Form(f"{path}/accept", (), (button,), inline=True))
    else:
        takes = _("Taking over the lead takes the role of administrator.")
        parts.append(refusals.role(visit, to, Permission.FEDERATION_LEAD, takes))
    if allows(visit.who.unheld, Permission.FEDERATION_LEAD, to):
        parts.append(Form(f"{path}/decline", (), (Button(_("Decline")),), inline=True))
    return tuple(parts)


@router.post("/offer")
def offer(visit: Here, federation_id: str) -> Response:
    federation = _found(visit, federation_id)
    handover.offer(visit.session, visit.who, federation, visit.form.text("institution"))
    return see_other(f"/federations/{federation.id}/lead", "offered")


@router.post("/withdraw")
def withdraw(visit: Here, federation_id: str) -> Response:
    federation = _found(visit, federation_id)
    handover.withdraw(visit.session, visit.who, federation)
    return see_other(f"/federations/{federation.id}/lead", "withdrawn")


@router.post("/accept")
def accept(visit: Here, federation_id: str) -> Response:
    federation = _found(visit, federation_id)
    handover.accept(visit.session, visit.who, federation)
    return see_other(f"/federations/{federation.id}", "leading")


@router.post("/decline")
def decline(visit: Here, federation_id: str) -> Response:
    federation = _found(visit, federation_id)
    handover.decline(visit.session, visit.who, federation)
    return see_other(f"/federations/{federation.id}/lead", "lead-declined")
