"""Which classes are ours, who teaches them? A site names classes; an administrator confirms them."""

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.errors import Conflict, Invalid, NotFound
from app.institutions import queries
from app.institutions import service as institutions
from app.institutions.models import SchoolClass
from app.people import queries as people
from app.reports import queries as reports
from app.sites import queries as sites
from app.text import _, ngettext
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import as_of, in_words, sentence, since
from app.web.pages import report_next
from app.web.parts import (
    Act,
    Acts,
    Button,
    Column,
    Empty,
    Facts,
    Field,
    Form,
    Link,
    Note,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Status,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/classes")


@router.get("")
def every(visit: Here, institution: str) -> Response:
    return _page(visit, institution)


def _page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = queries.get(visit.session, visit.who, Permission.CLASS_READ, institution)
    errors = errors or {}
    may_edit = allows(visit.who, Permission.CLASS_EDIT, row.id)
    panels = [Panel(_("Ours"), (_table(visit, row.id),))]
    if may_edit:
        panels.append(Panel(_("Add one by hand"), (_add_form(visit, row.id, errors),)))
    sheet = Sheet(
        title=_("Classes"),
        says=_("An instructor sees the reports of the classes named here, and nobody else’s."),
        asof=as_of(),
        note="" if may_edit else _refused(visit, row.id),
        panels=tuple(panels),
        errors=tuple(errors.items()),
        menu="classes",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _refused(visit: Visit, at: str) -> str:
    takes = _("Confirming classes and naming instructors takes the role of administrator.")
    return refusals.role(visit, at, Permission.CLASS_EDIT, takes).text


def _table(visit: Visit, institution: str) -> Part:
    found = queries.classes(visit.session, visit.who, institution)
    if not found:
        return Empty(
            _(
                "No class yet. A site names its classes if the policy lets codes out, or you add them by hand."
            )
        )
    teachings = queries.teachings(visit.session, [c.id for c in found])
    names = people.names(visit.session, {p for ids in teachings.values() for p in ids})
    rows = tuple(
        (
            Link(f"{c.code} {c.title}".strip(), f"/i/{institution}/classes/{c.id}"),
            c.term,
            _state(c),
            ", ".join(names.get(p, "–") for p in teachings.get(c.id, [])) or _("nobody"),
        )
        for c in found
    )
    columns = (Column(_("Class")), Column(_("Term")), Column(_("State")), Column(_("Instructors")))
    return Table(_("Classes by term"), columns, rows)


def _state(row: SchoolClass) -> Status:
    if row.confirmed:
        return Status("good", _("Confirmed"), since(row.confirmed))
    return Status("act", _("To be confirmed"), since(row.created))


def _add_form(visit: Visit, institution: str, errors: dict[str, str]) -> Form:
    def field(name: str, label: str, help_: str = "", optional: bool = False) -> Field:
        return Field(
            name,
            label,
            value=visit.form.text(name),
            help=help_,
            error=errors.get(name, ""),
            optional=optional,
        )

    return Form(
        f"/i/{institution}/classes",
        (
            field("term", _("Term"), _("As the site’s records write it.")),
            field("code", _("Code"), _("As the site’s records write it.")),
            field("title", _("Title"), optional=True),
        ),
        (Button(_("Add the class")),),
    )


@router.post("")
def add(visit: Here, institution: str) -> Response:
    typed = visit.form
    try:
        with trying(visit.session):
            institutions.add_class(
                visit.session,
                visit.who,
                institution,
                typed.text("term"),
                typed.text("code"),
                typed.text("title"),
            )
    except Invalid as error:
        return _page(visit, institution, error.errors)
    except Conflict as error:
        return _page(visit, institution, {"code": error.message})
    return see_other(f"/i/{institution}/classes", "saved")


def _found(visit: Visit, institution: str, class_id: str, permission: Permission) -> SchoolClass:
    row = queries.class_for(visit.session, visit.who, permission, class_id)
    if row.institution_id != institution:
        raise NotFound(_("There is no such class."))
    return row


@router.get("/{class_id}")
def one(visit: Here, institution: str, class_id: str) -> Response:
    row = _found(visit, institution, class_id, Permission.CLASS_READ)
    site = sites.by_id(visit.session, row.offered_by) if row.offered_by else None
    facts = Facts(
        (
            (_("Term"), row.term),
            (_("Code"), row.code),
            (_("Title"), row.title or "–"),
            (_("State"), _state(row)),
            (
                _("Named by"),
                _("the site “{name}”").format(name=site.name) if site else _("a person here"),
            ),
        )
    )
    panels = [
        Panel(_("The class"), (facts, *_confirm(visit, row))),
        Panel(_("Who teaches it"), _instructors(visit, row)),
    ]
    if allows(visit.who, Permission.FEEDBACK_READ, institution):
        panels.append(report_next.of_class(reports.feedback_for(visit.session, visit.who, row.id)))
    sheet = Sheet(
        title=f"{row.code} {row.title}".strip(),
        says=_says_of(visit, row),
        asof=as_of(),
        crumbs=(Link(_("Classes"), f"/i/{institution}/classes"), Link(row.code, "")),
        panels=tuple(panels),
        menu="classes",
    )
    return render.sheet(visit, sheet)


def _says_of(visit: Visit, row: SchoolClass) -> str:
    """Whether anybody can read a report of it."""
    if not row.confirmed:
        return _("A site named it. Confirm it, then name who teaches it.")
    count = len(queries.teachings(visit.session, [row.id]).get(row.id, []))
    if not count:
        return _("Nobody teaches it yet, so nobody can read its report.")
    said = ngettext("{n} person can read its report.", "{n} people can read its report.", count)
    return sentence(said.format(n=in_words(count)))


def _confirm(visit: Visit, row: SchoolClass) -> tuple[Part, ...]:
    if row.confirmed or not allows(visit.who, Permission.CLASS_EDIT, row.institution_id):
        return ()
    title = Field("title", _("Title"), value=row.title, optional=True)
    path = f"/i/{row.institution_id}/classes/{row.id}/confirm"
    return (Form(path, (title,), (Button(_("Confirm this class"), look="primary"),)),)


def _instructors(visit: Visit, row: SchoolClass) -> tuple[Part, ...]:
    path = f"/i/{row.institution_id}/classes/{row.id}"
    named = queries.teachings(visit.session, [row.id]).get(row.id, [])
    able = people.instructors(visit.session, visit.who, row.institution_id)
    names = people.names(visit.session, set(named))
    may_edit = allows(visit.who, Permission.CLASS_EDIT, row.institution_id)
    takes_off = allows(visit.who.unheld, Permission.CLASS_EDIT, row.institution_id)
    parts: list[Part] = []
    if named:
        rows = tuple(
            (names.get(p, "–"), _take_off(path, p, names) if takes_off else Nothing())
            for p in named
        )
        columns = (Column(_("Name")), Column(""))
        parts.append(Table(_("They can read its report"), columns, rows))
    else:
        parts.append(Empty(_("Nobody yet, so nobody can read its report.")))
    if not may_edit:
        note = (refusals.role(visit, row.institution_id, Permission.CLASS_EDIT, ""),)
        return (*parts, *(note if takes_off else ()))
    free = tuple(Option(p.id, p.name) for p in able if p.id not in named)
    if free:
        choice = Field("person", _("Name an instructor"), "select", options=free)
        parts.append(Form(f"{path}/assign", (choice,), (Button(_("Name them")),), row=True))
    else:
        link = Link(_("Invite another"), f"/i/{row.institution_id}/people/invite")
        said = _("Every instructor of your institution is named already, or there is none.")
        parts.append(Note(said, link))
    return tuple(parts)


def _take_off(path: str, person: str, names: dict[str, str]) -> Acts:
    act = Act(f"{path}/unassign", _("Take off"), names.get(person, "–"), (("person", person),))
    return Acts((act,))


@router.post("/{class_id}/confirm")
def confirm(visit: Here, institution: str, class_id: str) -> Response:
    institutions.confirm_class(visit.session, visit.who, class_id, visit.form.text("title"))
    return see_other(f"/i/{institution}/classes/{class_id}", "confirmed")


@router.post("/{class_id}/assign")
def assign(visit: Here, institution: str, class_id: str) -> Response:
    institutions.assign(visit.session, visit.who, class_id, visit.form.text("person"))
    return see_other(f"/i/{institution}/classes/{class_id}", "assigned")


@router.post("/{class_id}/unassign")
def unassign(visit: Here, institution: str, class_id: str) -> Response:
    institutions.unassign(visit.session, visit.who, class_id, visit.form.text("person"))
    return see_other(f"/i/{institution}/classes/{class_id}", "saved")
