"""Is our server told? One webhook: made, shown with the log of its messages, and done something with."""

from collections.abc import Sequence

from starlette.responses import Response

from app.access.actor import allows
from app.access.loaders import require
from app.access.permissions import Permission
from app.errors import Conflict, Invalid, Outdated
from app.integrations import queries
from app.integrations import webhooks as service
from app.integrations.events import HookEvent
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.queries import Filter
from app.integrations.states import DeliveryState, WebhookState
from app.paging import Cut
from app.people import queries as people
from app.text import _
from app.web import render
from app.web.forms import trying
from app.web.moments import as_of, day_clock, number, since
from app.web.pages import integrations, webhook_forms, webhook_words
from app.web.parts import (
    Act,
    Acts,
    Cell,
    Code,
    Column,
    Copy,
    Empty,
    Facts,
    Link,
    Links,
    Note,
    Nothing,
    Panel,
    Part,
    Sheet,
    Table,
)
from app.web.visit import Here, Visit, page_router, see_other

router = page_router(prefix="/i/{institution}/integrations/webhooks")
_SHOWN = 25


def _events(visit: Visit) -> list[HookEvent]:
    known_ones = set(HookEvent)
    return [HookEvent(e) for e in visit.form.all("events") if e in known_ones]


@router.post("")
def add(visit: Here, institution: str) -> Response:
    """Answers with the secret itself: it is shown now and never again."""
    try:
        with trying(visit.session):
            row, secret = service.create(
                visit.session,
                visit.settings,
                visit.who,
                institution,
                visit.form.text("url"),
                _events(visit),
            )
    except Invalid as error:
        return integrations.page(visit, institution, error.errors or {"": error.message})
    except Conflict as error:
        return integrations.page(visit, institution, {"url": error.message})
    return _shown_once(visit, row, secret)


@router.post("/{webhook}/secret")
def rotate(visit: Here, institution: str, webhook: str) -> Response:
    """As `add`, for a new secret."""
    row = queries.get(visit.session, visit.who, webhook)
    secret = service.rotate(visit.session, visit.settings, visit.who, row)
    return _shown_once(visit, row, secret)


def _shown_once(visit: Visit, row: Webhook, secret: str) -> Response:
    href = webhook_forms.path(row)
    note = _(
        "Your server checks each message with it, as Standard Webhooks describes. Most languages have a library for it."
    )
    body: tuple[Part, ...] = (
        Copy("secret", _("The secret"), secret),
        Note(note, Link(_("API documentation"), "/api/docs")),
        Links((Link(_("I have kept it"), href, "primary"),)),
    )
    sheet = Sheet(
        title=_("Webhook to {host}").format(host=row.host),
        says=_("Copy its secret now. It is not shown again."),
        crumbs=crumbs(row, Link(_("Secret"), "")),
        panels=(Panel(_("The secret"), body),),
        menu="integrations",
    )
    return render.sheet(visit, sheet)


def crumbs(row: Webhook, last: Link | None = None) -> tuple[Link, ...]:
    first = Link(_("Integrations"), f"/i/{row.institution_id}/integrations")
    if last is None:
        return (first, Link(row.host, ""))
    return (first, Link(row.host, webhook_forms.path(row)), last)


@router.get("/{webhook}")
def one(visit: Here, institution: str, webhook: str, after: str = "", state: str = "") -> Response:
    row = queries.get(visit.session, visit.who, webhook)
    return _page(visit, row, after=after, state=state)


def _page(
    visit: Visit,
    row: Webhook,
    errors: dict[str, str] | None = None,
    *,
    conflict: Panel | None = None,
    after: str = "",
    state: str = "",
) -> Response:
    errors = errors or {}
    sheet = Sheet(
        title=_("Webhook to {host}").format(host=row.host),
        says=webhook_words.says(row),
        asof=as_of(),
        crumbs=crumbs(row),
        panels=(
            *((conflict,) if conflict else ()),
            Panel(_("What it was sent"), _log(visit, row, after, state)),
            *webhook_forms.panels(visit, row, errors),
        ),
        aside=(Panel(_("About it"), (_about(visit, row),), state=webhook_words.status(row)),),
        errors=tuple(errors.items()),
        menu="integrations",
    )
    status = 409 if conflict else 422 if errors else 200
    return render.sheet(visit, sheet, status=status)


