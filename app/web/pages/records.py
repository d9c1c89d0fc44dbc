"""What left, and who did what."""

from starlette.responses import Response

from app.access.permissions import Permission
from app.audit import queries as audit
from app.institutions import queries as institutions
from app.people.queries import members
from app.runs import tallies
from app.sites import queries as sites
from app.sites import tallies as site_tallies
from app.sites.models import SentLine
from app.text import _, ngettext
from app.web import render, subjects
from app.web.moments import as_of, day_clock, in_words, sentence, size
from app.web.pages import trail, trail_files
from app.web.parts import (
    Cell,
    Code,
    Column,
    Copy,
    Empty,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
    When,
)
from app.web.visit import Here, Visit, page_router
from worker.protocol import code_words

router = page_router(prefix="/i/{institution}")
_SHOWN = 200


def _tabs(institution: str) -> tuple[Link, ...]:
    return (
        Link(_("What left"), f"/i/{institution}/sent", "btn"),
        Link(_("Who did what"), f"/i/{institution}/audit", "btn"),
        Link(_("Evidence"), f"/i/{institution}/evidence", "btn"),
        Link(_("Incidents"), f"/i/{institution}/incidents", "btn"),
    )


@router.get("/sent")
def sent(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.SENT_READ, institution)
    lines = sites.sent(visit.session, visit.who, row.id, limit=_SHOWN)
    total = sum(line.bytes for line in lines)
    said = ngettext("{n} transfer, {size} in all.", "{n} transfers, {size} in all.", len(lines))
    text = sentence(said.format(n=in_words(len(lines)), size=size(total)))
    sheet = Sheet(
        title=_("What left, and why"),
        says=" ".join((text, _("Compare them with your site’s own log."))),
        asof=as_of(),
        actions=_tabs(row.id)[1:],
        panels=(
            Panel(_("Newest first"), (_sent_table(visit, list(lines)),)),
            Panel(
                _("How to compare"),
                (
                    Text(
                        _(
                            "At the site this command lists every transfer with its bytes and digest. "
                            "Each line here has one there; the last 200 are shown."
                        )
                    ),
                    Copy("log-command", _("The command"), "collegium-site log"),
                ),
            ),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


def _sent_table(visit: Visit, lines: list[SentLine]) -> Part:
    if not lines:
        return Empty(_("Nothing has left."))
    kept = site_tallies.by_ids(visit.session, {line.site_id for line in lines})
    named = {site.id: site.name for site in kept.values()}
    made = tallies.runs_by_ids(visit.session, {line.run_id for line in lines if line.run_id})
    found = {run.id: run.number for run in made.values()}
    rows: list[tuple[Cell, ...]] = [
        (
            When(line.at, day_clock(line.at)),
            named.get(line.site_id, "–"),
            Link(_("Run {n}").format(n=found[line.run_id]), f"/runs/{line.run_id}")
            if line.run_id in found and line.run_id
            else Nothing(),
            code_words.transfer(line.kind),
            size(line.bytes),
            Code(line.digest, True),
            code_words.sent_reason(line.reason),
        )
        for line in lines
    ]
    columns = (
        Column(_("Time")),
        Column(_("Site")),
        Column(_("Run")),
        Column(_("Kind")),
        Column(_("Size"), True),
        Column(_("Digest")),
        Column(_("Why")),
    )
    return Table(_("What left, newest first"), columns, tuple(rows))


@router.get("/audit")
def trail_page(visit: Here, institution: str, cursor: int | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.AUDIT_READ, institution)
    wanted = trail.asked(visit)
    found = audit.events(visit.session, visit.who, row.id, wanted.filter, cursor=cursor, limit=25)
    about = subjects.about(visit.session, row.id, found.events)
    people = [(m.person.id, m.person.name) for m in members(visit.session, visit.who, row.id)]
    who = trail.people_of(
        people + [(s.id, s.name) for s in sites.of_institution(visit.session, row.id)]
    )
    body = trail.parts(visit.session, found, f"/i/{row.id}/audit", wanted, about, who)
    sheet = Sheet(
        title=_("Who did what"),
        says=_("Every act is recorded in the same step as its effect."),
        asof=as_of(),
        actions=(_tabs(row.id)[0], *_tabs(row.id)[2:]),
        panels=(
            Panel(_("Events"), body),
            Panel(_("How to check it"), trail_files.parts(visit, row.id, f"/i/{row.id}", wanted)),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


@router.get("/audit/export/{form}")
def export_trail(visit: Here, institution: str, form: str) -> Response:
    return trail_files.taken(visit, institution, form)
