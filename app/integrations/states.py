"""States of webhooks and of what they are sent."""

from enum import StrEnum


class WebhookState(StrEnum):
    ACTIVE = "active"
    OFF = "off"
    """After days of failure, or because its server said 410; a person turns it on again."""
    REMOVED = "removed"


class OffReason(StrEnum):
    """Why the hub turned one off."""

    FAILING = "failing"
    GONE = "gone"


class DeliveryState(StrEnum):
    WAITING = "waiting"
    DELIVERED = "delivered"
    GIVEN_UP = "given-up"


WEBHOOK_TRANSITIONS: dict[WebhookState, frozenset[WebhookState]] = {
    WebhookState.ACTIVE: frozenset({WebhookState.OFF, WebhookState.REMOVED}),
    WebhookState.OFF: frozenset({WebhookState.ACTIVE, WebhookState.REMOVED}),
    WebhookState.REMOVED: frozenset(),
}
DELIVERY_TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    DeliveryState.WAITING: frozenset({DeliveryState.DELIVERED, DeliveryState.GIVEN_UP}),
    DeliveryState.DELIVERED: frozenset({DeliveryState.WAITING}),
    DeliveryState.GIVEN_UP: frozenset({DeliveryState.WAITING}),
}
"""Back to waiting: a person sends it again."""
