"""The numbers of a recording: what is known of a made one comes out, and anything a file may hold gives numbers."""

from pathlib import Path

import numpy as np
import pytest

from worker.learning.data import acoustics
from worker.learning.data.importers.hearing import moments, scaled
from worker.learning.data.perceived import HOP_S, of_samples
from worker.protocol.sound import heard
from worker.protocol.tasks import Input

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


def test_a_sheet_scales_the_numbers_by_what_the_sites_added_up(tmp_path: Path) -> None:
    """Two sites of unlike size; by hand over all their recordings, each weighing the same."""
    lengths = [[(0.6, 0.2, 0.4), (1.0, 0.3, 0.2), (0.5, 0.5, 0.5)], [(2.0, 0.1, 0.3)]]
    sites = []
    for place, site in enumerate(lengths):
        sites.append([tmp_path / f"{place}-{n}.npy" for n in range(len(site))])
        for path, seconds in zip(sites[-1], site, strict=True):
            np.save(path, spoken(*seconds))
    one = Input(name="recording", kind="audio", modality="audio", mean=-48, sd=17.5)
    made = scaled(one, (moments(paths, one) for paths in sites))
    every = [spoken(*seconds) for site in lengths for seconds in site]
    numbers = np.stack([acoustics.numbers(frames, -48, 17.5) for frames in every])
    assert made.means == pytest.approx(numbers.mean(axis=0), rel=1e-3, abs=1e-6)
    moving = numbers.std(axis=0) > 1e-3
    assert np.array(made.sds)[moving] == pytest.approx(numbers.std(axis=0)[moving], rel=1e-3)
    assert set(np.array(made.sds)[~moving]) <= {1.0}
    found = np.stack(
        [acoustics.statistics(frames, -48, 17.5, made.means, made.sds)[0] for frames in every]
    )
    assert found.mean(axis=0) == pytest.approx(np.zeros(len(made.means)), abs=5e-3)
    assert found.std(axis=0)[moving] == pytest.approx(np.ones(moving.sum()), abs=5e-3)


def test_without_a_recording_the_constants_hold() -> None:
    one = Input(name="recording", kind="audio", modality="audio", bands=8)
    assert scaled(one, [moments([], one)]) == one


@pytest.mark.parametrize(
    "given", [{"means": (0.0,) * 332}, {"means": (0.0,) * 3, "sds": (1.0,) * 3}]
)
def test_a_scale_is_of_all_numbers_or_of_none(given: dict[str, tuple[float, ...]]) -> None:
    with pytest.raises(ValueError, match="means and sds are of 332 numbers, or empty"):
        Input.model_validate({"name": "recording", "kind": "audio", "modality": "audio", **given})
