"""A federation at a glance: its state, its lead and whom to write to, and the ways to its other pages."""

from app.access.permissions import Permission
from app.federations.models import Federation
from app.federations.queries import Member
from app.federations.states import MembershipState
from app.institutions import queries as institutions
from app.people import queries as people
from app.text import _
from app.web.moments import day
from app.web.pages import federation_words
from app.web.parts import Facts, Link, Links, Panel
from app.web.visit import Visit

_INSIDE = (MembershipState.ACTIVE, MembershipState.PAUSED)


def panel(visit: Visit, federation: Federation, members: list[Member]) -> Panel:
    names = institutions.names(visit.session, {federation.lead_id})
    facts = Facts(
        (
            (_("State"), federation_words.state(federation)),
            (_("Lead"), names.get(federation.lead_id, "–")),
            (_("Contact"), _contact(visit, federation)),
            (_("Agreement"), _("dated {day}").format(day=day(federation.agreement_dated))),
        ),
        narrow=True,
    )
    ways = (Links((link,)) for link in _links(visit, federation, members))
    return Panel(_("About it"), (facts, *ways), id="h-about")


def _contact(visit: Visit, federation: Federation) -> str:
    """The lead's administrators: whom a member writes to."""
    found = people.people_with(visit.session, federation.lead_id, Permission.FEDERATION_LEAD)
    return ", ".join(f"{p.name}, {p.email}" for p in found[:2]) or "–"


def _links(visit: Visit, federation: Federation, members: list[Member]) -> list[Link]:
    path, own = f"/federations/{federation.id}", visit.who.institutions
    links = [
        Link(_("Task sheets"), f"{path}/task"),
        Link(_("Agreement and our fit"), f"{path}/join"),
        Link(_("Who can take part"), f"{path}/compatibility"),
        Link(_("Releases"), f"{path}/releases"),
    ]
    inside = any(m.institution.id in own and m.membership.state in _INSIDE for m in members)
    if inside and federation.lead_id not in own:
        links.append(Link(_("Leave"), f"{path}/leave"))
    return links
