"""What left, and who did what."""

from starlette.responses import Response

from app.access.permissions import Permission
from app.audit import kinds
from app.audit import queries as audit
from app.audit.models import Event
from app.audit.queries import Filter
from app.clock import now
from app.institutions import queries as institutions
from app.people import queries as people
from app.runs import queries as runs
from app.sites import queries as sites
from app.sites.models import SentLine
from app.text import _, ngettext
from app.web import code_words, render
from app.web.moments import day_clock, full, in_words, sentence, size
from app.web.parts import (
    Button,
    Cell,
    Code,
    Column,
    Empty,
    Field,
    Form,
    Link,
    Links,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
    When,
)
from app.web.visit import Here, Visit, page_router

router = page_router(prefix="/i/{institution}")
_SHOWN = 200


def _tabs(institution: str) -> tuple[Link, ...]:
    return (
        Link(_("What left"), f"/i/{institution}/sent", "btn"),
        Link(_("Who did what"), f"/i/{institution}/audit", "btn"),
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
        asof=_("As of {time}").format(time=full(now())),
        actions=_tabs(row.id)[1:],
        panels=(
            Panel(_("Newest first"), (_sent_table(visit, list(lines)),)),
            Panel(
                _("How to compare"),
                (
                    Text(
                        _(
                            "At the site, “collegium-site log” lists every transfer with "
                            "its bytes and digest. Each line here has one there; the last "
                            "200 are shown."
                        )
                    ),
                ),
            ),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


def _sent_table(visit: Visit, lines: list[SentLine]) -> Part:
    if not lines:
        return Empty(_("Nothing has left."))
    named = {
        s: site.name
        for s in {line.site_id for line in lines}
        if (site := sites.by_id(visit.session, s))
    }
    found = {
        r: run.number
        for r in {line.run_id for line in lines}
        if r and (run := runs.by_id(visit.session, r))
    }
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
def trail(visit: Here, institution: str, kind: str = "", cursor: int | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.AUDIT_READ, institution)
    wanted = Filter(kind=f"{kind}.") if kind else None
    found = audit.events(visit.session, visit.who, row.id, wanted, cursor=cursor)
    length, head = audit.head(visit.session, row.id)
    more: tuple[Part, ...] = ()
    if found.cursor is not None:
        more = (
            Links((Link(_("Older ones"), f"/i/{row.id}/audit?kind={kind}&cursor={found.cursor}"),)),
        )
    check = _(
        "Each event names the digest of the one before it. The chain has {n} events and "
        "ends with {head}. Copy it elsewhere: then nobody can change the past unnoticed."
    )
    sheet = Sheet(
        title=_("Who did what"),
        says=_("Every act is recorded in the same step as its effect."),
        asof=_("As of {time}").format(time=full(now())),
        actions=_tabs(row.id)[:1],
        panels=(
            Panel(
                _("Events"),
                (_filter(row.id, kind), _events(visit, found.events), *more),
            ),
            Panel(_("How to check it"), (Text(check.format(n=length, head=head[:16] or "–")),)),
        ),
        menu="records",
    )
    return render.sheet(visit, sheet)


def _events(visit: Visit, found: list[Event]) -> Part:
    names = people.names(visit.session, {e.actor for e in found})
    rows: list[tuple[Cell, ...]] = [
        (
            str(e.number),
            When(e.at, day_clock(e.at)),
            _(kinds.by_name(e.kind).title),
            names.get(e.actor, _who(e.actor)),
            Code(e.subject),
        )
        for e in found
    ]
    columns = (
        Column(_("Number")),
        Column(_("Time")),
        Column(_("What")),
        Column(_("Who")),
        Column(_("About")),
    )
    if not rows:
        return Empty(_("None of this kind."))
    return Table(_("Events, newest first"), columns, tuple(rows))


def _who(actor: str) -> str:
    noun = actor.partition("_")[0]
    return {"site": _("a site"), "token": _("an API token"), "hub": _("the hub")}.get(
        noun, _("someone")
    )


def _filter(institution: str, kind: str) -> Form:
    nouns = sorted({name.partition(".")[0] for name in kinds.ALL})
    options = (Option("", _("Everything")), *(Option(n, n) for n in nouns))
    field = Field("kind", _("Only about"), "select", value=kind, options=options)
    return Form(
        f"/i/{institution}/audit", (field,), (Button(_("Show")),), inline=False, method="get"
    )
