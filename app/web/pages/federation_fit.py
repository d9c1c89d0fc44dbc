"""What exactly is predicted, and who can take part? Others' rows say yes or no; rules by name for the lead only."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.clock import now
from app.federations import compatibility, queries
from app.federations.compatibility import Row
from app.policies import fit
from app.text import _, ngettext
from app.web import render
from app.web.moments import full, in_words, sentence
from app.web.pages import federation_words, records_fit, task_words
from app.web.pages.federations import crumbs
from app.web.parts import (
    Cell,
    Column,
    Empty,
    Link,
    Muted,
    No,
    Nothing,
    Panel,
    Sheet,
    Table,
    Yes,
)
from app.web.visit import Here, Visit, page_router

router = page_router(prefix="/federations")


@router.get("/{federation_id}/task")
def task(visit: Here, federation_id: str) -> Response:
    federation = federation_words.readable(visit, federation_id)
    sheets = queries.documents(visit.session, federation.id)
    panels = tuple(task_words.panel(sheet) for sheet in sheets)
    at = visit.institution
    shown = at is not None and allows(visit.who, Permission.SITE_READ, at)
    ours = records_fit.parts(visit, federation, at) if at and shown else ()
    sheet = Sheet(
        title=_("Task sheets of {name}").format(name=federation.name),
        says=_("What exactly is predicted, from what, and how it is judged."),
        crumbs=crumbs(federation, _("Task sheets")),
        panels=(*panels, *((Panel(_("Our records against them"), ours),) if ours else ()))
        if panels
        else (Panel(_("Task sheets"), (Empty(_("None yet.")),)),),
        menu="federations",
    )
    return render.sheet(visit, sheet)


@router.get("/{federation_id}/compatibility")
def compatible(visit: Here, federation_id: str) -> Response:
    federation = queries.get(visit.session, visit.who, Permission.FEDERATION_READ, federation_id)
    found = compatibility.matrix(visit.session, federation, visit.who)
    rows = tuple(_fit(row, visit) for row in found.rows)
    willing = sum(row.allows for row in found.rows)
    said = ngettext("{n} member could take part", "{n} members could take part", willing)
    text = _(
        "{said}. A round needs {need} institutions without a common parent, and {have} are willing."
    ).format(
        said=sentence(said.format(n=in_words(willing))),
        need=found.minimum_cohort,
        have=found.cohort,
    )
    sheet = Sheet(
        title=_("Who can take part in {name}?").format(name=federation.name),
        says=text,
        asof=_("As of {time}. A forecast: a site decides by the policy accepted there.").format(
            time=full(now())
        ),
        crumbs=crumbs(federation, _("Who can take part")),
        panels=(Panel(_("Members and rules"), (_table(rows),)),),
        foot=(Link(_("Our policy"), f"/i/{visit.institution}/policy"),)
        if visit.institution
        else (),
        menu="federations",
    )
    return render.sheet(visit, sheet)


def _table(rows: tuple[tuple[Cell, ...], ...]) -> Table:
    columns = (
        Column(_("Member")),
        Column(_("Policy allows it")),
        Column(_("Sites ready"), True),
        Column(_("Rules that refuse")),
        Column(_("Smallest change that helps")),
    )
    return Table(_("You see the rules of others only if your institution leads."), columns, rows)


def _fit(row: Row, visit: Visit) -> tuple[Cell, ...]:
    mine = row.member.institution.id in visit.who.institutions
    name = row.member.institution.name
    rules: Cell = Muted(_("not shown"))
    change: Cell = Muted(_("not shown"))
    if row.allows:
        rules, change = Nothing(), Nothing()
    if row.objections is not None:
        judged = [
            (fit.sentence(o.code, o.detail), fit.change(o.code, o.detail)) for o in row.objections
        ]
        rules = " ".join(s for s, _c in judged) or Nothing()
        change = " ".join(c for _s, c in judged if c) or Nothing()
    elif row.rules is not None:
        rules = " ".join(fit.sentence(code) for code in row.rules) or Nothing()
    return (
        _("{name} (yours)").format(name=name) if mine else name,
        Yes(_("Yes")) if row.allows else No(_("No")),
        str(row.sites_ready) if row.sites_ready is not None else Muted(_("not shown")),
        rules,
        change,
    )
