"""The hours in which a site works: a daily window in a time zone, which may pass midnight."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from worker.protocol.text import _
from worker.site.faults import SiteFault

_WINDOW = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True)
class Hours:
    """Open from `start` to before `end`, local time of `zone`. Equal ends mean all day."""

    start: time
    end: time
    zone: str = "UTC"

    def is_open(self, at: datetime) -> bool:
        here = at.astimezone(ZoneInfo(self.zone)).time()
        if self.start == self.end:
            return True
        if self.start < self.end:
            return self.start <= here < self.end
        return here >= self.start or here < self.end

    def changes(self, at: datetime) -> datetime | None:
        """When the window next opens or, while it is open, closes; None where it is open all day."""
        if self.start == self.end:
            return None
        wanted = self.end if self.is_open(at) else self.start
        here = at.astimezone(ZoneInfo(self.zone))
        then = datetime.combine(here.date(), wanted, here.tzinfo)
        return then if then > here else then + timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone}"


def parse(window: str, zone: str) -> Hours:
    """From `18:00-06:00` and an IANA zone. Raises SiteFault with an example."""
    found = _WINDOW.fullmatch(window)
    if not found:
        raise SiteFault(
            _("“{window}” is no window of hours. Write, for example, 18:00-06:00.").format(
                window=window
            )
        )
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SiteFault(
            _(
                "This machine knows no time zone “{zone}”. Write, for example, Europe/Berlin."
            ).format(zone=zone)
        ) from error
    a, b, c, d = (int(part) for part in found.groups())
    return Hours(time(a, b), time(c, d), zone)


def opening(hours: Hours | None) -> Callable[[], bool]:
    """May the site work now?"""
    return lambda: hours is None or hours.is_open(datetime.now(UTC))