def _log(visit: Visit, row: Webhook, after: str, state: str) -> tuple[Part, ...]:
    wanted = DeliveryState(state) if state in set(DeliveryState) else None
    part = queries.deliveries(visit.session, row, Filter(wanted), Cut(after or None, _SHOWN))
    if not part.rows and not after and wanted is None:
        return (Empty(_("Nothing was sent yet. Send a test, or wait for what you chose.")),)
    tries = queries.tries(visit.session, [d.id for d in part.rows])
    rows = tuple(_line(visit, row, d, tries.get(d.id, [])) for d in part.rows)
    columns = (
        Column(_("Time")),
        Column(_("What")),
        Column(_("State")),
        Column(_("Tries"), True),
        Column(_("Last try")),
        Column(_("Send again")),
    )
    path = webhook_forms.path(row)
    names = (("", _("All")), ("waiting", _("Waiting")), ("given-up", _("Given up")))
    filters = tuple(Link(word, f"{path}?state={name}") for name, word in names if name != state)
    older = (Link(_("Older ones"), f"{path}?state={state}&after={part.after}"),)
    shown: Part = Table(_("Messages of the last 30 days, newest first"), columns, rows)
    if not rows:
        shown = Empty(_("None of this kind."))
    return (Links(filters), shown, *((Links(older),) if part.after else ()))


def _line(
    visit: Visit, row: Webhook, found: Delivery, tries: Sequence[DeliveryTry]
) -> tuple[Cell, ...]:
    href = f"{webhook_forms.path(row)}/deliveries/{found.id}"
    name = webhook_words.event(found.event)
    return (
        Link(day_clock(found.created), href),
        name,
        webhook_words.delivery(found),
        number(len(tries)),
        webhook_words.attempt(tries[-1]) if tries else Nothing(),
        again(visit, row, found) or Nothing(),
    )


def again(visit: Visit, row: Webhook, found: Delivery) -> Acts | None:
    may = allows(visit.who, Permission.WEBHOOK_EDIT, row.institution_id)
    off = row.state is not WebhookState.ACTIVE
    if off or found.state is DeliveryState.WAITING or not may:
        return None
    action = f"{webhook_forms.path(row)}/deliveries/{found.id}/replay"
    about = f"{webhook_words.event(found.event)}, {day_clock(found.created)}"
    return Acts((Act(action, _("Send again"), about),))


def _about(visit: Visit, row: Webhook) -> Facts:
    names = people.names(visit.session, {row.created_by})
    lines: list[tuple[str, Cell]] = [
        (_("Address"), Code(row.url)),
        (_("Made"), f"{day_clock(row.created)}, {names.get(row.created_by, '–')}"),
    ]
    if row.failing_since:
        lines.append((_("Fails"), since(row.failing_since)))
    if row.old_until:
        until = _("until {time}").format(time=day_clock(row.old_until))
        lines.append((_("The old secret signs too"), until))
    lines.append((_("Id"), Code(row.id, True)))
    return Facts(tuple(lines), stacked=True)


@router.post("/{webhook}/change")
def change(visit: Here, institution: str, webhook: str) -> Response:
    row = queries.get(visit.session, visit.who, webhook)
    require(visit.who, Permission.WEBHOOK_EDIT, row.institution_id)
    url, events = visit.form.text("url"), _events(visit)
    try:
        with trying(visit.session):
            revision = visit.form.whole("revision", _("Revision"))
            service.change(visit.session, visit.who, row, url=url, events=events, revision=revision)
    except Outdated as error:
        visit.session.refresh(row)
        return _page(visit, row, {"": error.message}, conflict=_both(row, url, events))
    except Invalid as error:
        return _page(visit, row, error.errors)
    return see_other(webhook_forms.path(row), "saved")


def _both(row: Webhook, url: str, events: list[HookEvent]) -> Panel:
    """Theirs is saved; saving again puts one's own in its place."""
    rows: tuple[tuple[Cell, ...], ...] = (
        (_("Address"), row.url, url),
        (_("What it is told"), _names(row.events), _names(events)),
    )
    columns = (Column(_("What")), Column(_("Theirs")), Column(_("Yours")))
    return Panel(_("Both versions"), (Table(_("Both versions"), columns, rows),), id="h-both")


def _names(events: Sequence[str]) -> str:
    return ", ".join(webhook_words.event(e) for e in events)


@router.post("/{webhook}/test")
def test(visit: Here, institution: str, webhook: str) -> Response:
    row = queries.get(visit.session, visit.who, webhook)
    service.test(visit.session, visit.who, row)
    return see_other(webhook_forms.path(row), "told")


@router.post("/{webhook}/turn-on")
def turn_on(visit: Here, institution: str, webhook: str) -> Response:
    row = queries.get(visit.session, visit.who, webhook)
    service.turn_on(visit.session, visit.who, row)
    return see_other(webhook_forms.path(row), "turned-on")


@router.post("/{webhook}/remove")
def remove(visit: Here, institution: str, webhook: str) -> Response:
    row = queries.get(visit.session, visit.who, webhook)
    service.remove(visit.session, visit.who, row)
    return see_other(f"/i/{row.institution_id}/integrations", "removed")
