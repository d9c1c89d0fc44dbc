"""A federation that the caller may read: its own, or an open one it thinks of joining."""

from app.access.permissions import Permission
from app.errors import NotFound
from app.federations import queries
from app.federations.models import Federation
from app.web.api.caller import Caller


def reachable(call: Caller, federation: str) -> Federation:
    """Raises NotFound."""
    try:
        return queries.get(call.session, call.actor, Permission.FEDERATION_READ, federation)
    except NotFound:
        return queries.get_open(call.session, call.actor, federation)
