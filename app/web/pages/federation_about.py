"""A federation at a glance: its state, its lead and whom to write to, and the ways to its other pages."""

from app.access.permissions import Permission
from app.federations.models import Federation
from app.federations.queries import Member
from app.federations.states import FederationState, MembershipState
from app.institutions import queries as institutions
from app.people import queries as people
from app.releases import queries as releases
from app.text import _
from app.web.moments import day
from app.web.pages import federation_words
from app.web.parts import Cell, Facts, Link, Links, Panel, Said
from app.web.visit import Visit

_INSIDE = (MembershipState.ACTIVE, MembershipState.PAUSED)


def panel(visit: Visit, federation: Federation, members: list[Member]) -> Panel:
    names = institutions.names(visit.session, {federation.lead_id})
    facts = Facts(
        (
            (_("State"), federation_words.state(federation)),
            (_("Lead"), names.get(federation.lead_id, "–")),
            (_("Contact"), _contact(visit, federation)),
            (_("Model in use"), _release(visit, federation)),
            (
                _("Agreement"),
                Said(
                    _("Dated {day}.").format(day=day(federation.agreement_dated)),
                    Link(_("Read it, and our fit"), f"/federations/{federation.id}/join"),
                ),
            ),
        ),
        stacked=True,
    )
    ways = Links(tuple(_links(visit, federation, members)), down=True)
    return Panel(_("About it"), (facts, ways), id="h-about")


def _release(visit: Visit, federation: Federation) -> Cell:
    found = releases.current(visit.session, federation.id)
    if found is None:
        return _("None yet.")
    name = _("Release {n}").format(n=found.number)
    link = Link(name, f"/federations/{federation.id}/releases/{found.id}")
    return Said("", link)


def _contact(visit: Visit, federation: Federation) -> Cell:
    """An administrator of the lead: whom a member writes to."""
    found = people.people_with(visit.session, federation.lead_id, Permission.FEDERATION_LEAD)
    if not found:
        return "–"
    return Link(found[0].name, f"mailto:{found[0].email}")


def _links(visit: Visit, federation: Federation, members: list[Member]) -> list[Link]:
    path, own = f"/federations/{federation.id}", visit.who.institutions
    links = [
        Link(_("Task sheets"), f"{path}/task"),
        Link(_("Who can take part"), f"{path}/compatibility"),
        Link(_("Who trains which model part"), f"{path}/modalities"),
        Link(_("Every release"), f"{path}/releases"),
    ]
    inside = any(m.institution.id in own and m.membership.state in _INSIDE for m in members)
    if inside and federation.state is FederationState.OPEN:
        leads = federation.lead_id in own
        if leads or federation.offered_to in own:
            links.append(
                Link(
                    _("Hand the lead over") if leads else _("The lead is offered to you"),
                    f"{path}/lead",
                )
            )
        word = _("Leave or close this federation") if leads else _("Leave this federation")
        links.append(Link(word, f"{path}/leave"))
    return links
