"""What a recording is to a model: some hundred numbers that its log-mel frames add up to. NumPy only.

How long it is and how much of it is speech; pauses; the rises and falls of its loudness, which syllables make; how fast
loudness moves (its modulation spectrum); the shape of its spectrum (cepstra), how that spreads and how it changes.
Learnt from 2,500 short recordings, convolutions over the frames did worse (docs/benchmarks.md, lang).

Each number is centred and scaled by a constant, about its mean and spread over read English; then by the sheet's
`means` and `sds`, where it has them: of the training records of all sites, as the scale of a table's numbers is. No
site scales by moments of its own, and none are sent in a run.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from worker.learning.data.perceived import HOP_S, Floats
from worker.protocol.sound import CEPSTRA, HEARD_BANDS

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MEAN_DB, SD_DB = -48.0, 17.5
"""The levels the constants are for; a sheet's mean and sd say where those of its recordings lie."""
CUT, FAR = 5.0, 20.0
"""Where a number is cut as a model reads it, and before the sheet's scale is laid on it or it is summed up."""
VERSION = 1
"""Goes up with every change of what is computed here: what was kept of another version is not read."""
_TOP_HZ = np.array([0.3, 0.8, 1.5, 2.5, 3.5, 4.5, 6.0, 8.0, 10.0, 12.5])


def statistics(
    frames: Floats, mean: float, sd: float, means: Sequence[float] = (), sds: Sequence[float] = ()
) -> Floats:
    """(frames, bands) in dB to (1, `sound.heard`). Of the sheet's input: `mean` and `sd`, `means` and `sds`."""
    found = numbers(frames, mean, sd)
    if means:
        found = (found - np.asarray(means)) / np.asarray(sds)
    return np.clip(found, -CUT, CUT).astype(np.float32)[None]


def numbers(frames: Floats, mean: float, sd: float) -> Numbers:
    """(`sound.heard`,) as constants scale them: what `means` and `sds` of a sheet are of."""
    x = (frames.astype(np.float64) - mean) / sd * SD_DB + MEAN_DB
    loud = 10.0 * np.log10((10.0 ** (x / 10.0)).mean(axis=1) + 1e-9)
    speech = _speech(loud)
    first, after = int(np.argmax(speech)), len(speech) - int(np.argmax(speech[::-1]))
    found = np.concatenate(
        [
            _times(speech, first, after),
            _loudness(loud, speech, first, after),
            _shapes(x, speech),
            _bands(x, speech),
            _modulations(x[first:after]),
        ]
    )
    cut: Numbers = np.clip(np.nan_to_num(found), -FAR, FAR)
    return cut


def _speech(loud: Numbers) -> Flags:
    """Frames above a third of the way from the quiet to the loud ones, and 12 to 30 dB below these. Never none."""
    low, high = np.percentile(loud, [5, 95])
    found: Flags = loud >= np.clip(low + 0.35 * (high - low), high - 30.0, high - 12.0)
    return found


def _runs(flags: Flags) -> Numbers:
    """Seconds of each run of True."""
    edges = np.diff(np.concatenate([[0], flags.astype(np.int64), [0]]))
    return np.asarray(np.flatnonzero(edges == -1) - np.flatnonzero(edges == 1), np.float64) * HOP_S


def _times(speech: Flags, first: int, after: int) -> Numbers:
    spoken, voiced = (after - first) * HOP_S, float(speech.sum()) * HOP_S
    pauses, runs = _runs(~speech[first:after]), _runs(speech)
    longest, whole = pauses.max(initial=0.0), pauses.sum()
    found = [
        (np.log(len(speech) * HOP_S), 1.3, 0.4),
        (np.log(spoken + HOP_S), 1.0, 0.45),
        (np.log(voiced + HOP_S), 0.9, 0.4),
        (voiced / spoken, 0.85, 0.13),
        (np.log1p(first * HOP_S), 0.4, 0.14),
        (np.log1p((len(speech) - after) * HOP_S), 0.37, 0.12),
        (len(pauses) / spoken, 0.9, 0.7),
        ((pauses > 0.15).sum() / spoken, 0.27, 0.32),
        ((pauses > 0.3).sum() / spoken, 0.12, 0.2),
        (np.log1p((pauses > 0.2).sum()), 0.4, 0.54),
        (np.log1p(longest), 0.2, 0.22),
        (np.log1p(whole), 0.36, 0.39),
        (np.log(runs.mean() + HOP_S), -0.24, 0.6),
        (np.log(runs.max() + HOP_S), 0.26, 0.47),
        (runs.std(), 0.36, 0.32),
    ]
    return _scaled(found)


def _loudness(loud: Numbers, speech: Flags, first: int, after: int) -> Numbers:
    low, high = np.percentile(loud, [5, 95])
    spoken, voiced = (after - first) * HOP_S, float(speech.sum()) * HOP_S
    found = [
        (low, -57.0, 7.5),
        (high, -15.0, 5.0),
        (high - low, 42.5, 8.0),
        (loud.mean(), -34.0, 5.4),
        (loud.std(), 15.6, 2.9),
        (float(np.median(loud)), -32.0, 7.7),
    ]
    for least, usual in ((1.0, 3.0), (2.0, 2.6), (4.0, 2.3), (6.0, 2.0)):
        rises = _rises(loud[first:after], least)
        found += [
            (rises / spoken, usual, 0.6),
            (rises / voiced, usual * 1.2, 0.7),
            (np.log1p(rises), 2.0, 0.36),
        ]
    found += [
        (_alike(loud, lag), usual, spread)
        for lag, usual, spread in ((2, 0.76, 0.09), (4, 0.53, 0.16), (8, 0.24, 0.19))
    ]
    return _scaled(found)


