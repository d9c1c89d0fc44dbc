"""The one rule for names people type: NFC, one line, at most 120 characters, nothing invisible that misleads."""

import unicodedata

from app.errors import Invalid
from app.text import _
from worker.protocol import limits

_OVERRIDES = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff\u2028\u2029"
)


def clean_name(text: str, *, field: str = "name") -> str:
    """The name in NFC, without space at its ends. Raises Invalid with a sentence under `field`."""
    name = unicodedata.normalize("NFC", text).strip()
    fault = _fault(name)
    if fault:
        raise Invalid(fault, {field: fault})
    return name


def _fault(name: str) -> str | None:
    if not name:
        return _("Write a name.")
    if len(name) > limits.NAME_LENGTH:
        return _("Write a name of at most {limit} characters.").format(limit=limits.NAME_LENGTH)
    if any(c in _OVERRIDES or unicodedata.category(c) in ("Cc", "Cs", "Cn") for c in name):
        return _("Write the name on one line, without control or direction characters.")
    return None
