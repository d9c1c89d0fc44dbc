"""What pages say of withdrawn consents: which rounds may have learnt from them, and who sees to the request."""

from app.erasure import queries
from app.erasure.queries import Touched
from app.runs.queries import Seen
from app.text import _
from app.web.cells import Cell
from app.web.moments import calendar, day, number
from app.web.parts import Column, Panel, Table, Text
from app.web.visit import Visit


def of_run(visit: Visit, seen: Seen) -> str:
    """Empty where nothing is known, or the reader is to know nothing."""
    found = queries.touched(visit.session, seen)
    return _sentence(found) if found is not None else ""


def _sentence(found: Touched) -> str:
    who = (
        _("Your institution has an open erasure request.")
        if found.own
        else _("A member has an open erasure request.")
    )
    learnt = _(
        "Run {run} up to round {round} may have learnt from records whose consent was withdrawn since; later rounds "
        "and releases build on it. Forgetting is not built yet."
    ).format(run=found.run.number, round=found.round)
    return f"{who} {learnt}"


def panels(visit: Visit, institution: str, site: str | None = None) -> tuple[Panel, ...]:
    """The institution's open requests, or one site's; none: no panel."""
    found = queries.visible_to(visit.session, visit.who, institution)
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (one.site, calendar(one.request.day), day(one.request.opened))
        for one in found
        if site is None or one.request.site_id == site
    )
    if not rows:
        return ()
    columns = (Column(_("Site")), Column(_("Withdrawn, found on")), Column(_("Told")))
    lead = _(
        "The site told that someone withdrew, not who and not how many. Your data steward finds the list there: "
        "“collegium-site data requests”, or the site’s own page."
    )
    foot = _(
        "A request stays open: what the shared model learnt cannot be taken out of it yet. {n} open."
    ).format(n=number(len(rows)))
    parts = (Table(_("Open erasure requests"), columns, rows), Text(foot, muted=True, small=True))
    return (Panel(_("Erasure requests"), parts, lead=lead),)
