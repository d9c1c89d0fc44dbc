"""Is the hub well, whom may I trust, which base models may be used? Machinery only: no report, no class figure."""

from starlette.responses import Response

from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import kinds
from app.audit import queries as audit
from app.clock import now
from app.errors import Invalid
from app.institutions import queries
from app.people import queries as people
from app.people import service as accounts
from app.people.models import Person
from app.text import _, ngettext
from app.web import render
from app.web.forms import trying
from app.web.moments import day_clock, full, in_words, sentence
from app.web.pages import hub_health
from app.web.pages.second_factor import helping
from app.web.parts import (
    Button,
    Column,
    Field,
    Form,
    Link,
    Links,
    Panel,
    Part,
    Sheet,
    Table,
    When,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/operator")


def _operator(visit: Visit) -> None:
    require(visit.who, Permission.HUB_OPERATE, None)


@router.get("")
def health(visit: Here) -> Response:
    _operator(visit)
    waiting = len(queries.waiting(visit.session, visit.who))
    said = ngettext(
        "{n} institution waits for a decision.", "{n} institutions wait for a decision.", waiting
    )
    links = (
        Link(_("Institutions"), "/operator/institutions", "btn"),
        Link(_("Base models"), "/operator/models", "btn"),
        Link(_("Operators"), "/operator/people", "btn"),
        Link(_("What operators did"), "/operator/audit", "btn"),
    )
    sheet = Sheet(
        title=_("Is the hub well?"),
        says=sentence(said.format(n=in_words(waiting))),
        asof=_("As of {time}").format(time=full(now())),
        panels=(
            Panel(_("Machinery"), (hub_health.table(visit),)),
            Panel(_("Stuck work"), (hub_health.stuck_work(visit),)),
            Panel(_("Versions"), (hub_health.versions(visit),)),
            Panel(_("Go to"), (Links(links),)),
        ),
        menu="hub",
    )
    return render.sheet(visit, sheet)


@router.get("/people")
def operators(visit: Here) -> Response:
    return _people_page(visit)


def _people_page(visit: Visit, errors: dict[str, str] | None = None) -> Response:
    _operator(visit)
    errors = errors or {}
    found = people.operators(visit.session)
    rows = tuple((p.name, p.email, _("yes") if p.totp_secret else _("no")) for p in found)
    columns = (Column(_("Name")), Column(_("Mail address")), Column(_("Second factor")))
    form = Form(
        "/operator/people/invite",
        (
            Field(
                "email",
                _("Mail address"),
                "email",
                value=visit.form.text("email"),
                error=errors.get("email", ""),
            ),
        ),
        (Button(_("Invite an operator")),),
    )
    sheet = Sheet(
        title=_("Who runs this hub?"),
        says=_("Two operators decide on each institution.")
        if len(found) > 1
        else _("There is one operator. Every member of a federation sees that."),
        asof=_("As of {time}").format(time=full(now())),
        crumbs=(Link(_("Hub"), "/operator"), Link(_("Operators"), "")),
        panels=(
            Panel(_("Operators"), (Table(_("By name"), columns, rows),)),
            *_locked_out(visit, found),
            Panel(_("One more"), (form,)),
        ),
        errors=tuple(errors.items()),
        menu="hub",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _locked_out(visit: Visit, operators: list[Person]) -> list[Panel]:
    """One panel for each colleague who has a second factor to lose."""
    others = [p for p in operators if p.id != visit.who.person and p.totp_secret]
    return [
        Panel(
            _("Is {name} locked out?").format(name=p.name),
            helping(visit, p.id, f"/operator/people/{p.id}/reset-factor"),
            id=f"h-{p.id}",
        )
        for p in others
    ]


@router.post("/people/invite")
def invite(visit: Here) -> Response:
    _operator(visit)
    try:
        with trying(visit.session):
            accounts.invite_operator(
                visit.session, visit.settings, visit.form.text("email"), visit.who
            )
    except Invalid as error:
        return _people_page(visit, error.errors)
    return see_other("/operator/people", "invited")


@router.post("/people/{person}/reset-factor")
def reset_factor(visit: Here, person: str) -> Response:
    accounts.ask_factor_reset_as_operator(visit.session, visit.settings, visit.who, person)
    return see_other("/operator/people", "reset-asked")


@router.get("/audit")
def trail(visit: Here, cursor: int | None = None) -> Response:
    found = audit.events(visit.session, visit.who, None, cursor=cursor)
    names = people.names(visit.session, {e.actor for e in found.events})
    rows = tuple(
        (
            str(e.number),
            When(e.at, day_clock(e.at)),
            _(kinds.by_name(e.kind).title),
            names.get(e.actor, e.actor),
        )
        for e in found.events
    )
    columns = (Column(_("Number")), Column(_("Time")), Column(_("What")), Column(_("Who")))
    more: tuple[Part, ...] = ()
    if found.cursor is not None:
        more = (Links((Link(_("Older ones"), f"/operator/audit?cursor={found.cursor}"),)),)
    sheet = Sheet(
        title=_("What happened at the hub"),
        asof=_("As of {time}").format(time=full(now())),
        crumbs=(Link(_("Hub"), "/operator"), Link(_("Events"), "")),
        panels=(
            Panel(
                _("Newest first"), (Table(_("Events of the hub’s own chain"), columns, rows), *more)
            ),
        ),
        menu="hub",
    )
    return render.sheet(visit, sheet)
