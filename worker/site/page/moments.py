"""Times and sizes as people read them, in the reader's language and this computer's time zone."""

from datetime import UTC, datetime

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.numbers import format_decimal, format_percent

from worker.protocol.text import _, current_locale, ngettext

_BABEL = {"en": "en_GB", "de": "de_DE"}


def _locale() -> Locale:
    return Locale.parse(_BABEL.get(current_locale(), "en_GB"))


def zone() -> str:
    """The name of this computer's time zone, as it calls it today."""
    return datetime.now().astimezone().tzname() or "UTC"


def clock(moment: datetime) -> str:
    """`14:02` today, `23 Nov 2026, 14:02` on another day."""
    local = moment.astimezone()
    if local.date() == datetime.now().astimezone().date():
        return str(format_time(local, "HH:mm", locale=_locale()))
    return str(format_datetime(local, "d MMM y, HH:mm", locale=_locale()))


def exact(moment: datetime) -> str:
    """`23 Nov 2026, 14:02:07`."""
    return str(format_datetime(moment.astimezone(), "d MMM y, HH:mm:ss", locale=_locale()))


def day(moment: datetime) -> str:
    """`23 November 2026`."""
    return str(format_date(moment.astimezone().date(), "long", locale=_locale()))


def ago(moment: datetime) -> str:
    """`just now`, `3 minutes ago`, `2 hours ago`, `5 days ago`."""
    seconds = max(0, int((datetime.now(UTC) - moment).total_seconds()))
    if seconds < 60:
        return _("just now")
    if seconds < 3600:
        return ngettext("{n} minute ago", "{n} minutes ago", seconds // 60).format(n=seconds // 60)
    if seconds < 86400:
        hours = seconds // 3600
        return ngettext("{n} hour ago", "{n} hours ago", hours).format(n=hours)
    days = seconds // 86400
    return ngettext("{n} day ago", "{n} days ago", days).format(n=days)


def machine(moment: datetime) -> str:
    """For the datetime attribute."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def number(value: float, digits: int = 0) -> str:
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=_locale()))


def percent(value: float) -> str:
    """`0.66` is `66 %`."""
    return str(format_percent(value, format="#,##0 %", locale=_locale()))


def size(count: float) -> str:
    """Bytes as they are below 1000, else with a unit in powers of 1000: `412 bytes`, `1.08 MB`."""
    if count < 1000:
        return ngettext("{n} byte", "{n} bytes", int(count)).format(n=int(count))
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{number(count / scale, 2)} {unit}"
    return f"{number(count / 1e3, 1)} kB"
