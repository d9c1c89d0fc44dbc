"""Recordings and images named by a table: is each there, and is it what it says? Headers are read, content is not.

A recording is a WAV file (16-bit PCM, one channel, 8 to 48 kHz) or a ready log-mel array: `.npy`, two axes (frames,
bands), float16 or float32, in dB. An image is PNG or JPEG.
"""

import wave
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from worker.learning.data.findings import Fault, told
from worker.learning.data.rows import Tables
from worker.learning.data.schema import Dataset, inside
from worker.learning.data.tables import Table
from worker.protocol.text import _

LOWEST_HZ, HIGHEST_HZ = 8_000, 48_000
MOST_BANDS = 512
MOST_PIXELS = 100_000_000
_SOUND, _IMAGE = (".wav", ".npy"), (".png", ".jpg", ".jpeg")
Look = Callable[[Path, str], str | None]


def media_faults(folder: Path, dataset: Dataset, tables: Tables) -> list[Fault]:
    """Every recording and image that cannot be read."""
    faults: list[Fault] = []
    for modality in dataset.modalities:
        table = tables.get(modality.file)
        if modality.kind in ("audio", "image") and table is not None:
            for column in modality.columns:
                faults += column_faults(folder, table, column, modality.kind)
    return faults


def column_faults(folder: Path, table: Table, column: str, kind: str) -> list[Fault]:
    """Of the recordings ("audio") or images one column names. Faults by what is wrong, so that a folder copied without
    its recordings is told once, not 5,000 times."""
    look: Look = _recording if kind == "audio" else _image
    wrong: dict[str, list[int]] = {}
    cells = table.columns.get(column, [])
    for place, name in enumerate(cells):
        said = look(folder, name) if name else None
        if said:
            wrong.setdefault(said, []).append(place + table.first)
    fix = _("Put the file into the folder, correct its name, or leave the cell empty.")
    return [
        fault for said, rows in wrong.items() for fault in _told(table, column, rows, said, fix)
    ]


def _told(table: Table, column: str, rows: Sequence[int], said: str, fix: str) -> list[Fault]:
    return told(rows, lambda row: Fault(table.file, row, column, said, fix))


def _recording(folder: Path, name: str) -> str | None:
    """What is wrong with one recording, as a sentence; None if nothing is."""
    if not inside(name):
        return _("The recording lies outside the data folder.")
    if not name.lower().endswith(_SOUND):
        return _("A recording ends in .wav or .npy.")
    path = folder / name
    if not path.is_file():
        return _("The recording is missing.")
    return _wav(path) if name.lower().endswith(".wav") else _array(path)


def _wav(path: Path) -> str | None:
    try:
        with wave.open(str(path), "rb") as sound:
            there = (path.stat().st_size - 44) // max(sound.getsampwidth(), 1)
            if sound.getsampwidth() != 2 or sound.getnchannels() != 1:
                return _("The recording is not 16-bit with one channel.")
            if not LOWEST_HZ <= sound.getframerate() <= HIGHEST_HZ:
                return _("The recording is not sampled at 8 to 48 kHz.")
            if not 0 < sound.getnframes() <= there:
                return _("The recording is empty or cut off.")
    except (wave.Error, EOFError, OSError):
        return _("The recording is no WAV file of plain samples (PCM).")
    return None


def _array(path: Path) -> str | None:
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError, OSError):
        return _("The recording is no array, or is cut off.")
    if array.dtype not in (np.float16, np.float32) or array.ndim != 2:
        return _("The array is not of the form (frames, bands) with float16 or float32 numbers.")
    if array.shape[0] < 1 or not 1 <= array.shape[1] <= MOST_BANDS:
        return _("The array has no frame, or not 1 to 512 bands.")
    return None


def _image(folder: Path, name: str) -> str | None:
    from PIL import Image

    if not inside(name):
        return _("The image lies outside the data folder.")
    if not name.lower().endswith(_IMAGE):
        return _("An image ends in .png, .jpg or .jpeg.")
    path = folder / name
    if not path.is_file():
        return _("The image is missing.")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as found:
            if found.width * found.height > MOST_PIXELS:
                return _("The image has more than 100 million pixels.")
            found.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return _("The image is no PNG or JPEG file, or is cut off.")
    return None
