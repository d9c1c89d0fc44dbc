"""One policy version on paper, for a board: what it says, what bounds it and why, who decided, room to sign."""

from starlette.responses import Response

from app.access.permissions import Permission
from app.institutions import queries as institutions
from app.people import queries as people
from app.policies import decisions, purposes, queries, words
from app.policies.durations import in_words
from app.policies.fields import choice_name
from app.text import _
from app.web import render
from app.web.moments import as_of, day
from app.web.pages import policy_words, profile_words
from app.web.parts import Bullets, Column, Empty, Facts, Link, Panel, Part, Sheet, Table
from app.web.visit import Here, Visit, page_router

router = page_router(prefix="/i/{institution}/policy")


@router.get("/{number}/board")
def board(visit: Here, institution: str, number: int) -> Response:
    home = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    row = queries.by_number(visit.session, visit.who, home.id, number)
    document = queries.document(row)
    why = decisions.explained(visit.session, document)
    names = people.names(visit.session, {row.drafted_by, row.decided_by or ""})
    warnings = tuple(words.warnings(document))
    decided = Facts(
        (
            (_("Drafted by"), f"{names.get(row.drafted_by, '–')}, {day(row.changed)}"),
            (_("Decided by"), names.get(row.decided_by or "", "–")),
            (_("Digest"), row.digest),
            (_("Place and day"), "………………………………"),
            (_("Signature"), "………………………………"),
        )
    )
    sheet = Sheet(
        title=_("{institution}: policy, version {n}").format(institution=home.name, n=row.number),
        says=" ".join((policy_words.stands(row), *warnings)),
        asof=as_of(),
        crumbs=(
            Link(_("Policy"), f"/i/{home.id}/policy"),
            Link(_("Version {n}").format(n=row.number), f"/i/{home.id}/policy/{row.number}"),
            Link(_("For the board"), ""),
        ),
        panels=(
            Panel(_("What it says"), (Bullets(tuple(words.in_words(document))),)),
            Panel(_("What bounds it, and why"), profile_words.table(why)),
            Panel(_("Purposes on record"), (_purposes(visit, home.id),)),
            Panel(_("Decision"), (decided,)),
        ),
        menu="policy",
    )
    return render.sheet(visit, sheet)


def _purposes(visit: Visit, at: str) -> Part:
    rows = tuple(
        (row.name, choice_name(row.purpose), row.basis, in_words(row.retention))
        for row in purposes.of(visit.session, visit.who, at)
    )
    if not rows:
        return Empty(_("No purpose is on record yet."))
    columns = (
        Column(_("Name")),
        Column(_("Purpose")),
        Column(_("Lawful basis")),
        Column(_("Kept for")),
    )
    return Table(_("Each with its ground"), columns, rows)
