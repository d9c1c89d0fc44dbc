"""Something happened: when did we learn of it, and by when is whom to be told?"""

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from starlette.responses import Response

from app.access.actor import allows
from app.access.permissions import Permission
from app.clock import now
from app.errors import Invalid
from app.institutions import queries as institutions
from app.institutions.models import Institution
from app.policies import incidents, profile_text
from app.policies.incidents import Duty
from app.policies.models import Incident
from app.policies.states import IncidentKind
from app.text import _
from app.web import refusals, render
from app.web.forms import trying
from app.web.moments import as_of, calendar, sentence
from app.web.parts import (
    Button,
    Cell,
    Column,
    Empty,
    Field,
    Form,
    Link,
    Nothing,
    Option,
    Panel,
    Part,
    Sheet,
    Table,
    Text,
)
from app.web.visit import Here, Visit, page_router, see_other
from worker.protocol import words

router = page_router(prefix="/i/{institution}/incidents")
_SHOWN = 20


@router.get("")
def overview(visit: Here, institution: str) -> Response:
    return _page(visit, institution)


def _page(visit: Visit, institution: str, errors: dict[str, str] | None = None) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.EVIDENCE_READ, institution)
    found = incidents.of(visit.session, visit.who, row.id)[:_SHOWN]
    zone, profiles = incidents.confirmed(visit.session, row.id)
    panels = [
        _panel(one, zone, incidents.duties(one, zone, profiles), number)
        for number, one in enumerate(found)
    ]
    if not panels:
        panels = [Panel(_("On record"), (Empty(_("No incident is on record.")),))]
    sheet = Sheet(
        title=_("Incidents, and whom to tell by when"),
        says=_("Counted from the laws and contracts that a named person here confirmed."),
        asof=as_of(),
        crumbs=(Link(_("Records"), f"/i/{row.id}/sent"), Link(_("Incidents"), "")),
        panels=(
            *panels,
            Panel(_("Record an incident"), _form(visit, row, errors or {}), id="h-new"),
        ),
        aside=(Panel(_("How it is counted"), _how(zone)),),
        errors=tuple((errors or {}).items()),
        menu="records",
    )
    return render.sheet(visit, sheet, status=422 if errors else 200)


def _panel(row: Incident, zone: str, duties: list[Duty], number: int) -> Panel:
    title = _("{what}, known since {time}").format(
        what=sentence(profile_text.incident(row.kind)), time=_at(row.learnt, zone)
    )
    said: tuple[Part, ...] = (Text(row.note),) if row.note else ()
    if not duties:
        nothing = _("No profile you confirmed asks to tell anyone of this.")
        return Panel(title, (*said, Empty(nothing)), id=f"h-{number}")
    rows: list[tuple[Cell, ...]] = [
        (
            sentence(profile_text.recipient(one.to)),
            _until(one, zone),
            words.clock(one.clock) if one.clock else Nothing(),
            _ground(one),
        )
        for one in duties
    ]
    columns = (Column(_("Tell")), Column(_("By")), Column(_("Within")), Column(_("Asked by")))
    return Panel(title, (*said, Table(_("Soonest first"), columns, tuple(rows))), id=f"h-{number}")


def _until(one: Duty, zone: str) -> str:
    if one.until is None:
        return _("no number named: ask now")
    said = _at(one.until, zone)
    return _("{time}: over").format(time=said) if one.until < now() else said


def _ground(one: Duty) -> str:
    if one.ground is None:
        return _("The product’s own default: no profile you confirmed names a number.")
    return _("{name}, {article}").format(name=one.ground.name, article=one.ground.article)


def _at(moment: datetime, zone: str) -> str:
    """In the institution's time zone, whoever reads it: that is where the deadline ends."""
    local = moment.astimezone(ZoneInfo(zone))
    return f"{calendar(local.date())}, {local:%H:%M}"


def _how(zone: str) -> tuple[Part, ...]:
    return (
        Text(
            _(
                "Hours count through nights and weekends. Days end with their date. Business days leave out Saturdays "
                "and Sundays; the hub knows no holidays, so a deadline may be earlier than the law asks."
            )
        ),
        Text(_("All times are in {zone}, the institution’s time zone.").format(zone=zone)),
        Text(_("Profiles are drafts. What an incident asks of you, a person decides.")),
    )


def _form(visit: Visit, row: Institution, errors: dict[str, str]) -> tuple[Part, ...]:
    if not allows(visit.who, Permission.POLICY_DRAFT, row.id):
        takes = _("Recording takes the role of administrator or privacy officer.")
        return (refusals.role(visit, row.id, Permission.POLICY_DRAFT, takes),)
    local = now().astimezone(ZoneInfo(row.zone))
    given = visit.form.text
    kinds = tuple(Option(k.value, sentence(profile_text.incident(k))) for k in IncidentKind)
    fields = (
        Field(
            "kind",
            _("What happened"),
            "select",
            given("kind") or kinds[0].value,
            options=kinds,
            error=errors.get("kind", ""),
        ),
        Field(
            "day",
            _("Day on which you learnt of it"),
            "date",
            given("day") or local.date().isoformat(),
            error=errors.get("learnt", ""),
        ),
        Field(
            "time",
            _("Time"),
            value=given("time") or f"{local:%H:%M}",
            help=_("Such as 14:30, in {zone}.").format(zone=row.zone),
            error=errors.get("time", ""),
        ),
        Field(
            "note",
            _("Note for your own people"),
            "area",
            visit.form.raw("note"),
            optional=True,
            error=errors.get("note", ""),
        ),
    )
    return (Form(f"/i/{row.id}/incidents", fields, (Button(_("Record it")),)),)


@router.post("")
def add(visit: Here, institution: str) -> Response:
    row = institutions.get(visit.session, visit.who, Permission.POLICY_DRAFT, institution)
    try:
        learnt, form = _learnt(visit, row.zone), visit.form
        with trying(visit.session):
            incidents.note(
                visit.session, visit.who, row.id, form.text("kind"), learnt, form.raw("note")
            )
    except Invalid as error:
        return _page(visit, row.id, error.errors)
    return see_other(f"/i/{row.id}/incidents", "saved")


def _learnt(visit: Visit, zone: str) -> datetime:
    try:
        day = date.fromisoformat(visit.form.text("day"))
    except ValueError:
        problem = _("Enter a day such as 2026-09-01.")
        raise Invalid(problem, {"learnt": problem}) from None
    try:
        clock = time.fromisoformat(visit.form.text("time")).replace(tzinfo=None)
    except ValueError:
        problem = _("Enter a time such as 14:30.")
        raise Invalid(problem, {"time": problem}) from None
    return datetime.combine(day, clock, ZoneInfo(zone))
