"""Webhooks in words: what they can be told, how they stand, why a message did not arrive."""

from app.integrations.events import TELLINGS, TEST, HookEvent
from app.integrations.models import Delivery, DeliveryTry, Webhook
from app.integrations.states import DeliveryState, WebhookState
from app.outbound import Trouble
from app.text import _
from app.web.cells import Status
from app.web.fields import Option
from app.web.moments import since


def event(name: str) -> str:
    if name == TEST:
        return _("A test")
    return _(TELLINGS[HookEvent(name)].title) if name in set(HookEvent) else name


def options() -> tuple[Option, ...]:
    """Every event, to choose from."""
    return tuple(Option(e.value, _(t.title), e.value) for e, t in TELLINGS.items())


def status(row: Webhook) -> Status:
    if row.state is WebhookState.OFF:
        return Status("stop", _("Off"), since(row.changed))
    if row.failing_since is not None:
        return Status("act", _("Fails"), since(row.failing_since))
    return Status("good", _("On"))


def says(row: Webhook) -> str:
    """How it stands, for the head of its page."""
    if row.state is WebhookState.OFF:
        return _(
            "The hub turned it off: its server failed for three days, or asked to be told no more."
        )
    if row.failing_since is not None:
        return _("Its server did not take the last message. The hub tries again, later and later.")
    return _("The hub tells its server what you chose, signed so that it knows who speaks.")


def delivery(row: Delivery) -> Status:
    return {
        DeliveryState.WAITING: Status("wait", _("Waits")),
        DeliveryState.DELIVERED: Status("good", _("Arrived")),
        DeliveryState.GIVEN_UP: Status("stop", _("Given up")),
    }[row.state]


def attempt(row: DeliveryTry) -> str:
    """What came back: a number, or why there was none."""
    if row.trouble is None:
        return _("answered {status}").format(status=row.status)
    said = trouble(row.trouble)
    if row.status is None:
        return said
    return _("answered {status}. {why}").format(status=row.status, why=said)


def trouble(found: Trouble) -> str:
    return {
        Trouble.NOT_HTTPS: _("The address does not begin with https://."),
        Trouble.BAD_ADDRESS: _("The address names no server."),
        Trouble.NO_SUCH_NAME: _("The name of the server is not known. Check its spelling."),
        Trouble.INSIDE: _(
            "The name leads into a private network. The hub reaches public addresses only."
        ),
        Trouble.NO_CONNECTION: _("Nobody answers there, or not over TLS."),
        Trouble.BAD_CERTIFICATE: _("Its certificate is not valid for this name. Renew it."),
        Trouble.TIMEOUT: _("It took longer than ten seconds. Answer first, work afterwards."),
        Trouble.REDIRECT: _("It sends elsewhere. Give the final address."),
        Trouble.TOO_LARGE: _("Its answer is larger than 1 MB. Answer with nothing but a number."),
        Trouble.NO_HTTP: _("Its answer is no HTTP."),
    }[found]
