"""A site's hours: a daily window in the site's own time zone, as it last reported them."""

from datetime import UTC, datetime, time, timedelta
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


def seconds_open(readiness: dict[str, Any], start: datetime, end: datetime) -> float:
    """How long the window is open between two moments, in seconds; all of it without hours."""
    opens, closes = _time(readiness.get("hours_from")), _time(readiness.get("hours_to"))
    if opens is None or closes is None or opens == closes:
        return max(0.0, (end - start).total_seconds())
    zone, total = _zone(readiness.get("time_zone")), 0.0
    first = start.astimezone(zone).date() - timedelta(days=1)
    for number in range((end - start).days + 3):
        day = first + timedelta(days=number)
        until = day if opens < closes else day + timedelta(days=1)
        begin = datetime.combine(day, opens, zone).astimezone(UTC)
        over = datetime.combine(until, closes, zone).astimezone(UTC)
        total += max(0.0, (min(over, end) - max(begin, start)).total_seconds())
    return total


def least_and_most(readiness: dict[str, Any], span_s: float, at: datetime) -> tuple[float, float]:
    """How long the window is open in a span that starts within a day of `at`: at the worst and at the best start.

    As a function of the start it is linear between the moments at which the start or the end of the span meets an
    edge of the window, so those are the only starts to try.
    """
    span, day = timedelta(seconds=span_s), timedelta(days=1)
    edges = [_time(readiness.get(name)) for name in ("hours_from", "hours_to")]
    zone = _zone(readiness.get("time_zone"))
    here = at.astimezone(zone).date()
    meets = [datetime.combine(here, e, zone).astimezone(UTC) for e in edges if e is not None]
    starts = [at, *(at + (moment - at) % day for m in meets for moment in (m, m - span))]
    found = [seconds_open(readiness, start, start + span) for start in starts]
    return min(found), max(found)


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