def _rises(loud: Numbers, least: float) -> int:
    """How often loudness rises by `least` dB after it has fallen by as much, or from the start."""
    count, rising, low, high = 0, False, float("inf"), float("-inf")
    for level in loud.tolist():
        low, high = min(low, level), max(high, level)
        if not rising and level >= low + least:
            count, rising, high = count + 1, True, level
        elif rising and level <= high - least:
            rising, low = False, level
    return count


def _alike(loud: Numbers, lag: int) -> float:
    """Correlation of loudness with itself `lag` frames later; 0 where the recording is too short or even."""
    if len(loud) < lag + 3 or min(loud[lag:].std(), loud[:-lag].std()) < 1e-6:
        return 0.0
    return float(np.corrcoef(loud[lag:], loud[:-lag])[0, 1])


def _shapes(x: Numbers, speech: Flags) -> Numbers:
    """Cepstra of the frames with speech. Their spread falls with the order k about as (k + 1)^-.75."""
    cepstra = x @ _cosines(x.shape[1])
    order = np.arange(1, cepstra.shape[1] + 1)
    heard, both = cepstra[speech], speech[1:] & speech[:-1]
    usual = np.where(order == 1, -41.0, np.where(order == 2, 9.0, 0.0))
    steps = _some(np.diff(cepstra, axis=0)[both], heard)
    twice = _some(np.diff(cepstra, 2, axis=0), heard)
    found = [(heard.mean(axis=0) - usual) / (5.4 * order**-0.75)]
    for part, away in ((10, -1), (50, 0), (90, 1)):
        off = usual + away * 6.3 * order**-0.75
        found.append((np.percentile(heard, part, axis=0) - off) / (5.7 * order**-0.75))
    for spread, whole, falls in (
        (heard.std(axis=0), 6.3, 0.7),
        (steps.std(axis=0), 5.2, 0.7),
        (np.abs(steps).mean(axis=0), 3.8, 0.7),
        (twice.std(axis=0), 7.1, 0.65),
    ):
        found.append((spread / (whole * order**-falls) - 1.0) * 5.0)
    return np.concatenate(found)


def _some(rows: Numbers, like: Numbers) -> Numbers:
    return rows if len(rows) else np.zeros_like(like[:1])


def _cosines(bands: int) -> Numbers:
    """(bands, cepstra): the first cosines over the bands (DCT-II), the first their mean."""
    count = min(CEPSTRA, bands)
    at = (np.arange(bands)[:, None] + 0.5) * np.arange(count) * np.pi / bands
    found: Numbers = np.cos(at) * np.where(np.arange(count) == 0, 1.0, np.sqrt(2.0)) / bands
    return found


def _bands(x: Numbers, speech: Flags) -> Numbers:
    """Levels of twenty places of the spectrum, and how the spectrum as a whole moves."""
    places = np.linspace(0, x.shape[1] - 1, HEARD_BANDS).round().astype(np.int64)
    at, moves = x[:, places], np.abs(np.diff(x, axis=0)).mean(axis=1)
    moves = moves if len(moves) else np.zeros(1)
    power = 10.0 ** (x / 10.0)
    share = power / power.sum(axis=1, keepdims=True)
    centre = (share @ np.linspace(0.0, 40.0, x.shape[1]))[speech]
    mixed = -(share * np.log(share + 1e-12)).sum(axis=1)[speech]
    cut = [round(x.shape[1] * part) for part in (0.08, 0.35, 0.7)]
    sharp = (x[:, cut[2] :].mean(axis=1) - x[:, cut[0] : cut[1]].mean(axis=1))[speech]
    found = [
        (moves.mean(), 5.5, 0.9),
        (moves.std(), 3.9, 0.9),
        (float(np.percentile(moves, 90)), 10.4, 2.2),
        (centre.mean(), 7.6, 2.5),
        (centre.std(), 5.9, 2.7),
        (mixed.mean(), 1.8, 0.2),
        (mixed.std(), 0.5, 0.1),
        (sharp.mean(), -22.0, 7.5),
        (sharp.std(), 11.6, 2.9),
        ((sharp > 0).mean(), 0.1, 0.08),
        (float(np.percentile(sharp, 95)), 0.9, 11.4),
    ]
    levels = [
        (at.mean(axis=0) + 48.0) / 7.0,
        (at.std(axis=0) - 13.0) / 3.0,
        (at.max(axis=0) + 18.0) / 8.5,
        (at[speech].std(axis=0) - 10.0) / 2.0,
    ]
    return np.concatenate([_scaled(found), *levels])


def _modulations(x: Numbers) -> Numbers:
    """How strongly loudness moves at up to 12.5 times a second: as a whole, and in four parts of the spectrum."""
    rows = np.stack([x.mean(axis=1), *(p.mean(axis=1) for p in np.array_split(x, 4, axis=1))])
    rows = (rows - rows.mean(axis=1, keepdims=True)) * np.hanning(rows.shape[1] + 2)[1:-1]
    power = np.abs(np.fft.rfft(rows, max(1024, rows.shape[1]), axis=1)) ** 2 / rows.shape[1]
    at = np.fft.rfftfreq(max(1024, rows.shape[1]), HOP_S)
    places = np.digitize(at, _TOP_HZ) - 1
    parts = [power[:, places == k].mean(axis=1) for k in range(len(_TOP_HZ) - 1)]
    found = np.log(np.stack(parts, axis=1) + 1e-3)
    scaled: Numbers = (found - (4.3 - 0.42 * np.arange(found.shape[1]))).ravel()
    return scaled


def _scaled(found: list[tuple[float, float, float]]) -> Numbers:
    """(value, usual, spread) each."""
    value, usual, spread = np.array(found, np.float64).T
    scaled: Numbers = (value - usual) / spread
    return scaled
