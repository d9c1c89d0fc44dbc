"""One byte form for a JSON value, so that two machines sign and hash the same thing."""

import hashlib
import json
from typing import Any

from pydantic import BaseModel


def canonical(value: BaseModel | dict[str, Any] | list[Any]) -> bytes:
    """UTF-8 JSON, keys sorted, no spaces. Raises ValueError for NaN and infinities."""
    plain = value.model_dump(mode="json") if isinstance(value, BaseModel) else value
    return json.dumps(
        plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def digest(content: bytes) -> str:
    """SHA-256, 64 lower-case hexadecimal characters."""
    return hashlib.sha256(content).hexdigest()


def digest_of(value: BaseModel | dict[str, Any] | list[Any]) -> str:
    """The digest of a value's canonical form."""
    return digest(canonical(value))
