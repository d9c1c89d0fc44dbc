"""The rows of the table of routes that are about webhooks."""

from app.access.permissions import Permission
from tests.api.row import Row
from tests.api.stage import Stage

_EDIT = Permission.WEBHOOK_EDIT
_HEARD = (Permission.RUN_READ,)
_ASKED = {"url": "https://hooks.brook.example/collegium", "events": ["run.completed"]}
_HOME, _ONE = "/institutions/{institution}/webhooks", "/webhooks/{webhook}"

WEBHOOKS = (
    Row("GET", _HOME, _EDIT),
    Row("POST", _HOME, _EDIT, 201, also=_HEARD, body=_ASKED, at="/webhooks/{made}"),
    Row("GET", _ONE, _EDIT, before=Stage.with_webhook),
    Row(
        "PUT",
        _ONE,
        _EDIT,
        also=_HEARD,
        body=_ASKED,
        before=Stage.with_webhook,
        if_match="1",
    ),
    Row("DELETE", _ONE, _EDIT, 204, before=Stage.with_webhook),
    Row("POST", _ONE + "/secret", _EDIT, 201, before=Stage.with_webhook, at=_ONE),
    Row("POST", _ONE + "/test", _EDIT, 201, before=Stage.with_webhook, at="/deliveries/{made}"),
    Row("POST", _ONE + "/turn-on", _EDIT, before=Stage.with_webhook_off),
    Row("GET", _ONE + "/deliveries", _EDIT, before=Stage.with_delivery),
    Row("GET", "/deliveries/{delivery}", _EDIT, before=Stage.with_delivery),
    Row("POST", "/deliveries/{delivery}/replay", _EDIT, before=Stage.with_delivery),
)
