"""Times and sizes as people read them, in the reader's language and this computer's time zone."""

from datetime import datetime

from babel.dates import format_date, format_datetime, format_time

from worker.protocol.pages import day_first, locale, number
from worker.protocol.text import ngettext


def zone() -> str:
    """The name of this computer's time zone, as it calls it today."""
    return datetime.now().astimezone().tzname() or "UTC"


def clock(moment: datetime) -> str:
    """`14:02` today, `23 Nov 2026, 14:02` on another day."""
    local = moment.astimezone()
    if local.date() == datetime.now().astimezone().date():
        return str(format_time(local, "HH:mm", locale=locale()))
    return str(format_datetime(local, day_first("d MMM y, HH:mm"), locale=locale()))


def exact(moment: datetime) -> str:
    """`23 Nov 2026, 14:02:07`."""
    return str(
        format_datetime(moment.astimezone(), day_first("d MMM y, HH:mm:ss"), locale=locale())
    )


def day(moment: datetime) -> str:
    """`23 November 2026`."""
    return str(format_date(moment.astimezone().date(), "long", locale=locale()))


def size(count: float) -> str:
    """Bytes as they are below 1000, else with a unit in powers of 1000: `412 bytes`, `1.08 MB`."""
    if count < 1000:
        return ngettext("{n} byte", "{n} bytes", int(count)).format(n=int(count))
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{number(count / scale, 2)} {unit}"
    return f"{number(count / 1e3, 1)} kB"
