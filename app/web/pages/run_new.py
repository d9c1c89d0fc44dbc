"""Is this run worth asking for? Settings, who can take part, propose."""

from dataclasses import dataclass, replace

from starlette.responses import Response

from app.access.permissions import Permission
from app.errors import Conflict, Invalid
from app.federations import compatibility, queries
from app.federations.models import Federation
from app.federations.schemas import Terms
from app.federations.states import FederationState
from app.runs import service
from app.runs.schemas import Proposal
from app.text import N_, _, ngettext
from app.web import render
from app.web.forms import trying
from app.web.moments import as_of, in_words, sentence, span
from app.web.pages import number_form, run_words
from app.web.pages.federations import crumbs
from app.web.pages.number_form import Number
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


_ROUNDS = Number("rounds", N_("Rounds"), N_("At most as many as members accepted."), 1, 500)
_QUORUM = Number(
    "quorum", N_("Sites a round needs"), N_("At least as many as members accepted."), 2, 1000
)
_OTHERS = (
    Number(
        "deadline_s",
        N_("Time a round may take, in seconds"),
        N_("900 is a quarter of an hour, 86400 a day. After it, nobody is waited for."),
        1,
        14 * 24 * 3600,
    ),
    Number(
        "evaluate_every",
        N_("Measure after every … rounds"),
        N_("1 measures after each round."),
        1,
        500,
    ),
    Number(
        "seed", N_("Seed"), N_("The same seed, data and sites give the same model."), 0, 2**31 - 1
    ),
)


@dataclass(frozen=True)
class _Start:
    """What the form suggests: the terms."""

    rounds: int
    quorum: int
    deadline_s: int
    evaluate_every: int
    seed: int = 1


def _numbers(terms: Terms) -> tuple[Number, ...]:
    """With the limits that members accepted: a run may ask less of them, never more."""
    most = replace(_ROUNDS, high=terms.rounds)
    least = replace(_QUORUM, low=terms.quorum)
    return (most, least, *_OTHERS)


def _start(terms: Terms) -> _Start:
    return _Start(terms.rounds, terms.quorum, terms.deadline_s, terms.evaluate_every)


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
    columns = (Column(_("Member")), Column(_("Policy allows it")))
    link = Link(_("See the rules"), f"/federations/{federation.id}/compatibility")
    said = ngettext("{n} member could take part.", "{n} members could take part.", willing)
    panels = [Panel(_("Settings"), (_form(visit, federation, errors, matrix.enough),))]
    aside = (
        Panel(_("Who can take part"), (Table(_("A forecast"), columns, rows), Links((link,)))),
        Panel(_("What it costs"), (_cost(federation),)),
    )
    sheet = Sheet(
        title=_("Propose a run of {name}").format(name=federation.name),
        says=sentence(said.format(n=in_words(willing))) + _lacking(matrix),
        asof=as_of(),
        crumbs=crumbs(federation, _("Propose a run")),
        panels=tuple(panels),
        aside=aside,
        errors=tuple(errors.items()),
        menu="federations",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _lacking(matrix: compatibility.Matrix) -> str:
    """Why no round could open now."""
    if matrix.enough:
        return ""
    text = _("A run needs {need} independent institutions, and {have} allow it now.")
    return " " + text.format(need=matrix.minimum_cohort, have=matrix.cohort)


def _form(visit: Visit, federation: Federation, errors: dict[str, str], enough: bool) -> Part:
    if federation.state is not FederationState.OPEN:
        return Note(_("Open the federation first: only its members can be asked for a run."))
    terms, typed = queries.terms(federation), visit.form if errors else None
    sheets = queries.documents(visit.session, federation.id)
    chosen = typed.all("sheets") if typed else tuple(s.name for s in sheets)
    fields = (
        Field(
            "sheets",
            _("What is learned"),
            "checks",
            values=chosen,
            options=tuple(Option(s.name, s.target) for s in sheets),
            error=errors.get("sheets", ""),
        ),
        *number_form.fields(_numbers(terms), _start(terms), typed, errors),
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
            (_("Leaves each site"), _("as many updates as rounds, and what the terms name")),
            (_("Noise"), run_words.noise()),
            (
                _("Asks for approval of"),
                _("each member whose policy says so, within {n} days").format(
                    n=terms.approval_days
                ),
            ),
        ),
        stacked=True,
    )


@router.post("/new")
def propose(visit: Here, federation_id: str) -> Response:
    federation = _led(visit, federation_id)
    try:
        with trying(visit.session):
            run = service.propose(
                visit.session, visit.who, federation, _proposal(visit, queries.terms(federation))
            )
    except Invalid as error:
        return _page(visit, federation, error.errors or {"": error.message})
    except Conflict as error:
        return _page(visit, federation, {"": error.message})
    return see_other(f"/runs/{run.id}", "proposed")


def _proposal(visit: Visit, terms: Terms) -> Proposal:
    """Raises Invalid."""
    errors: dict[str, str] = {}
    given = number_form.read(_numbers(terms), visit.form, errors)
    return number_form.made(lambda: Proposal(sheets=visit.form.all("sheets"), **given), errors)
