"""The numbers of a recording: what is known of a made one comes out, and anything a file may hold gives numbers."""

import numpy as np
import pytest

from worker.learning.data import acoustics
from worker.learning.data.perceived import HOP_S, of_samples
from worker.protocol.shapes import heard

RATE = 16_000


def spoken(*seconds: float) -> acoustics.Floats:
    """Log-mel frames of a tone and silence in turn, a faint noise beneath."""
    source, parts = np.random.default_rng(1), []
    for place, length in enumerate(seconds):
        at = np.arange(round(length * RATE)) / RATE
        tone = 0.3 * np.sin(2 * np.pi * 500 * at) if place % 2 == 0 else 0 * at
        parts.append(tone + 1e-3 * source.normal(size=len(at)))
    return of_samples(np.concatenate(parts).astype(np.float32), RATE, 40)


def times(frames: acoustics.Floats) -> acoustics.Numbers:
    """Seconds from the first speech to the last, of speech, pauses a second, longest pause."""
    found = acoustics.statistics(frames, acoustics.MEAN_DB, acoustics.SD_DB)[0].astype(np.float64)
    return np.array(
        [
            np.exp(found[1] * 0.45 + 1.0) - HOP_S,
            np.exp(found[2] * 0.4 + 0.9) - HOP_S,
            found[6] * 0.7 + 0.9,
            np.expm1(found[10] * 0.22 + 0.2),
        ]
    )


def test_speech_and_pauses_are_timed() -> None:
    assert times(spoken(1.0, 0.6, 1.0, 0.3, 1.0)) == pytest.approx(
        [3.9, 3.0, 2 / 3.9, 0.6], abs=0.12
    )


def test_one_piece_has_no_pause() -> None:
    assert times(spoken(2.0))[2:] == pytest.approx([0.0, 0.0], abs=1e-3)


def test_rises_of_loudness_are_counted() -> None:
    loud = np.array([0.0, 5, 0, 5, 4.5, 5, 0, 3, 0], np.float64)
    assert [acoustics._rises(loud, least) for least in (2.0, 4.0, 6.0)] == [3, 2, 0]


def test_a_sheet_says_where_levels_lie() -> None:
    """The same recording on another scale, told by the sheet, gives the same numbers."""
    frames = spoken(0.8, 0.3, 0.5)
    one = acoustics.statistics(frames, -48.0, 17.5)
    other = acoustics.statistics((frames + 48) / 17.5, 0.0, 1.0)
    assert one == pytest.approx(other, abs=1e-3)


@pytest.mark.parametrize("bands", [8, 40, 128])
@pytest.mark.parametrize("frames", [1, 2, 3, 1500])
@pytest.mark.parametrize("spread", [0.0, 10.0])
def test_every_recording_has_its_numbers(bands: int, frames: int, spread: float) -> None:
    x = np.random.default_rng(2).normal(size=(frames, bands)) * spread - 40
    found = acoustics.statistics(x.astype(np.float32), -48.0, 17.5)
    assert found.shape == (1, heard(bands)) and np.isfinite(found).all()
    assert np.abs(found).max() <= acoustics.CUT
