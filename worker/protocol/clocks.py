"""Deadlines as laws count them: clock hours, calendar days, business days. Kept apart until a start is known."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

Unit = Literal["hours", "days", "business-days"]
_SATURDAY = 5


class Clock(BaseModel):
    """So many of a unit, from the moment the clock starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int = Field(ge=1, le=10_000)
    unit: Unit


def due(clock: Clock, start: datetime, zone: str, holidays: Iterable[date] = ()) -> datetime:
    """When it is over, in the institution's time zone. `start` knows its own zone.

    Hours count through nights. Days end with the last second of their date. Of business days the day of the start does
    not count, nor do Saturday, Sunday and `holidays`.
    """
    local = start.astimezone(ZoneInfo(zone))
    if clock.unit == "hours":
        return (start + timedelta(hours=clock.amount)).astimezone(ZoneInfo(zone))
    last = (
        local.date() + timedelta(days=clock.amount)
        if clock.unit == "days"
        else _business(local.date(), clock.amount, frozenset(holidays))
    )
    return datetime.combine(last, time(23, 59, 59), ZoneInfo(zone))


def _business(day: date, count: int, holidays: frozenset[date]) -> date:
    while count:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY and day not in holidays:
            count -= 1
    return day


def earliest(
    clocks: Iterable[Clock], start: datetime, zone: str, holidays: Iterable[date] = ()
) -> datetime | None:
    """The first of them to be over; None where there is none."""
    free = frozenset(holidays)
    return min((due(clock, start, zone, free) for clock in clocks), default=None)


def shortest(clocks: Iterable[Clock]) -> tuple[Clock, ...]:
    """The shortest of each unit: which of those binds depends on the start, so none is dropped for another."""
    found: dict[str, Clock] = {}
    for clock in clocks:
        kept = found.get(clock.unit)
        if kept is None or clock.amount < kept.amount:
            found[clock.unit] = clock
    return tuple(found[unit] for unit in sorted(found))
