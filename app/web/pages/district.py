"""Whose school are we, whose district: offers, answers, and the floor that a district proposes to its schools."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.errors import Invalid
from app.institutions import queries as institutions
from app.institutions import tie_queries, ties
from app.institutions.models import Tie
from app.institutions.states import TieState
from app.policies import district_floors, district_queries
from app.policies import queries as policies
from app.policies.states import FloorRefusal
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.moments import as_of, since
from app.web.pages import district_parts as parts
from app.web.pages.district_parts import Seen
from app.web.parts import (
    Act,
    Acts,
    Cell,
    Column,
    Empty,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/district")


@router.get("")
def show(visit: Here, institution: str) -> Response:
    return _page(visit, institution)


def _page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    found = tie_queries.of(visit.session, visit.who, row.id)
    floors = district_queries.of(visit.session, visit.who, row.id)
    ids = {i for t in found for i in (t.district_id, t.school_id)} | {row.parent_id or ""}
    current = policies.current(visit.session, row.id)
    ours = policies.document(current) if current else None
    seen = Seen(visit, row, ours, floors, institutions.names(visit.session, ids))
    above = [t for t in found if t.school_id == row.id]
    below = [t for t in found if t.district_id == row.id]
    tied = any(t.state is TieState.ACCEPTED for t in below)
    sheet = Sheet(
        title=_("District"),
        says=_(
            "A district proposes a floor; each school answers for itself. "
            "It may be stricter, never looser than what it accepted."
        ),
        asof=as_of(),
        crumbs=(Link(row.name, f"/i/{row.id}"), Link(_("District"), "")),
        panels=(
            Panel(_("Our district"), (_ties(seen, above), *parts.asked(seen, errors or {}))),
            Panel(
                _("Our schools"),
                (
                    _ties(seen, below),
                    *parts.proposed(seen),
                    *parts.forms(seen, errors or {}, schools=tied),
                ),
            ),
        ),
        errors=tuple((errors or {}).items()),
        menu="policy",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _ties(seen: Seen, found: list[Tie]) -> Part:
    if not found:
        return Empty(_("None."))
    rows = tuple(
        (
            seen.names[t.school_id if t.district_id == seen.row.id else t.district_id],
            _state(t),
            _acts(seen, t),
        )
        for t in found
    )
    columns = (Column(_("Institution")), Column(_("State")), Column(""))
    return Table(_("Offers and their answers, newest first"), columns, rows)


def _state(row: Tie) -> Status:
    tone, word = {
        TieState.OFFERED: ("wait", _("Offered")),
        TieState.ACCEPTED: ("good", _("Accepted")),
        TieState.DECLINED: ("stop", _("Declined")),
        TieState.ENDED: ("off", _("Ended")),
    }[row.state]
    return Status(tone, word, since(row.changed))  # type: ignore[arg-type]


def _acts(seen: Seen, row: Tie) -> Cell:
    if row.state not in tie_queries.OPEN:
        return Nothing()
    if not allows(seen.visit.who.unheld, Permission.PEOPLE_EDIT, seen.row.id):
        return Nothing()
    path = f"/i/{seen.row.id}/district/{row.id}"
    other = seen.names[row.district_id if row.school_id == seen.row.id else row.school_id]
    if row.state is TieState.OFFERED and row.school_id == seen.row.id:
        decline = Act(f"{path}/decline", _("Decline"), other)
        if not allows(seen.visit.who, Permission.PEOPLE_EDIT, seen.row.id):
            return Acts((decline,))
        return Acts((Act(f"{path}/accept", _("Accept"), other), decline))
    return Acts((Act(f"{path}/end", _("End"), other),))


@router.post("/offer")
def offer(visit: Here, institution: str) -> Response:
    try:
        with trying(visit.session):
            ties.offer(visit.session, visit.who, institution, visit.form.text("school"))
    except Invalid as error:
        return _page(visit, institution, error.errors)
    return see_other(f"/i/{institution}/district", "sent")


@router.post("/{tie}/accept")
def accept(visit: Here, institution: str, tie: str) -> Response:
    ties.accept(visit.session, visit.who, tie)
    return see_other(f"/i/{institution}/district", "accepted")


@router.post("/{tie}/decline")
def decline(visit: Here, institution: str, tie: str) -> Response:
    ties.decline(visit.session, visit.who, tie)
    return see_other(f"/i/{institution}/district", "decided")


@router.post("/{tie}/end")
def end(visit: Here, institution: str, tie: str) -> Response:
    ties.end(visit.session, visit.who, tie)
    return see_other(f"/i/{institution}/district", "ended")


@router.post("/floors")
def propose(visit: Here, institution: str) -> Response:
    district_floors.propose(visit.session, visit.who, institution)
    return see_other(f"/i/{institution}/district", "proposed-floor")


@router.post("/floors/{floor}/accept")
def accept_floor(visit: Here, institution: str, floor: str) -> Response:
    district_floors.accept(visit.session, visit.who, floor)
    return see_other(f"/i/{institution}/district", "accepted")


@router.post("/floors/{floor}/refuse")
def refuse_floor(visit: Here, institution: str, floor: str) -> Response:
    given = visit.form.text("reason")
    reason = FloorRefusal(given) if given in set(FloorRefusal) else None
    try:
        with trying(visit.session):
            district_floors.refuse(visit.session, visit.who, floor, reason)
    except Invalid as error:
        return _page(visit, institution, error.errors)
    return see_other(f"/i/{institution}/district", "decided")


@router.post("/floors/{floor}/withdraw")
def withdraw_floor(visit: Here, institution: str, floor: str) -> Response:
    district_floors.withdraw(visit.session, visit.who, floor)
    return see_other(f"/i/{institution}/district", "withdrawn")
