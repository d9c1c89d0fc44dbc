"""What the run page says of a site at work: how far it is, and how long that still takes."""

from typing import Any

import pytest

from app.clock import now
from app.runs.views import Part, SiteRow
from app.web.pages.run_sites import card
from worker.protocol.codes import Phase


def row(phase: Phase, part: Part = Part.WORKING, **told: Any) -> SiteRow:
    return SiteRow("i", "North School", True, True, part, now(), phase=phase, **told)


COUNTED = {"step": 30, "steps": 90, "seconds_left": 240}
BYTES = {"bytes_done": 1_000_000, "bytes_all": 4_000_000}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (row(Phase.TRAINING, **COUNTED), "About 4 minutes to go, then it uploads."),
        (row(Phase.ENCODING, **COUNTED), "About 4 minutes to go, then it trains."),
        (row(Phase.FETCHING, **BYTES, seconds_left=8), "About 8 seconds to go with this."),
        (
            row(Phase.UPLOADING, Part.UPLOADING, **BYTES, seconds_left=8),
            "1.00 MB of 4.00 MB has arrived. About 8 seconds to go with this.",
        ),
        (row(Phase.ENCODING, step=1, steps=90), "It works on this round."),
        (
            row(Phase.UPLOADING, Part.UPLOADING, **BYTES),
            "1.00 MB of 4.00 MB has arrived.",
        ),
    ],
)
def test_the_time_left_is_said_once_it_is_known(given: SiteRow, said: str) -> None:
    assert card(given, leads=False).text == said


def test_a_late_site_says_what_that_means_instead() -> None:
    shown = card(row(Phase.TRAINING, **COUNTED, late=True), leads=False).text
    assert shown.startswith("It still works from the round before.")
