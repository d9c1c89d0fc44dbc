"""Every state of SCREENS in a real browser: it says what it must, axe finds no fault, and it fits its window."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import looking
from tests.browser.states import STATES, State, opened
from tests.web.populated import Populated

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]


@pytest.mark.parametrize("state", STATES, ids=[state.name for state in STATES])
def test_state(live: Populated, chromium: Browser, address: str, state: State) -> None:
    with opened(live, chromium, address, state) as place:
        expect(place.page.locator("main")).to_contain_text(state.says)
        assert looking.faults(place.page, state.name) == []
