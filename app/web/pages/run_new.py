"""Is this run worth asking for? Settings, who can take part, propose."""

from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from app.access.permissions import Permission
from app.clock import now
from app.errors import Conflict, Invalid
from app.federations import compatibility, queries
from app.federations.models import Federation
from app.federations.states import FederationState
from app.runs import service
from app.runs.schemas import Proposal
from app.text import _, ngettext
from app.web import render
from app.web.forms import trying
from app.web.moments import full, in_words, sentence, span
from app.web.pages import federation_fields
from app.web.pages.federations import crumbs
from app.web.parts import (
    Button,
    Column,
    Facts,
    Field,
    Form,
    Link,
    Links,
    No,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
    Yes,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/federations/{federation_id}/runs")


def _led(visit: Visit, federation_id: str) -> Federation:
    return queries.get(visit.session, visit.who, Permission.RUN_LEAD, federation_id)


@router.get("/new")
def show(visit: Here, federation_id: str) -> Response:
    return _page(visit, _led(visit, federation_id), {})


def _page(visit: Visit, federation: Federation, errors: dict[str, str]) -> Response:
    matrix = compatibility.matrix(visit.session, federation, visit.who)
    willing = sum(r.allows for r in matrix.rows)
    rows = tuple(
        (r.member.institution.name, Yes(_("Yes")) if r.allows else No(_("No"))) for r in matrix.rows
    )
    columns = (Column(_("Member")), Column(_("Its policy allows it")))
    link = Link(_("See the rules"), f"/federations/{federation.id}/compatibility")
    said = ngettext("{n} member could take part.", "{n} members could take part.", willing)
    panels = [
        Panel(_("Settings"), (_form(visit, federation, errors, matrix.enough),)),
        Panel(_("Who can take part"), (Table(_("A forecast"), columns, rows), Links((link,)))),
        Panel(_("What it costs"), (_cost(federation),)),
    ]
    sheet = Sheet(
        title=_("Propose a run of {name}").format(name=federation.name),
        says=sentence(said.format(n=in_words(willing))),
        asof=_("As of {time}").format(time=full(now())),
        crumbs=crumbs(federation, _("Propose a run")),
        panels=tuple(panels),
        errors=tuple(errors.items()),
        menu="federations",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _form(visit: Visit, federation: Federation, errors: dict[str, str], enough: bool) -> Part:
    if federation.state is not FederationState.OPEN:
        return Note(_("Open the federation first: only its members can be asked for a run."))
    terms, typed = queries.terms(federation), visit.form
    sheets = queries.documents(visit.session, federation.id)
    chosen = typed.all("sheets") if typed.has("rounds") else tuple(s.name for s in sheets)

    def one(name: str, label: str, value: object, help_: str = "") -> Field:
        return Field(
            name,
            label,
            "number",
            value=typed.text(name, str(value)),
            help=help_,
            error=errors.get(name, ""),
        )

    fields = (
        Field(
            "sheets",
            _("What is learned"),
            "checks",
            values=chosen,
            options=tuple(Option(s.name, s.target) for s in sheets),
            error=errors.get("sheets", ""),
        ),
        one(
            "rounds",
            _("Rounds"),
            terms.rounds,
            _("At most {n}: members accepted that.").format(n=terms.rounds),
        ),
        one(
            "quorum",
            _("Updates a round needs"),
            terms.quorum,
            _("At least {n}.").format(n=terms.quorum),
        ),
        one("deadline_s", _("Seconds until a round ends without the rest"), terms.deadline_s),
        one("evaluate_every", _("Measure after every … rounds"), terms.evaluate_every),
        one("seed", _("Seed"), 1, _("The same seed, data and sites give the same model.")),
    )
    button = Button(_("Propose it"), look="primary")
    if not enough:
        button = Button(_("Propose it anyway: policies may change"))
    return Form(f"/federations/{federation.id}/runs/new", fields, (button,))


def _cost(federation: Federation) -> Facts:
    terms = queries.terms(federation)
    return Facts(
        (
            (_("Longest it can take"), span(terms.rounds * terms.deadline_s)),
            (_("Noise"), _("Off. No privacy figure applies to this run.")),
            (
                _("Asks for approval of"),
                _("each member whose policy says so, within {n} days").format(
                    n=terms.approval_days
                ),
            ),
        )
    )


@router.post("/new")
def propose(visit: Here, federation_id: str) -> Response:
    federation = _led(visit, federation_id)
    try:
        with trying(visit.session):
            run = service.propose(visit.session, visit.who, federation, _proposal(visit))
    except ValidationError as error:
        return _page(visit, federation, federation_fields.sentences(error))
    except Invalid as error:
        return _page(visit, federation, error.errors or {"": error.message})
    except Conflict as error:
        return _page(visit, federation, {"": error.message})
    return see_other(f"/runs/{run.id}", "proposed")


def _proposal(visit: Visit) -> Proposal:
    """Raises ValidationError."""
    names = ("rounds", "quorum", "deadline_s", "evaluate_every", "seed")
    given: dict[str, Any] = {n: visit.form.text(n) for n in names if visit.form.text(n)}
    return Proposal(sheets=visit.form.all("sheets"), **given)
