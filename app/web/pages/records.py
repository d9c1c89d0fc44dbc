"""What left, and who did what."""

from sqlalchemy.orm import Session
from starlette.responses import Response

from app.access.actor import Actor
from app.access.permissions import Permission
from app.audit import export
from app.audit import queries as audit
from app.audit.queries import Filter
from app.errors import Invalid, NotFound
from app.institutions import queries as institutions
from app.people.queries import members
from app.runs import tallies
from app.sites import queries as sites
from app.sites import tallies as site_tallies
from app.sites.models import SentLine
from app.text import _, ngettext
from app.web import render, subjects
from app.web.moments import as_of, day_clock, in_words, number, sentence, size
from app.web.pages import trail
from app.web.parts import (
    Cell,
    Code,
    Column,
    Copy,
    Empty,
    Facts,
    Link,
    Links,
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
from worker.protocol.signatures import PrivateKey

router = page_router(prefix="/i/{institution}")
_SHOWN = 200


def _tabs(institution: str) -> tuple[Link, ...]:
    return (
        Link(_("What left"), f"/i/{institution}/sent", "btn"),
        Link(_("Who did what"), f"/i/{institution}/audit", "btn"),
        Link(_("Evidence"), f"/i/{institution}/evidence", "btn"),
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
    length, head = audit.head(visit.session, row.id)
    about = subjects.about(visit.session, row.id, found.events)
    people = [(m.person.id, m.person.name) for m in members(visit.session, visit.who, row.id)]
    who = trail.people_of(
        people + [(s.id, s.name) for s in sites.of_institution(visit.session, row.id)]
    )
    body = trail.parts(visit.session, found, f"/i/{row.id}/audit", wanted, about, who)
    check = _(
        "Each event names the digest of the one before it. Copy the last digest elsewhere: then "
        "nobody can change the past unnoticed."
    )
    facts = Facts(((_("Events"), number(length)), (_("Ends with"), Code(head or "–"))))
    sheet = Sheet(
        title=_("Who did what"),
        says=_("Every act is recorded in the same step as its effect."),
        asof=as_of(),
        actions=(_tabs(row.id)[0], _tabs(row.id)[2]),
        panels=(
            Panel(_("Events"), body),
            Panel(_("How to check it"), (Text(check), facts, *_export(visit, row.id, wanted))),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


def _export(visit: Visit, institution: str, wanted: trail.Asked) -> tuple[Part, ...]:
    path = f"/i/{institution}/audit/export"
    part = f"?{wanted.query()}" if wanted.query() else ""
    links = Links(
        (
            Link(_("Export as JSON lines"), f"{path}/jsonl{part}", "btn"),
            Link(_("Export as CSV"), f"{path}/csv{part}", "btn"),
        )
    )
    says = _(
        "The JSON lines end with the heads of all chains, signed by the hub. The script checks them on any computer "
        "that has Python, and needs nothing else. Keep the hub’s key and an older file elsewhere: “--earlier "
        "OLDER.jsonl” finds what was rewritten since."
    )
    command = f"python3 collegium_audit.py audit.jsonl --key {visit.hub.key.public.text}"
    if part:
        some = _(
            "These files hold what the filter shows. Only a file of everything ends with the signed heads and can be "
            "checked."
        )
        return (links, Text(some))
    script = Links((Link(_("The script that checks it"), f"{path}/py", "btn"),))
    return (links, Text(says), script, Copy("check-command", _("The command"), command))


@router.get("/audit/export/{form}")
def export_trail(visit: Here, institution: str, form: str) -> Response:
    wanted = trail.asked(visit)
    if wanted.errors:
        raise Invalid(next(iter(wanted.errors.values())), wanted.errors)
    who, key = visit.who, visit.hub.key
    return exported(visit.session, who, institution, form, key, wanted.filter)


def exported(
    session: Session, actor: Actor, institution: str, form: str, key: PrivateKey, wanted: Filter
) -> Response:
    """The file, for pages and programs. Raises NotFound for a form there is not."""
    if form == "jsonl":
        content, media = (
            export.as_lines(session, actor, institution, key, wanted),
            "application/x-ndjson",
        )
    elif form == "csv":
        content, media = (
            export.as_csv(session, actor, institution, wanted),
            "text/csv; charset=utf-8",
        )
    elif form == "py":
        content, media = export.script(), "text/x-python; charset=utf-8"
    else:
        raise NotFound(_("There is no such export. Choose jsonl or csv."))
    name = "collegium_audit.py" if form == "py" else f"audit.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media, headers=headers)
