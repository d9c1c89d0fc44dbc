"""What became of one message of a webhook: each try, what it says, and sending it again."""

from collections.abc import Sequence

from starlette.responses import Response

from app.integrations import queries
from app.integrations import webhooks as service
from app.integrations.models import DeliveryTry
from app.integrations.states import DeliveryState, WebhookState
from app.text import _
from app.web import render
from app.web.moments import as_of, day_clock, known, number
from app.web.pages import webhook_forms, webhook_words, webhooks
from app.web.parts import (
    Cell,
    Code,
    Column,
    Copy,
    Empty,
    Facts,
    Link,
    Panel,
    Part,
    Sheet,
    Table,
    When,
)
from app.web.visit import Here, page_router, see_other

router = page_router(
    prefix="/i/{institution}/integrations/webhooks/{webhook}/deliveries/{delivery}"
)


@router.get("")
def message(visit: Here, institution: str, webhook: str, delivery: str) -> Response:
    found, row = queries.delivery(visit.session, visit.who, delivery)
    tries = queries.tries(visit.session, [found.id]).get(found.id, [])
    again = webhooks.again(visit, row, found)
    lines: list[tuple[str, Cell]] = [(_("Made"), day_clock(found.created))]
    if found.state is DeliveryState.WAITING and row.state is WebhookState.ACTIVE:
        lines.append((_("Next try"), known(found.next_try)))
    lines.append((_("webhook-id"), Code(found.id)))
    if again:
        lines.append((_("Send again"), again))
    sheet = Sheet(
        title=_("Message: {what}").format(what=webhook_words.event(found.event)),
        says=_("Of what its server answered the hub keeps the number only."),
        asof=as_of(),
        crumbs=webhooks.crumbs(row, Link(webhook_words.event(found.event), "")),
        panels=(
            Panel(_("Tries"), (_tries(tries),), state=webhook_words.delivery(found)),
            Panel(_("What it says"), (Copy("body", _("The message"), found.payload),)),
        ),
        aside=(Panel(_("About it"), (Facts(tuple(lines), stacked=True),)),),
        menu="integrations",
    )
    return render.sheet(visit, sheet)


def _tries(tries: Sequence[DeliveryTry]) -> Part:
    if not tries:
        return Empty(_("It was not tried yet."))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            When(t.at, day_clock(t.at)),
            webhook_words.attempt(t),
            _("{n} ms").format(n=number(t.ms)),
        )
        for t in tries
    )
    columns = (Column(_("Time")), Column(_("What came back")), Column(_("Took"), True))
    return Table(_("Tries, the first one first"), columns, rows)


@router.post("/replay")
def replay(visit: Here, institution: str, webhook: str, delivery: str) -> Response:
    _found, row = queries.delivery(visit.session, visit.who, delivery)
    service.replay(visit.session, visit.who, delivery)
    return see_other(webhook_forms.path(row), "told")
