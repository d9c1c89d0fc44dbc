"""Tensors to bytes and back. What comes from another institution is hostile: checked before it is read.

The form is safetensors: an 8-byte little-endian header length, a JSON header, then raw little-endian data.
"""

import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from io import FileIO
from math import prod
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load as _load
from safetensors.numpy import save as _save

from worker.protocol import limits
from worker.protocol.codes import UploadRefusal

Array = npt.NDArray[Any]
Tensors = dict[str, Array]
Named = TypeVar("Named")
SEPARATOR = "::"
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F16": np.dtype("<f2"),
    "I64": np.dtype("<i8"),
}


class Unacceptable(ValueError):
    """These bytes are refused. `code` is the name shown to people."""

    def __init__(self, code: UploadRefusal, detail: str = "") -> None:
        super().__init__(f"{code.value}: {detail}" if detail else code.value)
        self.code = code
        self.detail = detail


@dataclass(frozen=True)
class Place:
    """Where one array lies in a file: its first byte, shape and dtype."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int


def encode(tensors: Mapping[str, Array]) -> bytes:
    """Deterministic: the same arrays give the same bytes, so digests can be compared."""
    return bytes(_save({name: np.ascontiguousarray(tensors[name]) for name in sorted(tensors)}))


def decode(content: bytes, *, allowed: frozenset[str] = frozenset({"F32"})) -> Tensors:
    """Named arrays. Raises `Unacceptable` for anything that is not exactly a small safetensors file."""
    check_layout(content, allowed=allowed)
    try:
        return dict(_load(content))
    except Exception as error:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS) from error


def flat(modules: Mapping[str, Mapping[str, Array]]) -> Tensors:
    """Several modules as one file has them: tensors named `<module>::<tensor>`."""
    return {f"{m}{SEPARATOR}{name}": a for m, own in modules.items() for name, a in own.items()}


def by_module(tensors: Mapping[str, Named]) -> dict[str, dict[str, Named]]:
    """The way back from `flat`. Raises `Unacceptable` for a name without a module."""
    modules: dict[str, dict[str, Named]] = {}
    for key, array in tensors.items():
        module, found, name = key.partition(SEPARATOR)
        if not found or not name:
            raise Unacceptable(UploadRefusal.WRONG_NAMES)
        modules.setdefault(module, {})[name] = array
    return modules


def check_layout(content: bytes, *, allowed: frozenset[str]) -> None:
    """Header, names, dtypes, sizes: offsets are contiguous from 0 and end with the file."""
    _places(content, len(content), allowed)


def places(path: Path, *, allowed: frozenset[str] = frozenset({"F32"})) -> Mapping[str, Place]:
    """Where each array of a file lies, for reading one at a time. Checked as `decode` checks; the data is not read."""
    with path.open("rb") as file:
        head = file.read(8)
        if len(head) == 8:
            head += file.read(min(struct.unpack("<Q", head)[0], limits.HEADER_BYTES))
        return _places(head, os.fstat(file.fileno()).st_size, allowed)


def read(file: FileIO, place: Place) -> Array:
    """One array of a file whose `places` were checked. Raises Unacceptable if it was cut meanwhile."""
    found = np.empty(place.shape, place.dtype)
    file.seek(place.start)
    if found.size and file.readinto(found.reshape(-1).data.cast("B")) != found.nbytes:
        raise Unacceptable(UploadRefusal.TRUNCATED)
    return found


@lru_cache(maxsize=8)  # the updates of a round have one header
def _places(head: bytes, size: int, allowed: frozenset[str]) -> Mapping[str, Place]:
    """`head`: at least the length and the header of a file of `size` bytes."""
    header, first = _header(head, size)
    end, found = 0, {}
    for name, entry in sorted(header.items(), key=_start):
        _check_entry(name, entry, allowed)
        start, stop = entry["data_offsets"]
        place = Place(DTYPES[entry["dtype"]], tuple(entry["shape"]), first + start)
        if start != end or stop - start != prod(place.shape) * place.dtype.itemsize:
            raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "offsets")
        end, found[name] = stop, place
    if first + end > size:
        raise Unacceptable(UploadRefusal.TRUNCATED)
    if first + end != size:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "trailing bytes")
    return found


def _header(head: bytes, size: int) -> tuple[dict[str, Any], int]:
    """The header and where the data begins."""
    if size < 8:
        raise Unacceptable(UploadRefusal.TRUNCATED)
    (length,) = struct.unpack("<Q", head[:8])
    if length > limits.HEADER_BYTES:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "header too long")
    if size < 8 + length:
        raise Unacceptable(UploadRefusal.TRUNCATED)
    try:
        header = json.loads(head[8 : 8 + length], object_pairs_hook=_no_twins)
    except (ValueError, RecursionError) as error:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "header") from error
    if not isinstance(header, dict) or not header or len(header) > limits.TENSORS:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "header")
    header.pop("__metadata__", None)
    return header, 8 + length


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name stands twice")
    return dict(pairs)


def _start(item: tuple[str, Any]) -> int:
    try:
        return int(item[1]["data_offsets"][0])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, "offsets") from error


def _check_entry(name: str, entry: dict[str, Any], allowed: frozenset[str]) -> None:
    if len(name) > limits.TENSOR_NAME or not name.isprintable():
        raise Unacceptable(UploadRefusal.WRONG_NAMES)
    if entry.get("dtype") not in allowed:
        raise Unacceptable(UploadRefusal.WRONG_DTYPE, name)
    shape, offsets = entry.get("shape"), entry.get("data_offsets")
    whole = isinstance(shape, list) and isinstance(offsets, list) and len(offsets) == 2
    if not whole or not all(type(n) is int and 0 <= n < 2**40 for n in [*shape, *offsets]):  # type: ignore[misc]
        raise Unacceptable(UploadRefusal.NOT_SAFETENSORS, name)
