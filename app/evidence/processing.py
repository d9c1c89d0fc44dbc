"""The record of processing activities, as far as this hub knows it."""

from app.evidence import bounds, consent, grounds, pieces
from app.evidence.live import Live
from app.evidence.parts import Block, Document, Para, Points, Section
from app.evidence.states import DocumentKind
from app.text import _


def build(live: Live) -> Document:
    return Document(
        DocumentKind.PROCESSING,
        _("Record of processing activities"),
        _("Learning a shared model together with other institutions, records staying here."),
        live.stamp,
        (
            Section(_("Who"), (pieces.holder_lines(live), *pieces.officer_gap(live))),
            Section(_("Purposes and lawful basis"), (*pieces.data(live), *grounds.register(live))),
            Section(_("Whose data"), (Para(_people()), Points(_whose(live)))),
            Section(_("The rule in force"), (*pieces.policy(live), *pieces.sites(live))),
            Section(_("Consent and age"), consent.rules(live)),
            Section(_("Recipients"), (*pieces.federations(live), *pieces.hosting(live))),
            Section(_("Transfers to other countries"), _abroad(live)),
            Section(_("Retention"), pieces.retention(live)),
            Section(_("Measures"), (Points(measures(live)), *pieces.protections(live))),
            Section(_("What left so far"), (*pieces.sent(live), *pieces.runs(live))),
            Section(_("Receipts"), consent.receipts(live)),
        ),
    )


def _people() -> str:
    return _("Students, whose records are read at the site only; staff who sign in at the hub.")


def _whose(live: Live) -> tuple[str, ...]:
    return (
        _("Staff: name, mail address, role, when last seen: {n} people.").format(
            n=len({h.person for h in live.holders})
        ),
        _("Classes: term, code, title, who teaches them: {n}. No list of students.").format(
            n=live.counts.classes
        ),
        _("Class reports, rounded and without small groups: {n}.").format(n=live.counts.reports),
    )


def _abroad(live: Live) -> tuple[Block, ...]:
    said = _(
        "Updates go to the hub; the combined model goes to every member. "
        "Where the hub stands is said under “Recipients”."
    )
    return (Para(said), *bounds.borders(live))


def measures(live: Live) -> tuple[str, ...]:
    """What holds today, from settings and code that is there."""
    factor = (
        _("Administrators, privacy officers and operators sign in with a second factor.")
        if live.settings.needs_second_factor
        else _("A second factor can be set up; this hub does not require it.")
    )
    transport = (
        _("Everything travels over HTTPS, and every request of a site is signed by its own key.")
        if live.hosts.https
        else _("Every request of a site is signed by its own key. This hub does not use HTTPS.")
    )
    return (
        _("No record leaves the data folder; the hub holds none."),
        _("The site’s guard refuses what the policy accepted there does not allow."),
        transport,
        factor,
        _("Who drafts a policy does not approve it."),
        _("Every act is an event in a chain of digests; the chain can be checked without the hub."),
        _("Updates of the wrong shape, size, base or signature are refused by name."),
    )
