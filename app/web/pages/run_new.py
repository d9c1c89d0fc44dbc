"""Is this run worth asking for? Settings, who can take part, propose."""

from dataclasses import dataclass, replace

from starlette.responses import Response

from app.access.permissions import Permission
from app.clock import now
from app.errors import Conflict, Invalid
from app.federations import compatibility, queries
from app.federations.models import Federation
from app.federations.schemas import Terms
from app.federations.states import FederationState
from app.runs import beginning, service
from app.runs.forecast import forecast
from app.runs.schemas import Proposal
from app.text import N_, _, ngettext
from app.web import render
from app.web.forms import Typed, trying
from app.web.moments import as_of, in_words, sentence
from app.web.pages import number_form, run_forecast
from app.web.pages.federations import crumbs
from app.web.pages.number_form import Number
from app.web.parts import (
    Button,
    Field,
    Form,
    Note,
    Option,
    Panel,
    Part,
    Sheet,
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
        N_("Time a round may take, in minutes"),
        N_("60 is an hour, 1440 a day. After it, nobody is waited for."),
        0.1,
        14 * 24 * 60,
        whole=False,
        times=60,
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


def _start(visit: Visit, terms: Terms) -> _Start:
    """As looked at, where somebody did."""
    rounds, deadline_s = _asked(visit, terms)
    return _Start(rounds, terms.quorum, deadline_s, terms.evaluate_every)


def _led(visit: Visit, federation_id: str) -> Federation:
    return queries.get(visit.session, visit.who, Permission.RUN_LEAD, federation_id)


@router.get("/new")
def show(visit: Here, federation_id: str) -> Response:
    return _page(visit, _led(visit, federation_id), {})


def _page(visit: Visit, federation: Federation, errors: dict[str, str]) -> Response:
    matrix = compatibility.matrix(visit.session, federation, visit.who, active=True)
    rounds, deadline_s = _asked(visit, queries.terms(federation))
    found = forecast(visit.session, federation, matrix, deadline_s, now())
    willing = sum(r.allows for r in matrix.rows)
    said = ngettext("{n} member could take part.", "{n} members could take part.", willing)
    sheet = Sheet(
        title=_("Propose a run of {name}").format(name=federation.name),
        says=sentence(said.format(n=in_words(willing))) + run_forecast.lacking(matrix),
        asof=as_of(),
        crumbs=crumbs(federation, _("Propose a run")),
        panels=(
            Panel(_("Settings"), (_form(visit, federation, errors, matrix.enough),)),
            Panel(
                _("Do the sites’ hours fit?"),
                (*run_forecast.hours(found), _look(federation, rounds, deadline_s)),
                id="h-hours",
            ),
        ),
        aside=(
            Panel(_("Who can take part"), run_forecast.who(federation, matrix)),
            Panel(_("What it costs"), (run_forecast.cost(federation, found, rounds),)),
        ),
        errors=tuple(errors.items()),
        menu="federations",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _asked(visit: Visit, terms: Terms) -> tuple[int, int]:
    """Rounds and seconds a round may take, as typed or looked at; the terms' own where nothing usable was."""
    rounds = _usable(visit, "rounds", terms.rounds)
    minutes = _usable(visit, "deadline_min", 14 * 24 * 60)
    return int(rounds or terms.rounds), round(minutes * 60) if minutes else terms.deadline_s


def _usable(visit: Visit, name: str, high: float) -> float | None:
    text = visit.form.text(name) or visit.request.query_params.get(f"try_{name}", "")
    try:
        value = float(text.replace(",", "."))
    except ValueError:
        return None
    return min(value, high) if 0.1 <= value < 1e9 else None


def _look(federation: Federation, rounds: int, deadline_s: int) -> Form:
    """Another time, without proposing anything."""
    return Form(
        f"/federations/{federation.id}/runs/new",
        (
            Field("try_rounds", _("Rounds to try"), "number", value=str(rounds)),
            Field(
                "try_deadline_min",
                _("Minutes to try"),
                "number",
                value=f"{deadline_s / 60:.10g}",
            ),
        ),
        (Button(_("Look at it with these")),),
        method="get",
        row=True,
    )


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
        *_begin(visit, federation, typed, errors),
        *number_form.fields(_numbers(terms), _start(visit, terms), typed, errors),
    )
    button = Button(_("Propose it"), look="primary")
    if not enough:
        button = Button(_("Propose it anyway: policies may change"))
    return Form(f"/federations/{federation.id}/runs/new", fields, (button,))


def _begin(
    visit: Visit, federation: Federation, typed: Typed | None, errors: dict[str, str]
) -> tuple[Field, ...]:
    """Nothing to choose before a run was completed."""
    found = beginning.choices(visit.session, federation)
    if not found:
        return ()
    options = (
        Option("", _("first weights, by the seed of the model")),
        *(Option(r.id, _("the last model of run {n}").format(n=r.number)) for r in found),
    )
    return (
        Field(
            "begin",
            _("Begins from"),
            "select",
            value=typed.text("begin") if typed else "",
            options=options,
            help=_("From an earlier model, parts that are new start from the seed."),
            error=errors.get("begin", ""),
        ),
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
    return number_form.made(
        lambda: Proposal(
            sheets=visit.form.all("sheets"), begin=visit.form.text("begin") or None, **given
        ),
        errors,
    )
