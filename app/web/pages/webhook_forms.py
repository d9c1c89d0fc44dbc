"""The forms about webhooks: make, change, and the buttons of one."""

from app.access.actor import allows
from app.access.permissions import Permission
from app.integrations.models import Webhook
from app.integrations.states import WebhookState
from app.text import _
from app.web import refusals
from app.web.pages import webhook_words
from app.web.parts import Button, Field, Form, Panel, Part, Text
from app.web.visit import Visit


def path(row: Webhook) -> str:
    return f"/i/{row.institution_id}/integrations/webhooks/{row.id}"


def add(visit: Visit, institution: str, errors: dict[str, str]) -> Form:
    fields = _fields(visit.form.text("url"), visit.form.all("events"), errors)
    button = Button(_("Make the webhook"), look="primary")
    return Form(f"/i/{institution}/integrations/webhooks", fields, (button,))


def _change(visit: Visit, row: Webhook, errors: dict[str, str]) -> Panel:
    """As it stands, or as it was typed. `revision` is of the one shown beside it."""
    typed = visit.form.has("url")
    url = visit.form.text("url") if typed else row.url
    events = visit.form.all("events") if typed else tuple(row.events)
    revision = Field("revision", "", "hidden", value=str(row.revision))
    fields = (*_fields(url, events, errors), revision)
    return Panel(_("Change it"), (Form(f"{path(row)}/change", fields, (Button(_("Save")),)),))


def _fields(url: str, events: tuple[str, ...], errors: dict[str, str]) -> tuple[Field, ...]:
    return (
        Field(
            "url",
            _("Address"),
            value=url,
            help=_("Of your server, beginning with https://. It must answer within ten seconds."),
            error=errors.get("url", ""),
        ),
        Field(
            "events",
            _("What it is told"),
            "checks",
            values=events,
            options=webhook_words.options(),
            help=_("Ids, numbers and codes only: no name of a person, no record."),
            error=errors.get("events", ""),
        ),
    )


def panels(visit: Visit, row: Webhook, errors: dict[str, str]) -> tuple[Panel, ...]:
    """What a person may do with it; an institution held back may only remove it, and reads why."""
    at = row.institution_id
    if allows(visit.who, Permission.WEBHOOK_EDIT, at):
        return (_change(visit, row, errors), *_acts(row), _removal(row))
    why = refusals.role(visit, at, Permission.WEBHOOK_EDIT, "")
    return (Panel(_("Change it"), (why,)), _removal(row))


def _acts(row: Webhook) -> tuple[Panel, ...]:
    first = (
        _one(
            row,
            "turn-on",
            _("Turn it on"),
            _("Correct its server first. What still waits is sent at once."),
            _("Turn it on"),
        )
        if row.state is WebhookState.OFF
        else _one(
            row,
            "test",
            _("Try it"),
            _("Sends a message that says nothing. See above how it went."),
            _("Send a test"),
        )
    )
    secret = _(
        "Make a new one when somebody may have seen it. For 24 hours the old one signs beside it, so that "
        "your server has time to learn the new one."
    )
    return (first, _one(row, "secret", _("The secret"), secret, _("Make a new secret")))


def _removal(row: Webhook) -> Panel:
    gone = _("Nothing more is sent, and its secret is forgotten. This cannot be taken back.")
    return _one(row, "remove", _("Remove"), gone, _("Remove this webhook"))


def _one(row: Webhook, act: str, title: str, text: str, button: str) -> Panel:
    form: Part = Form(f"{path(row)}/{act}", (), (Button(button),), inline=True)
    return Panel(title, (Text(text), form))
