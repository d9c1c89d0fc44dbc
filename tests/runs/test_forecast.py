"""Hours of sites against the time of a round: by hand, over midnight, at a change of the clocks, and from a hub."""

from datetime import UTC, datetime, timedelta

import pytest

from app.clock import now
from app.federations import compatibility
from app.federations import service as federations
from app.federations.models import Federation
from app.runs.forecast import Fits, Forecast, forecast
from app.sites import hours
from app.sites.models import Site
from tests.runs import world as making
from tests.runs.making import add_member
from tests.runs.world import World

NIGHT = {"hours_from": "18:00", "hours_to": "06:00", "time_zone": "UTC"}
DAY = {"hours_from": "08:00", "hours_to": "16:00", "time_zone": "Europe/Berlin"}
AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = 3600.0


@pytest.mark.parametrize(
    ("window", "start", "length", "open_h"),
    [
        ({}, AT, 5, 5.0),
        (NIGHT, AT, 5, 0.0),
        (NIGHT, AT, 7, 1.0),
        (NIGHT, AT, 24, 12.0),
        (NIGHT, AT + timedelta(hours=12), 24, 12.0),
        (DAY, AT, 4, 3.0),  # 13:00 to 17:00 there
        (DAY, AT, 48, 16.0),
        # The night in which the clocks go forward: 22:00 to 04:00 there is five hours.
        (
            {"hours_from": "22:00", "hours_to": "04:00", "time_zone": "Europe/Berlin"},
            datetime(2026, 3, 28, 12, tzinfo=UTC),
            24,
            5.0,
        ),
    ],
)
def test_seconds_open(window: dict[str, str], start: datetime, length: int, open_h: float) -> None:
    assert hours.seconds_open(window, start, start + timedelta(hours=length)) == open_h * HOUR


@pytest.mark.parametrize(
    ("window", "span_h", "least_h", "most_h"),
    [
        ({}, 1, 1.0, 1.0),
        (NIGHT, 1, 0.0, 1.0),
        (NIGHT, 12, 0.0, 12.0),
        (NIGHT, 14, 2.0, 12.0),
        (NIGHT, 24, 12.0, 12.0),
        (NIGHT, 36, 12.0, 24.0),
        (DAY, 10, 0.0, 8.0),
    ],
)
def test_least_and_most(window: dict[str, str], span_h: int, least_h: float, most_h: float) -> None:
    assert hours.least_and_most(window, span_h * HOUR, AT) == (least_h * HOUR, most_h * HOUR)


def test_the_extremes_are_those_of_every_minute() -> None:
    for window in (NIGHT, DAY):
        for span_h in (1, 5, 13, 30):
            starts = [AT + timedelta(minutes=m) for m in range(24 * 60)]
            span = timedelta(hours=span_h)
            every = [hours.seconds_open(window, s, s + span) for s in starts]
            assert hours.least_and_most(window, span_h * HOUR, AT) == (min(every), max(every))


def told(world: World, deadline_s: int) -> Forecast:
    with world.hub.db.reading() as session:
        federation = session.get_one(Federation, world.federation)
        matrix = compatibility.matrix(session, federation, world.lead.administrator)
        return forecast(session, federation, matrix, deadline_s, now())


def test_what_a_site_took_is_held_against_its_hours(world: World) -> None:
    """Nothing is known before the first update; then its bytes and its working time are."""
    assert all(one.bytes_up is None and one.work_s is None for one in told(world, 60).sites)
    making.running(world)
    for member in world.members:
        making.train(world, member)
    world.work()
    found = told(world, 60)
    assert found.bytes_up and all(one.bytes_up for one in found.sites)
    assert {one.fits for one in found.sites} == {Fits.ALWAYS}
    soon, later = now() + timedelta(hours=3), now() + timedelta(hours=4)
    with world.hub.db.session() as session:
        site = session.get_one(Site, world.members[1].site)
        window = {"hours_from": f"{soon:%H:%M}", "hours_to": f"{later:%H:%M}"}
        site.readiness = {**site.readiness, **window, "time_zone": "UTC"}
    one = next(s for s in told(world, 60).sites if s.site.id == world.members[1].site)
    assert (one.least_s, one.most_s, one.fits) == (0, 60, Fits.SOMETIMES)


def test_hours_that_can_never_do(world: World) -> None:
    """An hour of work does not fit into a quarter of an hour a day."""
    from app.runs.forecast import SiteForecast

    (one, *_rest) = told(world, 3600).sites
    short = SiteForecast(one.site, one.institution, 0, 900, 3600.0, None)
    assert short.fits is Fits.NEVER


def test_the_invited_are_not_counted_and_tell_nothing_before_they_accept(world: World) -> None:
    """The lead learns of an invited institution what it is told it would: nothing of its sites or rules."""
    with world.hub.db.session() as session:
        guest = add_member(session, 9)
        federation = session.get_one(Federation, world.federation)
        lead = world.lead.administrator
        federations.invite(session, lead, federation, guest.institution)
        every = compatibility.matrix(session, federation, lead)
        now_able = compatibility.matrix(session, federation, lead, active=True)
        found = forecast(session, federation, now_able, 3600, now())
    mine = next(r for r in every.rows if r.member.institution.id == guest.institution)
    assert (mine.allows, mine.rules, mine.sites_ready) == (True, None, None)
    assert guest.institution not in {r.member.institution.id for r in now_able.rows}
    assert (every.cohort, now_able.cohort) == (5, 4)
    assert guest.site not in {one.site.id for one in found.sites}
