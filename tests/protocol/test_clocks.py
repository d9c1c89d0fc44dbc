"""Deadlines counted as laws count them, against dates worked out by hand."""

from datetime import UTC, date, datetime

import pytest

from worker.protocol.clocks import Clock, due, earliest, shortest

FRIDAY = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
LGPD = Clock(amount=3, unit="business-days")


def test_three_business_days_from_a_friday_end_on_wednesday() -> None:
    assert due(LGPD, FRIDAY, "America/Sao_Paulo").date() == date(2026, 12, 2)


def test_a_holiday_in_between_moves_it_on() -> None:
    monday = (date(2026, 11, 30),)
    assert due(LGPD, FRIDAY, "America/Sao_Paulo", monday).date() == date(2026, 12, 3)


def test_the_day_begins_in_the_institutions_own_zone() -> None:
    """23:00 on Friday in UTC is Saturday morning in Shanghai: the first business day is Monday there as well."""
    late = datetime(2026, 11, 27, 23, 0, tzinfo=UTC)
    assert due(Clock(amount=1, unit="days"), late, "Asia/Shanghai").date() == date(2026, 11, 29)
    assert due(Clock(amount=1, unit="days"), late, "UTC").date() == date(2026, 11, 28)


def test_hours_count_through_nights_and_weekends() -> None:
    assert due(Clock(amount=72, unit="hours"), FRIDAY, "UTC") == datetime(
        2026, 11, 30, 15, 0, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("start", "wins"),
    [
        (FRIDAY, date(2026, 11, 30)),  # 72 hours end on Monday, three business days on Wednesday
        (datetime(2026, 11, 30, 15, 0, tzinfo=UTC), date(2026, 12, 3)),  # both on Thursday
    ],
)
def test_the_first_to_be_over_binds(start: datetime, wins: date) -> None:
    found = earliest((LGPD, Clock(amount=72, unit="hours")), start, "UTC")
    assert found is not None and found.date() == wins


def test_no_clock_is_no_deadline() -> None:
    assert earliest((), FRIDAY, "UTC") is None


def test_units_are_kept_apart() -> None:
    clocks = (Clock(amount=30, unit="days"), LGPD, Clock(amount=15, unit="days"))
    assert shortest(clocks) == (LGPD, Clock(amount=15, unit="days"))
