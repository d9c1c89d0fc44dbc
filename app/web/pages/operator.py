"""Is the hub well, whom may I trust, which base models may be used? Machinery only: no report, no class figure."""

from starlette.responses import Response

from app.access.loaders import require
from app.access.permissions import Permission
from app.audit import queries as audit
from app.errors import Invalid
from app.institutions import queries
from app.people import queries as people
from app.people import service as accounts
from app.people.models import Person
from app.text import _
from app.web import render, site_words
from app.web.forms import trying
from app.web.moments import as_of
from app.web.pages import hub_health, trail, trail_files
from app.web.pages.second_factor import helping
from app.web.parts import (
    Button,
    Column,
    Field,
    Form,
    Link,
    Links,
    Panel,
    Sheet,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/operator")


def _operator(visit: Visit) -> None:
    require(visit.who, Permission.HUB_OPERATE, None)


@router.get("")
def health(visit: Here) -> Response:
    _operator(visit)
    waiting = len(queries.waiting(visit.session, visit.who))
    links = (
        Link(_("Institutions"), "/operator/institutions"),
        Link(_("Base models"), "/operator/models"),
        Link(_("Operators"), "/operator/people"),
        Link(_("What happened at the hub"), "/operator/audit"),
    )
    table = hub_health.table(visit)
    actions = (Link(_("See who waits"), "/operator/institutions", "primary"),) if waiting else ()
    sheet = Sheet(
        title=_("Is the hub well?"),
        says=" ".join((hub_health.says(table), site_words.waiting_for_decision(waiting))),
        asof=as_of(),
        actions=actions,
        panels=(
            Panel(_("Machinery"), (table,)),
            Panel(_("Stuck work"), (hub_health.stuck_work(visit),)),
        ),
        aside=(
            Panel(_("Go to"), (Links(links, down=True),)),
            Panel(_("Versions"), (hub_health.versions(visit),)),
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
        asof=as_of(),
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
    resets = people.open_factor_resets(visit.session, [p.id for p in others])
    return [
        Panel(
            _("Is {name} locked out?").format(name=p.name),
            helping(visit, p, f"/operator/people/{p.id}/reset-factor", resets),
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
def trail_page(visit: Here, cursor: int | None = None) -> Response:
    wanted = trail.asked(visit)
    found = audit.events(visit.session, visit.who, None, wanted.filter, cursor=cursor, limit=25)
    about = {
        id_: Link(name, f"/operator/institutions/{id_}")
        for id_, name in queries.names(visit.session, {e.subject for e in found.events}).items()
    }
    names = people.names(visit.session, {e.subject for e in found.events})
    about |= {id_: Link(name, "/operator/people") for id_, name in names.items()}
    who = trail.people_of([(p.id, p.name) for p in people.operators(visit.session)])
    sheet = Sheet(
        title=_("What happened at the hub"),
        says=_("Every act of an operator, and every sign-in, is recorded here."),
        asof=as_of(),
        crumbs=(Link(_("Hub"), "/operator"), Link(_("Events"), "")),
        panels=(
            Panel(
                _("Events"),
                trail.parts(visit.session, found, "/operator/audit", wanted, about, who),
            ),
            Panel(_("How to check it"), trail_files.parts(visit, None, "/operator", wanted)),
        ),
        menu="hub",
    )
    return render.sheet(visit, sheet)


@router.get("/audit/export/{form}")
def export_trail(visit: Here, form: str) -> Response:
    _operator(visit)
    return trail_files.taken(visit, None, form)
