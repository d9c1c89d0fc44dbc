"""Seeds from names and numbers. Pure: no randomness is made here, and noise and keys never come from here."""

import hashlib

LIMIT = 2**31
"""Seeds are below this, the limit of the manifest's fields."""


def derive(*parts: str | int) -> int:
    """A seed in [0, 2^31) that differs, in all likelihood, for different parts."""
    text = "collegium-seed-1|" + "|".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % LIMIT
