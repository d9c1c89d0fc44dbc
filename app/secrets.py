"""Secrets at rest: sealed with a key outside the database. And tokens: given once, kept as a hash."""

import base64
import hashlib
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.settings import Settings

_VERSION = b"\x01"
_NONCE = 12


class CannotOpen(ValueError):
    """Sealed with another SECRET_KEY, or changed since."""


@lru_cache(maxsize=8)
def _key(secret: str) -> bytes:
    derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"collegium-at-rest-1")
    return derive.derive(secret.encode())


def seal(settings: Settings, content: bytes) -> str:
    """AES-256-GCM, text that fits a database column or a file."""
    nonce = secrets.token_bytes(_NONCE)
    closed = AESGCM(_key(settings.secret_key)).encrypt(nonce, content, _VERSION)
    return base64.urlsafe_b64encode(_VERSION + nonce + closed).decode("ascii")


def open_(settings: Settings, sealed: str) -> bytes:
    """What `seal` closed. Raises CannotOpen."""
    try:
        raw = base64.urlsafe_b64decode(sealed.encode("ascii"))
        if raw[:1] != _VERSION:
            raise CannotOpen("This secret has an unknown form.")
        nonce, closed = raw[1 : 1 + _NONCE], raw[1 + _NONCE :]
        return AESGCM(_key(settings.secret_key)).decrypt(nonce, closed, _VERSION)
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("This secret was sealed with another SECRET_KEY.") from error


def new_token(prefix: str = "") -> str:
    """256 random bits as URL-safe text behind `prefix`."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """SHA-256: enough for 256 random bits, never for a password."""
    return hashlib.sha256(token.encode()).hexdigest()
