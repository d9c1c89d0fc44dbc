"""Hostile bytes are refused by name, honest ones come back as they went."""

import json
import pickle
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from worker.protocol.codec import Unacceptable, decode, encode, places, read
from worker.protocol.codes import UploadRefusal


def raw(header: object, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HONEST = encode({"fusion::w": np.arange(6, dtype=np.float32).reshape(2, 3)})

HOSTILE = {
    "empty": (b"", UploadRefusal.TRUNCATED),
    "header cut": (HONEST[:12], UploadRefusal.TRUNCATED),
    "data cut": (HONEST[:-4], UploadRefusal.TRUNCATED),
    "data added": (HONEST + b"x", UploadRefusal.NOT_SAFETENSORS),
    "pickled": (pickle.dumps({"a": 1}) + b"\0" * 32, UploadRefusal.NOT_SAFETENSORS),
    "giant header": (struct.pack("<Q", 2**60) + b"{}", UploadRefusal.NOT_SAFETENSORS),
    "not json": (raw(b"\xff\xfe{"), UploadRefusal.NOT_SAFETENSORS),
    "deep json": (raw(b"[" * 100_000), UploadRefusal.NOT_SAFETENSORS),
    "a list": (raw([1]), UploadRefusal.NOT_SAFETENSORS),
    "no tensor": (raw({}), UploadRefusal.NOT_SAFETENSORS),
    "wrong dtype": (raw({"a": entry("F64", (1,))}, b"\0" * 8), UploadRefusal.WRONG_DTYPE),
    "unknown dtype": (raw({"a": entry("OBJ")}, b"\0" * 8), UploadRefusal.WRONG_DTYPE),
    "shape lies": (raw({"a": entry(shape=(3,))}, b"\0" * 8), UploadRefusal.NOT_SAFETENSORS),
    "shape is huge": (
        raw({"a": entry(shape=(2**39, 2**39))}, b"\0" * 8),
        UploadRefusal.NOT_SAFETENSORS,
    ),
    "negative": (raw({"a": entry(shape=(-2,))}, b"\0" * 8), UploadRefusal.NOT_SAFETENSORS),
    "boolean": (raw({"a": entry(shape=(True, 2))}, b"\0" * 8), UploadRefusal.NOT_SAFETENSORS),
    "overlap": (raw({"a": entry(), "b": entry()}, b"\0" * 8), UploadRefusal.NOT_SAFETENSORS),
    "hole": (raw({"a": entry(offsets=(8, 16))}, b"\0" * 16), UploadRefusal.NOT_SAFETENSORS),
    "twins": (raw(b'{"a":1,"a":2}'), UploadRefusal.NOT_SAFETENSORS),
    "no offsets": (raw({"a": {"dtype": "F32", "shape": [2]}}), UploadRefusal.NOT_SAFETENSORS),
    "entry is text": (raw({"a": "x"}), UploadRefusal.NOT_SAFETENSORS),
    "name too long": (raw({"a" * 300: entry()}, b"\0" * 8), UploadRefusal.WRONG_NAMES),
    "name with control": (raw({"a\n": entry()}, b"\0" * 8), UploadRefusal.WRONG_NAMES),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_bytes_are_refused_by_name(case, tmp_path):
    content, code = HOSTILE[case]
    with pytest.raises(Unacceptable) as refusal:
        decode(content)
    assert refusal.value.code is code
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(Unacceptable) as refusal:
        places(tmp_path / "file")
    assert refusal.value.code is code


def test_a_file_read_an_array_at_a_time_is_what_was_encoded(tmp_path):
    whole = {"b": np.arange(6, dtype=np.float32).reshape(2, 3), "a": np.float32([7.0])}
    path = tmp_path / "file"
    path.write_bytes(encode(whole | {"none": np.zeros((0, 3), np.float32)}))
    found = places(path)
    with path.open("rb", buffering=0) as file:
        for name, array in whole.items():
            again = read(file, found[name])
            assert again.tolist() == array.tolist() and again.dtype == array.dtype
        assert read(file, found["none"]).shape == (0, 3)
    path.write_bytes(path.read_bytes()[:-4])
    with path.open("rb", buffering=0) as file, pytest.raises(Unacceptable) as refusal:
        read(file, found["b"])
    assert refusal.value.code is UploadRefusal.TRUNCATED


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}/[a-z]{1,8}::[a-z.]{1,12}", fullmatch=True),
        arrays.arrays(np.float32, arrays.array_shapes(max_dims=3, max_side=4)),
        min_size=1,
        max_size=4,
    )
)
def test_what_goes_in_comes_out_and_bytes_are_stable(tensors):
    content = encode(tensors)
    again = decode(content)
    assert again.keys() == tensors.keys()
    for name, value in tensors.items():
        assert again[name].tobytes() == value.tobytes() and again[name].shape == value.shape
    assert encode(dict(reversed(list(tensors.items())))) == content


@given(st.binary(max_size=200))
def test_random_bytes_never_crash(content):
    try:
        decode(content)
    except Unacceptable as refusal:
        assert refusal.code in UploadRefusal


@given(st.integers(0, len(HONEST) - 1), st.integers(1, 255))
def test_one_flipped_byte_is_refused_or_decoded_never_a_crash(position, change):
    content = bytearray(HONEST)
    content[position] ^= change
    try:
        assert decode(bytes(content)).keys()
    except Unacceptable as refusal:
        assert refusal.code in UploadRefusal
