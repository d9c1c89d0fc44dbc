"""The doorbell in a real Chromium: a change shows within a second while polling rests; cut, polling takes over."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import migrations
from app.effects import Effect, Ring
from app.events import Doorbell
from tests import servers
from tests.door.live import serving
from tests.runs import world as making
from tests.web import populated
from tests.web.populated import Populated

pytestmark = pytest.mark.browser
WAITED = "section[aria-labelledby=h-wait] .site"


@pytest.fixture
def rung(tmp_path: Path) -> Iterator[tuple[Populated, str, str]]:
    """A served hub with a Redis of its own; another process's bell rings what the services ask for."""
    url = f"sqlite:///{tmp_path / 'hub.sqlite'}"
    migrations.upgrade(url)
    made = populated.make(url, tmp_path, "http://127.0.0.1")
    with servers.redis_server() as redis_url:
        elsewhere = Doorbell(redis_url)
        collect = made.world.hub.db.dispatch

        def dispatch(effect: Effect) -> None:
            if isinstance(effect, Ring):
                elsewhere.ring(effect.topic)
            elif collect is not None:
                collect(effect)

        made.world.hub.db.dispatch = dispatch
        made.app.state.hub = replace(made.app.state.hub, doorbell=Doorbell(redis_url))
        with serving(made.app) as address:
            yield made, address, redis_url
    made.world.hub.db.engine.dispose()


@pytest.fixture
def page(rung: tuple[Populated, str, str], chromium: Browser) -> Iterator[Page]:
    made, address, _redis = rung
    context = chromium.new_context()
    cookie = {"name": "collegium", "value": made.cookie("reader"), "url": address}
    context.add_cookies([cookie])  # type: ignore[list-item]
    yield context.new_page()
    context.close()


def asked(page: Page, run_id: str) -> list[float]:
    """Times at which the page asked for its live part from now on."""
    times: list[float] = []
    page.on(
        "request",
        lambda r: times.append(time.monotonic()) if r.url.endswith(f"/runs/{run_id}") else None,
    )
    return times


def test_a_change_shows_within_a_second_while_polling_rests(
    rung: tuple[Populated, str, str], page: Page
) -> None:
    made, address, _redis = rung
    run_id = made.ids["run_id"]
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with page.expect_response(lambda r: r.url.endswith("/bell")):
        page.goto(f"{address}/runs/{run_id}")
    page.wait_for_timeout(2_500)  # the stream says that it hears; the page looks once more
    times = asked(page, run_id)
    page.wait_for_timeout(9_000)  # two polls of four seconds would fall into this time
    assert times == []
    expect(page.locator(WAITED)).to_have_count(3)
    making.train(made.world, made.world.members[2])
    begun = time.monotonic()
    expect(page.locator(WAITED)).to_have_count(2, timeout=1_000)
    assert time.monotonic() - begun < 1.1 and errors == []


def test_when_the_stream_is_cut_polling_takes_over(
    rung: tuple[Populated, str, str], page: Page
) -> None:
    made, address, redis_url = rung
    run_id = made.ids["run_id"]
    page.goto(f"{address}/runs/{run_id}")
    page.wait_for_timeout(2_500)
    servers.stop_redis(redis_url)
    making.train(made.world, made.world.members[2])  # its ring is lost
    expect(page.locator(WAITED)).to_have_count(2, timeout=8_000)


def test_a_page_that_may_not_listen_polls(rung: tuple[Populated, str, str], page: Page) -> None:
    made, address, _redis = rung
    made.app.state.streams.limit = 0
    with page.expect_response(lambda r: r.url.endswith("/bell")) as refused:
        page.goto(f"{address}/runs/{made.ids['run_id']}")
    assert refused.value.status == 503
    making.train(made.world, made.world.members[2])
    expect(page.locator(WAITED)).to_have_count(2, timeout=8_000)


def test_a_page_that_stopped_looking_does_not_listen(
    rung: tuple[Populated, str, str], page: Page
) -> None:
    made, address, _redis = rung
    page.goto(f"{address}/runs/{made.ids['run_id']}")
    servers.wait_until(lambda: made.app.state.streams.open == 1, seconds=5, what="the stream")
    page.get_by_role("link", name="Stop looking").click()
    servers.wait_until(lambda: made.app.state.streams.open == 0, seconds=5, what="its end")
    times = asked(page, made.ids["run_id"])
    page.wait_for_timeout(5_000)
    assert times == [] and made.app.state.streams.open == 0
