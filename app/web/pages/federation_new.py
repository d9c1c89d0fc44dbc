"""What do we want to learn, on what terms? Seven steps; each is saved in a draft that only the founder sees."""

from collections.abc import Callable
from typing import Literal, get_args

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Conflict, Invalid
from app.federations import offered, queries, service
from app.federations.models import Federation
from app.federations.schemas import DraftSteps
from app.federations.states import FederationState
from app.institutions import queries as institutions
from app.text import _
from app.web import render
from app.web.forms import Typed, trying
from app.web.pages import (
    federation_form,
    federation_words,
    model_form,
    sheet_form,
    sheet_step,
    task_words,
)
from app.web.parts import (
    Button,
    Field,
    Fold,
    Form,
    Link,
    Note,
    Panel,
    Part,
    Sheet,
    Step,
    Steps,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol.tasks import TaskSheet

router = page_router(prefix="/federations")
StepName = Literal["purpose", "task", "model", "rounds", "terms", "agreement", "check"]
STEPS: tuple[StepName, ...] = get_args(StepName)


def _title(step: StepName) -> str:
    return {
        "purpose": _("Purpose"),
        "task": _("Task sheets"),
        "model": _("Model"),
        "rounds": _("Rounds and deadline"),
        "terms": _("Minimum terms"),
        "agreement": _("Agreement"),
        "check": _("Check your answers"),
    }[step]


def _steps(step: StepName, row: Federation | None) -> Steps:
    """Each is a way there, once a draft is saved."""
    at = STEPS.index(step)
    return Steps(
        tuple(
            Step(
                _title(s),
                "done" if i < at else "now" if i == at else "to-come",
                href=_path(row, s) if row and i != at else "",
            )
            for i, s in enumerate(STEPS)
        ),
        across=True,
        label=_("Steps of founding a federation"),
    )


def _path(row: Federation, step: StepName) -> str:
    return f"/federations/{row.id}/edit/{step}"


def _draft(visit: Visit, federation: str) -> Federation:
    """Raises NotFound, NotAllowed; Conflict for one that is open already."""
    row = queries.get(visit.session, visit.who, Permission.FEDERATION_LEAD, federation)
    if row.state is not FederationState.DRAFT:
        raise Conflict(_("This federation is open already. Look at its page."))
    return row


def _page(
    visit: Visit,
    step: StepName,
    row: Federation | None,
    *,
    errors: dict[str, str] | None = None,
    theirs: tuple[Part, ...] = (),
    status: int = 422,
) -> Response:
    """`theirs`: what another person saved meanwhile."""
    errors = errors or {}
    body = _body(visit, step, row, errors)
    panels = [Panel(_title(step), body, _lead(step))]
    if step == "task" and row is not None:
        panels += sheet_step.panels(row, visit.form, errors)
    if theirs:
        panels.insert(0, Panel(_("Their version"), theirs, id="h-theirs"))
    saved = _("Saved as a draft. Only your institution sees it.") if row else ""
    sheet = Sheet(
        title=_("Found “{name}”").format(name=row.name) if row else _("Found a federation"),
        says=_("Seven steps. You can stop after each and go on later."),
        asof=saved,
        crumbs=(Link(_("Federations"), "/federations"), Link(_("New"), "")),
        panels=tuple(panels),
        steps=_steps(step, row),
        errors=tuple(errors.items()),
        menu="federations",
    )
    return render.sheet(visit, sheet, status=status if errors else 200)


def _lead(step: StepName) -> str:
    return {
        "purpose": _("What you want to learn together, in words every member’s officer reads."),
        "task": _("What exactly is predicted from what. At least one."),
        "model": _("Small is quick and often enough. Members see these numbers."),
        "rounds": _("How long a run goes on, and how long a round waits for sites."),
        "terms": _("What every run holds to. A member’s policy can be stricter, never looser."),
        "agreement": _("What each member signs. Change the text as you need it."),
        "check": _("Opening it accepts the agreement for your institution, the first member."),
    }[step]


def _body(
    visit: Visit, step: StepName, row: Federation | None, errors: dict[str, str]
) -> tuple[Part, ...]:
    typed = visit.form if errors else None
    if row is None or step == "purpose":
        return (_form(row, "purpose", federation_form.purpose_fields(row, typed, errors)),)
    match step:
        case "task":
            return sheet_step.listed(row, queries.documents(visit.session, row.id))
        case "model":
            allowed = [b for b in offered.base_models(visit.session) if b.allowed]
            model = queries.model(row)
            return (_form(row, step, model_form.fields(model, allowed, typed, errors)),)
        case "rounds":
            return (
                _form(row, step, federation_form.rounds_fields(queries.terms(row), typed, errors)),
            )
        case "terms":
            return (
                _form(row, step, federation_form.terms_fields(queries.terms(row), typed, errors)),
            )
        case "agreement":
            return (_form(row, step, federation_form.agreement_fields(row, typed, errors)),)
        case "check":
            return _check(visit, row)


def _form(row: Federation | None, step: StepName, fields: tuple[Field, ...]) -> Form:
    button = Button(_("Save and go on"), look="primary")
    if row is None:
        return Form("/federations/new", fields, (button,))
    revision = Field("revision", "", "hidden", value=str(row.revision))
    return Form(_path(row, step), (revision, *fields), (button,))


def _check(visit: Visit, row: Federation) -> tuple[Part, ...]:
    sheets = queries.documents(visit.session, row.id)
    if not sheets:
        link = Link(_("Add a task sheet"), _path(row, "task"))
        return (Note(_("A federation predicts at least one thing."), link),)
    parts: list[Part] = [federation_words.facts(visit.session, row)]
    parts += [Text(_("{name}: {target}").format(name=s.name, target=s.target)) for s in sheets]
    fold = Fold("agreement", _("Read the agreement"), federation_words.paragraphs(row.agreement))
    form = Form(
        f"/federations/{row.id}/open",
        (),
        (Button(_("Accept and open the federation"), look="primary"),),
        inline=True,
    )
    inputs = tuple(
        Fold(
            f"task-{s.name}", _("Inputs of “{name}”").format(name=s.name), task_words.panel(s).body
        )
        for s in sheets
    )
    back = Text(_("A step above takes you back to its answers."), muted=True, small=True)
    return (*parts, *inputs, fold, back, form)


@router.get("/new")
def start(visit: Here) -> Response:
    at = visit.institution or ""
    institutions.get(visit.session, visit.who, Permission.FEDERATION_FOUND, at)
    return _page(visit, "purpose", None)


@router.post("/new")
def found(visit: Here) -> Response:
    at = visit.institution or ""
    name, purpose = visit.form.text("name"), visit.form.text("purpose")
    try:
        with trying(visit.session):
            row = service.found(visit.session, visit.who, at, name=name, purpose=purpose)
    except Invalid as error:
        return _page(visit, "purpose", None, errors=error.errors)
    return see_other(_path(row, "task"))


@router.get("/{federation}/edit/{step}")
def show(visit: Here, federation: str, step: StepName) -> Response:
    return _page(visit, step, _draft(visit, federation))


@router.post("/{federation}/edit/task")
def add_document(visit: Here, federation: str) -> Response:
    return _add_sheet(visit, federation, sheet_form.read_document)


@router.post("/{federation}/edit/sheet")
def add_sheet(visit: Here, federation: str) -> Response:
    def read(typed: Typed) -> TaskSheet:
        sheet = sheet_form.read(typed)
        return sheet_form.kept_as(sheet, queries.known(visit.session, federation, sheet.name))

    return _add_sheet(visit, federation, read)


def _add_sheet(visit: Visit, federation: str, read: Callable[[Typed], TaskSheet]) -> Response:
    row = _draft(visit, federation)
    try:
        with trying(visit.session):
            service.add_sheet(visit.session, visit.who, row, read(visit.form))
    except Invalid as error:
        return _page(visit, "task", row, errors=error.errors)
    return see_other(_path(row, "task"), "saved")


@router.post("/{federation}/edit/remove")
def remove_sheet(visit: Here, federation: str) -> Response:
    row = _draft(visit, federation)
    service.remove_sheet(visit.session, visit.who, row, visit.form.text("name"))
    return see_other(_path(row, "task"), "removed")


@router.post("/{federation}/edit/{step}")
def keep(
    visit: Here,
    federation: str,
    step: Literal["purpose", "model", "rounds", "terms", "agreement"],
) -> Response:
    row = _draft(visit, federation)
    try:
        with trying(visit.session):
            revision = visit.form.whole("revision", _("Revision"))
            steps = _read(visit, row, step)
            service.save_draft(visit.session, visit.who, row, steps, revision=revision)
    except Invalid as error:
        return _page(visit, step, row, errors=error.errors)
    except Conflict as error:
        if "theirs" not in error.extra:
            raise
        visit.session.refresh(row)
        said = _("This stands there now. Save again to put yours in its place.")
        theirs = (Text(said), federation_words.facts(visit.session, row))
        errors = {"": error.message}
        return _page(visit, step, row, errors=errors, theirs=theirs, status=409)
    return see_other(_path(row, STEPS[STEPS.index(step) + 1]), "saved")


def _read(visit: Visit, row: Federation, step: StepName) -> DraftSteps:
    """What the form of this step says. Raises Invalid."""
    typed, terms = visit.form, queries.terms(row)
    match step:
        case "purpose":
            return DraftSteps(purpose=federation_form.read_purpose(typed))
        case "model":
            return DraftSteps(model=model_form.read(typed))
        case "rounds":
            return DraftSteps(terms=federation_form.read_rounds(typed, terms))
        case "terms":
            return DraftSteps(terms=federation_form.read_terms(typed, terms))
        case _:
            return DraftSteps(agreement=federation_form.read_agreement(typed))


@router.post("/{federation}/open")
def open_it(visit: Here, federation: str) -> Response:
    row = _draft(visit, federation)
    service.open(visit.session, visit.who, row)
    return see_other(f"/federations/{row.id}", "opened")
