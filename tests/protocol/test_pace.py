"""Time left by the speed so far, and how a terminal shows it."""

import io

import pytest

from worker.protocol.meter import Meter, watched
from worker.protocol.pace import ENOUGH_S, Pace, in_words


def test_the_rest_takes_as_long_as_its_share_took() -> None:
    """Steps 10 to 15 of 25 took 20 seconds: the other 10 take 40. A resumed training does not begin at 0."""
    pace = Pace()
    assert pace.left("training", 10, 25, 100.0) is None, "nothing is measured yet"
    assert pace.left("training", 15, 25, 120.0) == 40
    assert pace.left("training", 20, 25, 130.0) == 15, "faster since: 30 seconds for 10"
    assert pace.left("training", 25, 25, 140.0) == 0


def test_nothing_is_told_before_enough_is_done() -> None:
    pace = Pace()
    pace.left("training", 0, 100, 0.0)
    assert pace.left("training", 5, 100, ENOUGH_S / 2) is None
    assert pace.left("training", 10, 100, ENOUGH_S) == 9
    assert pace.left("loading", 0, 1, 50.0) is None
    assert pace.left("loading", 0, 1, 90.0) is None, "a step that is not done has no speed"


@pytest.mark.parametrize("told", [("b", 6, 10), ("a", 6, 12), ("a", 4, 10)])
def test_other_work_begins_anew(told: tuple[str, int, int]) -> None:
    pace = Pace()
    pace.left("a", 0, 10, 0.0)
    assert pace.left("a", 5, 10, 10.0) == 10
    assert pace.left(*told, 20.0) is None
    work, done, whole = told
    assert pace.left(work, done + 1, whole, 22.0) == 2 * (whole - done - 1)


def test_more_than_was_announced_has_no_end() -> None:
    pace = Pace()
    pace.left("a", 0, 10, 0.0)
    assert pace.left("a", 11, 10, 10.0) is None


def test_time_left_in_words() -> None:
    assert (in_words(None), in_words(40), in_words(330)) == (
        "…",
        "about 40 seconds to go",
        "about 6 minutes to go",
    )


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def told(out: io.StringIO) -> str:
    """Ten steps of four seconds each."""
    seconds = iter(range(0, 400, 4))
    with Meter(out, lambda: float(next(seconds))) as meter:
        for done in range(11):
            meter.told("Reading a.csv", done, 10)
    return out.getvalue()


def test_a_terminal_sees_one_line_that_is_gone_in_the_end() -> None:
    lines = told(Terminal()).split("\r")
    assert lines[1].strip() == "Reading a.csv: 0 %, …"
    assert lines[2].strip() == "Reading a.csv: 10 %, about 36 seconds to go"
    assert lines[-2].strip() == lines[-1] == ""


def test_a_log_gets_a_line_now_and_then() -> None:
    assert told(io.StringIO()).splitlines() == [
        "Reading a.csv: 30 %, about 28 seconds to go",
        "Reading a.csv: 70 %, about 12 seconds to go",
    ]


def test_a_watched_stream_tells_how_far_it_was_read() -> None:
    seen: list[int] = []
    content = bytes(range(256)) * 9000
    read = watched(io.BytesIO(content), seen.append)
    assert read.read() == content
    assert seen[-1] == len(content)
    assert seen == sorted(seen)
    assert len(set(seen)) > 2
