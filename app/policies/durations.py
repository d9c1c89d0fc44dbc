"""How long something is kept, as ISO 8601 writes it: P3Y, P18M, P2W, P400D. Whole days and longer only."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from app.errors import Invalid
from app.text import _, ngettext

_SHAPE = re.compile(r"P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?")
_LONGEST_DAYS = 366 * 100


@dataclass(frozen=True)
class Duration:
    months: int
    days: int

    def after(self, start: date) -> date:
        """Months first, to the same day or the month's last; then days."""
        year, month = divmod(start.month - 1 + self.months, 12)
        first = date(start.year + year, month + 1, 1)
        following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
        last = (following - timedelta(days=1)).day
        return first.replace(day=min(start.day, last)) + timedelta(days=self.days)


def read(text: str) -> Duration:
    """Raises Invalid. Weeks stand alone, as the standard has it."""
    found = _SHAPE.fullmatch(text)
    years, months, weeks, days = (int(part or 0) for part in found.groups()) if found else (0,) * 4
    alone = not weeks or not (years or months or days)
    length = (years * 12 + months) * 31 + weeks * 7 + days
    if not found or not alone or not 0 < length <= _LONGEST_DAYS:
        problem = _("Give the time as ISO 8601 writes it, such as P3Y, P18M or P400D.")
        raise Invalid(problem, {"retention": problem})
    return Duration(years * 12 + months, weeks * 7 + days)


def in_words(text: str) -> str:
    found = read(text)
    years, months = divmod(found.months, 12)
    parts = [
        ngettext("{n} year", "{n} years", years).format(n=years) if years else "",
        ngettext("{n} month", "{n} months", months).format(n=months) if months else "",
        ngettext("{n} day", "{n} days", found.days).format(n=found.days) if found.days else "",
    ]
    return ", ".join(part for part in parts if part)
