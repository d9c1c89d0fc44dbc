"""The audit trail as files, how to check them, and the checkpoints the hub stored: an institution's, and its own."""

from starlette.responses import Response, StreamingResponse

from app.audit import export
from app.audit import queries as audit
from app.audit.models import HUB_CHAIN
from app.errors import Invalid, NotFound
from app.text import _
from app.web.moments import day_clock, number
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
    Part,
    Table,
    Text,
    When,
)
from app.web.visit import Visit

_SHOWN = 10


def parts(
    visit: Visit, institution: str | None, home: str, wanted: trail.Asked
) -> tuple[Part, ...]:
    """`home`: the address of the institution or of the operators' pages. The caller has checked who asks."""
    end = audit.end(visit.session, institution or HUB_CHAIN)
    check = _(
        "Each event names the digest of the one before it. Copy the last digest elsewhere: then "
        "nobody can change the past unnoticed."
    )
    facts = Facts(((_("Events"), number(end.number)), (_("Ends with"), Code(end.head or "–"))))
    path = f"{home}/audit/export"
    part = f"?{wanted.query()}" if wanted.query() else ""
    links = Links(
        (
            Link(_("Export as JSON lines"), f"{path}/jsonl{part}", "btn"),
            Link(_("Export as CSV"), f"{path}/csv{part}", "btn"),
        )
    )
    if part:
        some = _(
            "These files hold what the filter shows. Only a file of everything ends with the signed heads and can be "
            "checked."
        )
        return (Text(check), facts, links, Text(some))
    return (Text(check), facts, links, *_whole(visit, path), *_stored(visit, institution, path))


def _whole(visit: Visit, path: str) -> tuple[Part, ...]:
    says = _(
        "The JSON lines end with the heads of all chains, signed by the hub. The script checks them on any computer "
        "that has Python, and needs nothing else. Keep the hub’s key and an older file elsewhere: “--earlier "
        "OLDER.jsonl” finds what was rewritten since."
    )
    command = f"python3 collegium_audit.py audit.jsonl --key {visit.hub.key.public.text}"
    script = Links((Link(_("The script that checks it"), f"{path}/py", "btn"),))
    return (Text(says), script, Copy("check-command", _("The command"), command))


def _stored(visit: Visit, institution: str | None, path: str) -> tuple[Part, ...]:
    chain = institution or HUB_CHAIN
    end = audit.end(visit.session, chain)
    says = _(
        "Every day that something happened, and every thousand events, the hub signs where the trail ends and "
        "stores it. Take these checkpoints and keep them elsewhere: “--kept checkpoints.jsonl” finds what was "
        "rewritten or cut back since, even by the hub itself."
    )
    if not end.checkpoints:
        return (Text(says), Empty(_("No checkpoint is stored yet.")))
    rows: list[tuple[Cell, ...]] = [
        (When(row.at, day_clock(row.at)), number(row.number), Code(row.head, True))
        for row in audit.stored(visit.session, chain, end.checkpoints, _SHOWN)
    ]
    columns = (Column(_("Signed")), Column(_("Events"), True), Column(_("Ends with")))
    caption = _("Checkpoints, newest first")
    take = Links((Link(_("Take all checkpoints"), f"{path}/checkpoints", "btn"),))
    return (Text(says), Table(caption, columns, tuple(rows)), take)


def taken(visit: Visit, institution: str | None, form: str) -> Response:
    """The file, made while it is sent. Raises NotFound for a form there is not, Invalid for a day that is none."""
    wanted = trail.asked(visit)
    if wanted.errors:
        raise Invalid(next(iter(wanted.errors.values())), wanted.errors)
    who, reading, key = visit.who, visit.hub.db.reading, visit.hub.key
    if form == "jsonl":
        lines = export.as_lines(reading, who, institution, key, wanted.filter)
        return StreamingResponse(lines, media_type=LINES, headers=named("audit.jsonl"))
    if form == "csv":
        table = export.as_csv(reading, who, institution, wanted.filter)
        media = "text/csv; charset=utf-8"
        return StreamingResponse(table, media_type=media, headers=named("audit.csv"))
    if form == "checkpoints":
        content = export.stored_lines(visit.session, who, institution, key.public)
        return Response(content, media_type=LINES, headers=named("checkpoints.jsonl"))
    if form == "py":
        export.may_read(who, institution)
        media = "text/x-python; charset=utf-8"
        return Response(export.script(), media_type=media, headers=named("collegium_audit.py"))
    raise NotFound(_("There is no such export. Choose jsonl or csv."))


LINES = "application/x-ndjson"


def named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}
