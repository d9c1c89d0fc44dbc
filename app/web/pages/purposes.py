"""Why may our records train, on which basis, for how long, and who says yes?"""

from collections.abc import Sequence

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.errors import Invalid, NotFound
from app.institutions import queries as institutions
from app.policies import durations, purposes
from app.policies.fields import choice_name
from app.policies.models import PurposeRecord
from app.policies.purposes import Told
from app.text import _
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import as_of, day
from app.web.pages import purpose_form
from app.web.parts import (
    Button,
    Cell,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Nothing,
    Panel,
    Part,
    Sheet,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/policy/purposes")


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    return _overview(visit, institution)


def _overview(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_READ, institution)
    rows = purposes.of(visit.session, visit.who, row.id)
    panels = [Panel(_("In force"), (_table(visit, row.id, rows),))]
    if allows(visit.who, Permission.POLICY_DRAFT, row.id):
        fields = purpose_form.fields(visit, row.id, None, errors or {})
        form = Form(f"/i/{row.id}/policy/purposes", fields, (Button(_("Record it")),))
        panels.append(Panel(_("Record a purpose"), (form,), id="h-new"))
    else:
        takes = _("Drafting takes the role of administrator or privacy officer.")
        note = refusals.role(visit, row.id, Permission.POLICY_DRAFT, takes)
        panels.append(Panel(_("Record a purpose"), (note,)))
    sheet = Sheet(
        title=_("Register of purposes"),
        says=_("Why our records may train, on which lawful basis, and for how long they are kept."),
        asof=as_of(),
        crumbs=(Link(_("Policy"), f"/i/{row.id}/policy"), Link(_("Register of purposes"), "")),
        panels=tuple(panels),
        errors=tuple((errors or {}).items()),
        menu="policy",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _table(visit: Visit, at: str, found: Sequence[PurposeRecord]) -> Part:
    if not found:
        return Empty(_("No purpose is on record yet."))
    may = allows(visit.who, Permission.POLICY_DRAFT, at)
    made = tuple(_line(row, link=may) for row in found)
    columns = (
        Column(_("Name")),
        Column(_("Purpose")),
        Column(_("Lawful basis")),
        Column(_("Kept for")),
        Column(_("Special categories")),
        Column(_("Who approves a run")),
    )
    return Table(_("Each with its ground"), columns, made)


def _line(row: PurposeRecord, *, link: bool) -> tuple[Cell, ...]:
    path = f"/i/{row.institution_id}/policy/purposes/{row.id}"
    kept = durations.in_words(row.retention)
    if row.protected:
        kept = _("{time}, protected from erasure").format(time=kept)
    return (
        Link(row.name, path) if link else row.name,
        choice_name(row.purpose),
        row.basis,
        kept,
        ", ".join(map(choice_name, row.categories)) or Nothing(),
        purpose_form.approver_name(row.approver),
    )


@router.post("")
def add(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    try:
        with trying(visit.session):
            purposes.add(visit.session, visit.who, row.id, purpose_form.read(visit.form))
    except Invalid as error:
        return _overview(visit, row.id, error.errors)
    return see_other(f"/i/{row.id}/policy/purposes", "saved")


def _one(visit: Visit, institution: str, purpose: str) -> PurposeRecord:
    found = purposes.get(visit.session, visit.who, Permission.POLICY_DRAFT, purpose)
    if found.institution_id != institution:
        raise NotFound(_("There is no such purpose."))
    return found


@router.get("/{purpose}")
def one(visit: Here, institution: str, purpose: str) -> Response:
    return _page(visit, _one(visit, institution, purpose))


def _page(visit: Visit, row: PurposeRecord, errors: dict[str, str] | None = None) -> Response:
    path = f"/i/{row.institution_id}/policy/purposes/{row.id}"
    revision = Field("revision", "", "hidden", value=str(row.revision))
    fields = purpose_form.fields(visit, row.institution_id, row, errors or {})
    change = Form(path, (*fields, revision), (Button(_("Save"), look="primary"),))
    over = Form(f"{path}/end", (), (Button(_("End this purpose")),), inline=True)
    facts = Facts(
        ((_("Recorded"), day(row.created)), (_("Changed"), day(row.changed))), stacked=True
    )
    sheet = Sheet(
        title=row.name,
        says=_("Ended on {day}.").format(day=day(row.ended))
        if row.ended
        else _("In force. A policy may rest on it."),
        crumbs=(
            Link(_("Policy"), f"/i/{row.institution_id}/policy"),
            Link(_("Register of purposes"), f"/i/{row.institution_id}/policy/purposes"),
            Link(row.name, ""),
        ),
        panels=() if row.ended else (Panel(_("What is on record"), (change,)),),
        aside=(Panel(_("About it"), (facts,) if row.ended else (facts, over)),),
        errors=tuple((errors or {}).items()),
        menu="policy",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


@router.post("/{purpose}")
def change(visit: Here, institution: str, purpose: str) -> Response:
    row = _one(visit, institution, purpose)
    try:
        told: Told = purpose_form.read(visit.form)
        revision = visit.form.whole("revision", _("Revision"))
        with trying(visit.session):
            purposes.change(visit.session, visit.who, row.id, told, revision)
    except Invalid as error:
        return _page(visit, row, error.errors)
    return see_other(f"/i/{institution}/policy/purposes", "saved")


@router.post("/{purpose}/end")
def end(visit: Here, institution: str, purpose: str) -> Response:
    row = _one(visit, institution, purpose)
    purposes.end(visit.session, visit.who, row.id)
    return see_other(f"/i/{institution}/policy/purposes", "ended")
