"""What a recording or an image is to a model: log-mel frames, pixels. NumPy and Pillow, read when asked.

Log-mel: a 50 ms Hann window every 40 ms, power spectrum, triangular filters on the HTK mel scale from 60 to 7,600 Hz
(or half the sampling rate), in dB, never below -90. At 16 kHz that is a 1,024-point transform.
"""

import wave
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
HOP_S, WINDOW_S = 0.04, 0.05
LOWEST_HZ, HIGHEST_HZ = 60.0, 7_600.0
FLOOR_DB = -90.0
MOST_FRAMES = 1_500
"""A minute. The rest of a longer recording is not read."""


def log_mel(path: Path, bands: int) -> Floats:
    """(frames, bands) in dB; of a ready array the array itself. Raises ValueError for other bands, OSError."""
    if path.suffix.lower() == ".npy":
        ready = np.load(path, allow_pickle=False)[:MOST_FRAMES].astype(np.float32)
        if ready.ndim != 2 or ready.shape[1] != bands:
            raise ValueError(f"{ready.shape[-1]} bands where {bands} are wanted")
        return np.asarray(ready)
    samples, rate = waveform(path)
    return of_samples(samples, rate, bands)


def waveform(path: Path) -> tuple[Floats, int]:
    """(samples,) between -1 and 1, and how many a second."""
    with wave.open(str(path), "rb") as sound:
        rate = sound.getframerate()
        most = int(MOST_FRAMES * HOP_S * rate)
        raw = sound.readframes(min(sound.getnframes(), most))
    return (np.frombuffer(raw, "<i2") / 32768.0).astype(np.float32), rate


def resampled(samples: Floats, rate: int, wanted: int) -> Floats:
    """At `wanted` samples a second: the spectrum cut, or filled with zeros, at the lower of the two bandwidths."""
    if rate == wanted or not len(samples):
        return samples
    count = max(1, round(len(samples) * wanted / rate))
    spectrum = np.fft.rfft(samples)
    kept = np.zeros(count // 2 + 1, np.complex128)
    both = min(len(spectrum), len(kept))
    kept[:both] = spectrum[:both]
    return (np.fft.irfft(kept, count) * (count / len(samples))).astype(np.float32)


def of_samples(samples: Floats, rate: int, bands: int) -> Floats:
    """(frames, bands) in dB; one frame at least."""
    size, hop = round(WINDOW_S * rate), round(HOP_S * rate)
    if len(samples) < size:
        samples = np.pad(samples, (0, size - len(samples)))
    points = 1 << (size - 1).bit_length()
    frames = np.lib.stride_tricks.sliding_window_view(samples, size)[::hop] * np.hanning(size)
    power = np.abs(np.fft.rfft(frames, points)) ** 2 / size
    mel = power @ _filters(rate, points, bands).T
    found: Floats = np.maximum(10.0 * np.log10(mel + 1e-12), FLOOR_DB).astype(np.float32)
    return found


@lru_cache(maxsize=8)
def _filters(rate: int, points: int, bands: int) -> npt.NDArray[np.float64]:
    """(bands, points / 2 + 1)"""
    top = min(HIGHEST_HZ, rate / 2)
    edges = _hertz(np.linspace(_mel(LOWEST_HZ), _mel(top), bands + 2))
    at = np.fft.rfftfreq(points, 1 / rate)
    rise = (at - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - at) / (edges[2:] - edges[1:-1])[:, None]
    found: npt.NDArray[np.float64] = np.clip(np.minimum(rise, fall), 0.0, None)
    return found


def _mel(hertz: float) -> float:
    return float(2595.0 * np.log10(1.0 + hertz / 700.0))


def _hertz(mel: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    found: npt.NDArray[np.float64] = 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return found


def pixels(path: Path, size: int) -> Floats:
    """(3 · size, size) between -1 and 1: red, green, blue, one under the other. Raises OSError."""
    from PIL import Image

    with Image.open(path, formats=("PNG", "JPEG")) as image:
        image.draft("RGB", (2 * size, 2 * size))
        small = image.convert("RGB").resize((size, size), Image.Resampling.BILINEAR)
        found = np.asarray(small, np.float32) / 127.5 - 1.0
    return np.ascontiguousarray(found.transpose(2, 0, 1).reshape(3 * size, size))
