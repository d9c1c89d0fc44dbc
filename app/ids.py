"""Opaque identifiers: a short prefix that says the noun, then time-ordered random text."""

import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def _base32(number: int, length: int) -> str:
    return "".join(_ALPHABET[(number >> (5 * i)) & 31] for i in reversed(range(length)))


def new_id(prefix: str) -> str:
    """`prefix_` + 9 characters of milliseconds + 13 of chance (65 bits): sorts by time of making."""
    return f"{prefix}_{_base32(time.time_ns() // 1_000_000, 9)}{_base32(secrets.randbits(65), 13)}"
