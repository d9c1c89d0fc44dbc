"""The window of hours, in its own time zone and past midnight."""

from datetime import UTC, datetime

import pytest

from worker.site.faults import SiteFault
from worker.site.hours import parse

CASES = [
    ("08:00-16:00", "UTC", "2026-09-01T08:00", True),
    ("08:00-16:00", "UTC", "2026-09-01T16:00", False),
    ("18:00-06:00", "UTC", "2026-09-01T23:59", True),
    ("18:00-06:00", "UTC", "2026-09-01T05:59", True),
    ("18:00-06:00", "UTC", "2026-09-01T12:00", False),
    ("18:00-06:00", "Europe/Berlin", "2026-09-01T16:30", True),
    ("18:00-06:00", "Europe/Berlin", "2026-01-01T16:30", False),
    ("18:00-06:00", "America/New_York", "2026-09-01T22:30", True),
    ("00:00-00:00", "UTC", "2026-09-01T12:00", True),
]


@pytest.mark.parametrize(("window", "zone", "at", "is_open"), CASES)
def test_open_or_not(window: str, zone: str, at: str, is_open: bool) -> None:
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    assert parse(window, zone).is_open(moment) is is_open


@pytest.mark.parametrize(
    ("window", "zone"), [("8-16", "UTC"), ("24:00-06:00", "UTC"), ("18:00-06:00", "Mars/Base")]
)
def test_a_window_nobody_can_keep_is_refused_with_an_example(window: str, zone: str) -> None:
    with pytest.raises(SiteFault, match="for example"):
        parse(window, zone)
