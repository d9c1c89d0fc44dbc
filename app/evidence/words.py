"""Days, sizes and lists as a document writes them: in its language, times in UTC, because it is read elsewhere."""

from collections.abc import Iterable
from datetime import UTC, datetime

from babel.dates import format_date

from app.text import _, ngettext
from worker.protocol.pages import locale, number

__all__ = ["day", "listed", "moment", "number", "run_state", "size", "times", "yes"]


def day(at: datetime | None) -> str:
    """`26 November 2026`."""
    return format_date(at.astimezone(UTC).date(), "long", locale=locale()) if at else "–"


def moment(at: datetime) -> str:
    """`26 November 2026, 14:06 UTC`."""
    return f"{day(at)}, {at.astimezone(UTC):%H:%M} UTC"


def size(count: int) -> str:
    """Bytes, powers of 1000."""
    for unit, scale in (("GB", 1e9), ("MB", 1e6)):
        if count >= scale:
            return f"{number(count / scale, 2)} {unit}"
    return f"{number(count / 1e3, 1)} kB"


def listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "–"


def times(count: int) -> str:
    return ngettext("{n} transfer", "{n} transfers", count).format(n=number(count))


def run_state(state: str) -> str:
    return {
        "draft": _("Draft"),
        "proposed": _("Proposed"),
        "approved": _("Approved"),
        "running": _("Running"),
        "paused": _("Paused"),
        "completed": _("Completed"),
        "failed": _("Failed"),
        "cancelled": _("Cancelled"),
    }[state]


def yes(value: bool) -> str:
    return _("yes") if value else _("no")
