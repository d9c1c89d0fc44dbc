"""A site's hours: a daily window in the site's own time zone, as it last reported them."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def is_open(readiness: dict[str, Any], at: datetime) -> bool:
    """True without hours. A window that ends before it starts runs over midnight."""
    start, end = _time(readiness.get("hours_from")), _time(readiness.get("hours_to"))
    if start is None or end is None or start == end:
        return True
    local = at.astimezone(_zone(readiness.get("time_zone"))).time()
    if start < end:
        return start <= local < end
    return local >= start or local < end


def _time(text: str | None) -> time | None:
    try:
        return time.fromisoformat(text) if text else None
    except ValueError:
        return None


def _zone(name: str | None) -> ZoneInfo:
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")
