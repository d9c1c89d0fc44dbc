"""Ed25519 keys, signed envelopes, signed requests, and the six words people compare."""

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from mnemonic import Mnemonic
from pydantic import BaseModel

from worker.protocol.canonical import canonical
from worker.protocol.manifest import Signed


class BadSignature(ValueError):
    """The signature does not fit the bytes and the key."""


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(frozen=True)
class PublicKey:
    """32 bytes, written as unpadded URL-safe base64."""

    text: str

    def __post_init__(self) -> None:
        try:
            raw = _raw(self.text)
        except ValueError as error:
            raise BadSignature("not a public key") from error
        if len(raw) != 32 or _b64(raw) != self.text:
            raise BadSignature("a public key is 32 bytes, written in one way only")

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(_raw(self.text)).hexdigest()[:32]

    def verify(self, message: bytes, signature: str) -> None:
        try:
            Ed25519PublicKey.from_public_bytes(_raw(self.text)).verify(_raw(signature), message)
        except (InvalidSignature, ValueError) as error:
            raise BadSignature("the signature does not fit") from error

    def open(self, envelope: Signed) -> bytes:
        """The payload's bytes, if this key signed exactly them."""
        content = envelope.payload.encode()
        self.verify(content, envelope.signature)
        return content


class PrivateKey:
    """Signs. `seed` is the 32 secret bytes; it never leaves the machine that made it."""

    def __init__(self, seed: bytes | None = None) -> None:
        self._key = (
            Ed25519PrivateKey.generate()
            if seed is None
            else Ed25519PrivateKey.from_private_bytes(seed)
        )

    @property
    def seed(self) -> bytes:
        return self._key.private_bytes_raw()

    @property
    def public(self) -> PublicKey:
        return PublicKey(_b64(self._key.public_key().public_bytes_raw()))

    def sign(self, message: bytes) -> str:
        return _b64(self._key.sign(message))

    def seal(self, value: BaseModel) -> Signed:
        payload = canonical(value)
        return Signed(
            payload=payload.decode(), signature=self.sign(payload), key=self.public.fingerprint
        )


def six_words(hub: PublicKey, site: PublicKey, site_id: str) -> tuple[str, ...]:
    """Six of 2,048 English words (66 bits) that only these two keys and this site give."""
    seed = hashlib.sha256(f"collegium-words|{hub.text}|{site.text}|{site_id}".encode()).digest()
    words = Mnemonic("english").wordlist
    number = int.from_bytes(seed, "big")
    return tuple(words[(number >> (11 * i)) & 2047] for i in range(6))


def request_bytes(
    site: str, method: str, path: str, time: str, nonce: str, body_digest: str
) -> bytes:
    """What a site signs for one request. `path` carries the query string; `time` is whole seconds."""
    return "\n".join(("collegium-request-1", site, method, path, time, nonce, body_digest)).encode()
