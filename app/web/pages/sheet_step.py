"""The task sheets of a draft: those it has, and two ways to add one."""

from collections.abc import Sequence

from app.federations.models import Federation
from app.text import _
from app.web.forms import Typed
from app.web.pages import sheet_form
from app.web.parts import (
    Act,
    Acts,
    Button,
    Column,
    Empty,
    Fold,
    Form,
    Link,
    Links,
    Panel,
    Part,
    Table,
)
from worker.protocol.tasks import TaskSheet


def listed(row: Federation, found: Sequence[TaskSheet]) -> tuple[Part, ...]:
    """Those of the draft, each with its way out, and the way on."""
    if not found:
        return (Empty(_("No task sheet yet. Add one below.")),)
    columns = (
        Column(_("Task sheet")),
        Column(_("Predicts")),
        Column(_("Inputs"), True),
        Column(""),
    )
    path = f"/federations/{row.id}/edit/remove"
    rows = tuple(
        (
            s.name,
            s.target,
            str(len(s.inputs)),
            Acts((Act(path, _("Remove"), s.name, (("name", s.name),)),)),
        )
        for s in found
    )
    on = Links((Link(_("Go on to the model"), f"/federations/{row.id}/edit/model", "primary"),))
    return (Table(_("In this draft"), columns, rows), on)


def panels(row: Federation, typed: Typed, errors: dict[str, str]) -> list[Panel]:
    """Two ways to add one: paste it, or answer questions."""
    document = Form(
        f"/federations/{row.id}/edit/task",
        (sheet_form.document_field(typed, errors),),
        (Button(_("Add this sheet")),),
    )
    written = Form(
        f"/federations/{row.id}/edit/sheet",
        sheet_form.fields(typed, errors),
        (Button(_("Add this sheet")),),
    )
    open_at_once = bool(errors) and not typed.has("document")
    write: Part = written if open_at_once else Fold("write", _("Show the questions"), (written,))
    return [
        Panel(_("Paste one"), (document,), id="h-paste"),
        Panel(_("Or answer questions"), (write,), id="h-write"),
    ]
