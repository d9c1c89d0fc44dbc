"""The audit script's own check of a signature, against RFC 8032 and against `cryptography`."""

import random

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from app.audit.ed25519 import _L, verify

VECTORS = {
    "empty": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "one byte": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "two bytes": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
}
"""RFC 8032, section 7.1."""


@pytest.mark.parametrize("name", VECTORS)
def test_the_vectors_of_the_rfc(name: str) -> None:
    key, message, signature = (bytes.fromhex(part) for part in VECTORS[name])
    assert verify(key, message, signature)
    assert not verify(key, message + b"x", signature)


def theirs(key: bytes, message: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def test_it_says_what_cryptography_says() -> None:
    draw = random.Random(3)
    for _ in range(25):
        private = Ed25519PrivateKey.from_private_bytes(draw.randbytes(32))
        key, message = private.public_key().public_bytes_raw(), draw.randbytes(draw.randint(0, 99))
        right = private.sign(message)
        at, bit = draw.randrange(64), 1 << draw.randrange(8)
        flipped = right[:at] + bytes([right[at] ^ bit]) + right[at + 1 :]
        high = int.from_bytes(right[32:], "little") + _L
        malleable = right[:32] + high.to_bytes(32, "little")
        other = draw.randbytes(32)
        tries = [(key, right), (key, flipped), (key, malleable), (other, right), (key, b"")]
        found = [verify(one, message, signature) for one, signature in tries]
        assert found == [theirs(one, message, signature) for one, signature in tries]
        assert found[:3] == [True, False, False]
