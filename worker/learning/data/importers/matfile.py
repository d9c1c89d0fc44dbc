"""Reads cell arrays of number matrices from a MATLAB 5 file: as much of the format as the School set needs.

The format: "MAT-File Format", The MathWorks, version 5. A file is a header of 128 bytes and elements; an element is
type, byte count, content, padded to 8 bytes; small ones keep their content in the tag. SciPy reads far more; a site
does without it.
"""

import struct
import zlib
from collections.abc import Iterator
from math import prod

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float64]

_NUMBERS = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_MATRIX, _COMPRESSED = 14, 15
_CELL, _FIRST_NUMERIC, _LAST_NUMERIC = 1, 6, 15
_COMPLEX = 0x08
_MOST_BYTES = 256 << 20


class NotReadable(ValueError):
    """Not a MATLAB 5 file, cut off, or with something else inside than cells of numbers."""


def cells(content: bytes) -> dict[str, list[Matrix]]:
    """Name of each cell array -> its matrices, in column order. Raises `NotReadable`."""
    if len(content) < 128 or content[124:128] not in (b"\x00\x01IM", b"\x01\x00MI"):
        raise NotReadable
    order = "<" if content[126:128] == b"IM" else ">"
    found: dict[str, list[Matrix]] = {}
    try:
        for kind, body in _elements(content[128:], order):
            if kind == _COMPRESSED:
                kind, body = next(_elements(_inflated(body), order))
            if kind != _MATRIX:
                raise NotReadable
            name, matrices = _matrix(body, order)
            found[name] = matrices
    except (struct.error, zlib.error, StopIteration, UnicodeDecodeError, KeyError) as error:
        raise NotReadable from error
    return found


def _inflated(body: bytes) -> bytes:
    machine = zlib.decompressobj()
    made = machine.decompress(body, _MOST_BYTES)
    if not machine.eof:
        raise NotReadable
    return made


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """(type, content). A small element has its byte count in the upper half of the type."""
    place = 0
    while place < len(content):
        kind, size = struct.unpack_from(order + "II", content, place)
        start, padded = place + 8, (size + 7) // 8 * 8
        if kind >> 16:
            kind, size = kind & 0xFFFF, kind >> 16
            start, padded = place + 4, 4
        elif kind == _COMPRESSED:
            padded = size
        if start + size > len(content):
            raise NotReadable
        yield kind, content[start : start + size]
        place = start + padded


def _matrix(body: bytes, order: str) -> tuple[str, list[Matrix]]:
    """A cell array as its matrices, a numeric array as a list of one."""
    parts = _elements(body, order)
    _, flags = next(parts)
    (first,) = struct.unpack_from(order + "I", flags)
    _, sizes = next(parts)
    shape = struct.unpack(f"{order}{len(sizes) // 4}i", sizes)
    _, name = next(parts)
    kind = first & 0xFF
    if kind == _CELL:
        inner = [_matrix(content, order)[1] for number, content in parts if number == _MATRIX]
        if len(inner) != prod(shape) or any(len(one) != 1 for one in inner):
            raise NotReadable
        return name.decode("ascii"), [one[0] for one in inner]
    if not _FIRST_NUMERIC <= kind <= _LAST_NUMERIC or first >> 8 & _COMPLEX or len(shape) != 2:
        raise NotReadable
    stored, numbers = next(parts)
    values = np.frombuffer(numbers, np.dtype(order + _NUMBERS[stored]))
    if len(values) != prod(shape):
        raise NotReadable
    return name.decode("ascii"), [values.astype(np.float64).reshape(shape, order="F")]
