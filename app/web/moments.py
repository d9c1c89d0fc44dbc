"""Times and numbers as people read them, in the request's language and time zone. Every state says how old it is."""

from contextvars import ContextVar
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.dates import format_date, format_datetime, format_time

from app.clock import now
from app.text import _
from worker.protocol.pace import span
from worker.protocol.pages import ago, day_first, figure, locale, machine, number, percent

__all__ = [
    "ago",
    "as_of",
    "clock",
    "day",
    "day_clock",
    "due",
    "figure",
    "full",
    "in_words",
    "known",
    "lately",
    "machine",
    "number",
    "percent",
    "sentence",
    "since",
    "size",
    "span",
    "use_zone",
    "zone",
]
_zone: ContextVar[str] = ContextVar("zone", default="UTC")


@lru_cache(maxsize=64)
def _zone_info(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def use_zone(name: str) -> None:
    """For the rest of this request; an unknown name means UTC."""
    _zone.set(name if len(name) <= 64 and _zone_info(name) else "UTC")


def zone() -> str:
    return _zone.get()


def _written(local: datetime, pattern: str) -> str:
    """Without its zone: moments of two zones are equal, and what is said of them is not."""
    return _of_minute(
        local.replace(tzinfo=None, second=0, microsecond=0), day_first(pattern), locale()
    )


@lru_cache(maxsize=4096)
def _of_minute(wall: datetime, pattern: str, locale: Locale) -> str:
    """Lists say the same minutes again and again, and Babel takes its time."""
    return format_datetime(wall, pattern, locale=locale)


def _local(moment: datetime) -> datetime:
    return moment.astimezone(_zone_info(_zone.get()) or UTC)


def clock(moment: datetime) -> str:
    """`14:02` today, `23 Nov, 14:02` on another day."""
    local = _local(moment)
    if local.date() == _local(now()).date():
        return _written(local, "HH:mm")
    return day_clock(moment)


def day_clock(moment: datetime) -> str:
    """`23 Nov, 14:02`, with the year once it is another one."""
    local = _local(moment)
    pattern = "d MMM, HH:mm" if local.year == _local(now()).year else "d MMM y, HH:mm"
    return _written(local, pattern)


def day(moment: datetime) -> str:
    """`23 November 2026`."""
    return format_date(_local(moment).date(), "long", locale=locale())


def calendar(on: date) -> str:
    """A day that belongs to no clock: `23 November 2026`."""
    return format_date(on, "long", locale=locale())


def full(moment: datetime) -> str:
    """`23 November 2026, 14:06`."""
    return f"{day(moment)}, {format_time(_local(moment), 'HH:mm', locale=locale())}"


def as_of() -> str:
    """The line below a heading: `As of 23 November 2026, 14:06`."""
    return _("As of {time}").format(time=full(now()))


def lately(moment: datetime) -> str:
    """`Today, 13:39`, `Friday, 16:40`, else the date."""
    local, today = _local(moment), _local(now()).date()
    hour = format_time(local, "HH:mm", locale=locale())
    if local.date() == today:
        return _("Today, {time}").format(time=hour)
    if today - local.date() < timedelta(days=7) and local.date() < today:
        return f"{format_date(local.date(), 'EEEE', locale=locale())}, {hour}"
    return day_clock(moment)


def due(moment: datetime) -> str:
    """`Today, by 17:00`, `By Tuesday 24 November`."""
    local = _local(moment)
    if local.date() == _local(now()).date():
        return _("Today, by {time}").format(time=format_time(local, "HH:mm", locale=locale()))
    return _("By {day}").format(
        day=format_date(local.date(), day_first("EEEE d MMMM"), locale=locale())
    )


def known(moment: datetime | None) -> str:
    """The age of a state: `last known 14:02`."""
    return _("last known {time}").format(time=clock(moment)) if moment else _("never seen")


def since(moment: datetime) -> str:
    return _("since {time}").format(time=clock(moment))


def size(count: float) -> str:
    """Bytes with a unit, powers of 1000: `0.4 kB`, `1.08 MB`."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            value = count / scale
            return f"{number(value, 2 if value < 10 else 1)} {unit}"
    return f"{number(count / 1e3, 1)} kB"


def in_words(count: int) -> str:
    """Small numbers as words, at the start of a sentence or within it."""
    words = (
        _("no ").strip(),  # "no members": in other languages another word than the answer "no"
        _("one"),
        _("two"),
        _("three"),
        _("four"),
        _("five"),
        _("six"),
        _("seven"),
        _("eight"),
        _("nine"),
        _("ten"),
    )
    return words[count] if 0 <= count < len(words) else number(count)


def sentence(text: str) -> str:
    """With a capital first letter; the rest stays."""
    return text[:1].upper() + text[1:]
